"""The mock of 贵州银行."""
