"""市场监管部门 again, for 企业信息变更: its other service behind the same gateway."""
