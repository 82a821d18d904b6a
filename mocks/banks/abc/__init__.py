"""The mock of 农业银行."""
