"""Mock banks: one folder each."""
