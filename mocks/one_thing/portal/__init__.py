"""贵州政务服务网: files retirement cases, takes feedback, keeps documents."""
