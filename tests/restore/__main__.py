"""All moments: ``python -m tests.restore [--database URL] [--only MOMENT,…] [--place DIR]``."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from hub.sample import FOLDER
from tests.chaos.__main__ import undisturbed
from tests.chaos.harness import Plan, Served
from tests.chaos.places import quick_contracts
from tests.restore.moments import MOMENTS, go_through


def main() -> int:
    """Exit 1 when a month did not come out right."""
    asked = argparse.ArgumentParser(prog="python -m tests.restore", description=__doc__)
    asked.add_argument("--database", default="", help="an empty PostgreSQL schema's URL")
    asked.add_argument("--only", default="", help="moments, with commas")
    asked.add_argument("--place", type=Path, default=None)
    words = asked.parse_args()
    place = words.place or Path(tempfile.mkdtemp(prefix="hub-restore-"))
    only = set(filter(None, words.only.split(",")))
    expected = undisturbed(place / "undisturbed", FOLDER)
    bad = 0
    for number, moment in enumerate(MOMENTS, 1):
        if only and moment.copied not in only:
            continue
        plan = Plan(place, FOLDER, expected, seed=number, contracts=quick_contracts(place / "c"))
        served, began = Served(plan, number, words.database), time.monotonic()
        try:
            came = go_through(served, moment.copied)
        finally:
            served.close()
        bad += not came.good
        print(
            f"{moment.copied:12} {moment.said}; copied at {came.stage}: adopted "
            f"{came.way.adopted}, {came.verdict.credits} credits, "
            f"{came.verdict.problems or came.audit or 'good'} ({time.monotonic() - began:.0f} s)",
            flush=True,
        )  # fmt: skip
        if words.database:
            break  # one month for each empty schema
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
