"""贵州农信商贷月对冲: the adapter (contract in contracts_spec/banks/gznx)."""
