"""How long the pages take in the server over many messages: ``python -m benchmarks.pages``."""
