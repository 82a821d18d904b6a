"""The command line; every command tells people in Chinese and English, scripts by ``--json``."""
