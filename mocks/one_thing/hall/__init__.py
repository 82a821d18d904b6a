"""The centre's online hall (网厅): lets people in by the hub's one-time key, files applications."""
