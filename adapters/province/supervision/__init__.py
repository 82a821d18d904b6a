"""省监管平台数据共享对接·查询目录 (contracts_spec/province/supervision)."""
