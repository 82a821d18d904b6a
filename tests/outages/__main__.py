"""``python -m tests.outages --count 100``: scripted outages with kills, and what was told of them.

With ``--whole`` a whole ``hub serve`` over nine mock banks is killed; without, the watch alone.
Exit status 1 when an outage did not have exactly one alert begun and one ended, or was not an
incident within two probe intervals.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.outages.script import play
from tests.outages.whole import play_whole


def main() -> int:
    """Play them; 0 when all was as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.outages")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="an empty database; a SQLite file without")
    parser.add_argument("--whole", action="store_true", help="the whole hub, nine mock banks")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outages-") as home:
        if asked.whole:
            told = play_whole(Path(home), asked.database, asked.count, asked.seed)
        else:
            url = asked.database or f"sqlite:///{home}/hub.sqlite"
            told = play(Path(home), url, asked.count, asked.seed)
    sys.stdout.write(json.dumps(asdict(told), ensure_ascii=False) + "\n")
    return 1 if told.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
