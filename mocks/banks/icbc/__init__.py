"""The mock of 工商银行: an NC with a sign port and an API port, a loan book, a ledger."""
