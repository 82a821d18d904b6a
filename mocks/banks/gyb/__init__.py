"""The mock of 贵阳银行."""
