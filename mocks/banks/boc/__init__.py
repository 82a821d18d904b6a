"""The mock of 中国银行."""
