"""The audit: how fast a chain is verified."""
