"""企业信息变更“一件事”: cases in, feedback out."""
