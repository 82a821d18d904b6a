"""The mock of 建设银行."""
