"""交通银行商贷月对冲: the adapter (contract in contracts_spec/banks/bcm)."""
