"""The mock of 贵州农信."""
