"""The mock of 交通银行."""
