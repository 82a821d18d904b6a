"""省数据共享平台·资源目录 (contracts_spec/province/sharing)."""
