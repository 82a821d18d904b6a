"""省数据共享平台's callers: they ask the published queries, and what was answered is kept."""
