"""企业迁移登记“一件事”: cases in, feedback out."""
