"""Three of nine banks have a bad day at once: one refuses, one hangs, one answers garbage.

From the first instruction on, or from before the due lists.  Nobody puts a hand to the hub: the
six others close meanwhile, the three by themselves once their partners are well again.

``python -m tests.demo.three_down [--data DIR] [--database URL]`` is the long form: a whole month.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from hub.app.demo import DemoHub
from hub.app.steps import Progress
from hub.offset.tables import leg
from tests.demo.kit import ROOT, drop_faults, outcomes, post, rows, totals, unbalanced
from tests.demo.player import Player

DOWN: Mapping[str, Mapping[str, Any]] = {
    "CCB": {"match": {}, "fault": "refuse"},
    "BOC": {"match": {}, "fault": "never", "when": "before"},
    "ABC": {"match": {}, "fault": "garbage"},  # what it was asked is done all the same
}
"""Bank → how it fails."""
WELL = ("BCM", "BGZ", "GYB", "GZNX", "ICBC", "PSBC")
ALL = tuple(sorted((*WELL, *DOWN)))
_SHORT = {"call_timeout_s": 1, "longest_lease_s": 6, "settle_after_s": 9}


def interface(bank: str) -> str:
    """The bank's interface code."""
    return f"bank-{bank.lower()}"


def quick_contracts(into: Path) -> Path:
    """The contracts, with shorter times for the three that fail: a hang lasts a second."""
    shutil.copytree(ROOT / "contracts_spec", into)
    for bank in DOWN:
        path = into / "banks" / bank.lower() / "contract.yaml"
        contract = yaml.safe_load(path.read_text("utf-8"))
        contract["timing"].update(_SHORT)
        path.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), "utf-8")
    return into


@dataclass
class BadDay:
    """Fails the three, lifts it once the six have closed; notes what was closed when."""

    begun: float = 0.0
    lifted: float = 0.0
    six: float = 0.0
    closed_early: set[str] = field(default_factory=set)
    fired: dict[str, int] = field(default_factory=dict)

    def fail(self, controls: Mapping[str, str]) -> None:
        """The three begin to fail."""
        self.begun = time.monotonic()
        for bank, rule in DOWN.items():
            post(f"{controls[interface(bank)]}/faults", dict(rule))

    def look(self, running: DemoHub, _progress: Progress) -> None:
        """Once the six are closed, the three may get well."""
        if not self.begun or self.lifted:
            return
        closed = closed_banks(running)
        if not closed.issuperset(WELL):
            return
        self.six = time.monotonic() - self.begun
        self.closed_early = closed
        for bank in DOWN:
            drop_faults(running.controls[interface(bank)])
        self.lifted = time.monotonic()


def closed_banks(running: DemoHub) -> set[str]:
    """Banks whose part of the month is closed."""
    with running.hub.store.read() as view:
        asked = sa.select(leg.c.bank).where(
            leg.c.run_id == running.run_id, leg.c.closed_us.is_not(None)
        )
        return set(view.scalars(asked))


def credited_twice(controls: Mapping[str, str]) -> list[str]:
    """Instructions that the banks' own books credited more than once."""
    return [
        row["number"]
        for name, control in controls.items()
        if name.startswith("bank-")
        for row in rows(f"{control}/credits.csv")
        if row["kind"] == "credit" and row["times"] != "1"
    ]


def decided(folder: Path, banks: tuple[str, ...] = ALL) -> dict[str, tuple[str, ...]]:
    """Agreement → what became of it and how much was paid, of some banks."""
    kept = ("outcome", "reason", "amount", "main", "spouse")
    return {
        row["XYBH"]: tuple(row[name] for name in kept)
        for row in outcomes(folder)
        if row["YHJC"] in banks
    }


def main() -> int:
    """The whole month's form; prints how long what took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "hub" / "sample" / "2025-10")
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    if asked.database:
        os.environ["HUB_DATABASE_URL"] = asked.database
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        root = Path(place)
        print(f"{'':>32} {'closed':>7} {'six after':>10} {'three after':>12}")
        for when in ("before", "at_plan"):
            day = BadDay()
            player = Player(asked.data, root / when, patch)
            closed = player.play(**{when: day.fail}, look=day.look, patience_s=600)  # type: ignore[arg-type]
            since = time.monotonic() - day.lifted
            said = totals(root / when)
            good = closed and not unbalanced(said)
            name = "before the due lists" if when == "before" else "from the first instruction"
            print(f"{name:>32} {good!s:>7} {day.six:>8.1f} s {since:>10.1f} s")
            if not good:
                return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
