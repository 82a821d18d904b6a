"""Published queries against a bare route that reads the same row."""
