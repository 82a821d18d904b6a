"""``python -m hub.cli``: the same as the console script ``hub``."""

from hub.cli.main import run

run()
