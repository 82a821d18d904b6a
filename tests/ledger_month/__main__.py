"""``python -m tests.ledger_month``: a month of scripted faults with ten restarts of the watch.

Exit status 1 when a minute of the ledger is of another class than the script has it.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from hub.app.discover import discover
from hub.kernel.settings import Settings
from tests.ledger_month.play import Found, play
from tests.ledger_month.script import REAL, write_script


def main() -> int:
    """Play it; 0 when the ledger is the script."""
    parser = argparse.ArgumentParser(prog="python -m tests.ledger_month")
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--interfaces", type=int, default=0, help="the first so many; 0: all")
    parser.add_argument("--restarts", type=int, default=10)
    parser.add_argument("--every", type=int, default=0, help="minutes between probes, of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="an empty database; a SQLite file without")
    parser.add_argument("--json", action="store_true", help="JSON in place of Markdown")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ledger-") as home:
        url = asked.database or f"sqlite:///{home}/hub.sqlite"
        names = sorted(discover(Settings(home=Path(home))))[: asked.interfaces or None]
        script = write_script(
            sorted({*names, REAL}), asked.days, asked.restarts, asked.seed, asked.every
        )
        found = play(Path(home) / "month", url, script, asked.seed)
    said = json.dumps(asdict(found), ensure_ascii=False) if asked.json else report(found)
    sys.stdout.write(said + "\n")
    return 1 if found.differ else 0


def report(found: Found) -> str:
    """A table: minutes by class, and those that differ."""
    classes = sorted(found.total)
    rows = [
        ["interface", *classes, "undecided", "differ"],
        ["---"] * (len(classes) + 3),
        *(
            [name, *(str(one.get(klass, 0)) for klass in classes), str(found.undecided[name]),
             str(sum(found.differ.get(name, {}).values()))]
            for name, one in found.minutes.items()
        ),
    ]  # fmt: skip
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{found.restarts} restarts, {found.probed} probes, {found.seconds} s"


if __name__ == "__main__":
    sys.exit(main())
