"""省监管平台·接口标准化目录上报 (contracts_spec/province/upload)."""
