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
EXPECTED = "expected-outcomes.csv"
TITLES = {"before": "from before the due lists", "at_plan": "from the first instruction on"}
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


def decided(
    folder: Path, banks: tuple[str, ...] = ALL, name: str = "outcomes.csv"
) -> dict[str, tuple[str, ...]]:
    """Agreement → what became of it and how much was paid, of some banks."""
    kept = ("outcome", "reason", "amount", "main", "spouse")
    return {
        row["XYBH"]: tuple(row[column] for column in kept)
        for row in outcomes(folder, name)
        if row["YHJC"] in banks
    }


def troubles(player: Player, closed: bool, twice: list[str], *, one_wave: bool) -> list[str]:
    """What is not as it must be after a bad day; with ``one_wave`` the outcomes too, where the data
    says what to expect: a later wave may find less for people who carry two loans."""
    said, found = totals(player.out), []
    if not closed or unbalanced(said):
        found.append(f"closed {closed}, open equations {unbalanced(said)}")
    if twice:
        found.append(f"{len(twice)} instructions credited more than once")
    if one_wave and (player.data / EXPECTED).exists():
        wanted, got = decided(player.data, name=EXPECTED), decided(player.out)
        wrong = [number for number in wanted if got.get(number) != wanted[number]]
        if wrong or len(got) != len(wanted):
            found.append(f"{len(wrong)} outcomes are not as expected, {wrong[0] if wrong else ''}")
    return found


def main() -> int:
    """The whole month's form; prints how long what took, and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "hub" / "sample" / "2025-10")
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    if asked.database:
        os.environ["HUB_DATABASE_URL"] = asked.database
    bad = 0
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        for name in ("before", "at_plan"):
            day, twice = BadDay(), list[str]()
            player = Player(asked.data, Path(place) / name, patch)
            acts = {name: day.fail}
            closed = player.play(
                **acts, look=day.look, patience_s=600,  # type: ignore[arg-type]
                after=lambda at, twice=twice: twice.extend(credited_twice(at)),
            )  # fmt: skip
            wrong = troubles(player, closed, twice, one_wave=name == "at_plan")
            bad += bool(wrong)
            three = time.monotonic() - day.lifted
            print(f"{TITLES[name]}: six after {day.six:.1f} s, three {three:.1f} s after lifting")
            print("\n".join(f"  wrong: {one}" for one in wrong) or "  as it must be", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
