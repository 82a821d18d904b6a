"""One month's offset against its yardstick: the same legs in one process, one SQLite file."""
