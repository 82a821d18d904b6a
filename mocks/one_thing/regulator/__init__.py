"""市场监管部门 behind the province's sharing platform: files cases, takes feedback."""
