"""The kill suite: as many months as it takes until every boundary was hit often enough."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from tests.chaos.armed import Armed, Wish, armed_run
from tests.chaos.bad_days import DAYS, Lived, live
from tests.chaos.boundaries import (
    CALL_SIDE,
    HUB_SIDE,
    KINDS,
    MOCK_SIDE,
    Death,
    Order,
    by_bank,
    by_boundary,
    deck,
    deck_of_banks,
)
from tests.chaos.harness import Plan

_AWAY = ("database: connections cut for 10 s", "disk: full for some seconds")
"""The bad days that belong to this suite; each needs its own kind of database."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a suite must come to.  ``banks``: interfaces of banks each of which has its instruction
    cut at every boundary around the call that moves the money."""

    each: int = 10
    mocks: int = 50
    restored: int = 2
    workers: int = 1
    per_run: int = 24
    days: bool = True
    banks: tuple[str, ...] = ()


@dataclass(slots=True)
class Suite:
    """What it came to."""

    asked: Asked
    seconds: float = 0.0
    runs: list[Armed] = field(default_factory=list)
    days: list[Lived] = field(default_factory=list)

    @property
    def deaths(self) -> list[Death]:
        return [death for ran in self.runs for death in ran.deaths]

    def short_of(self) -> list[str]:
        """What was not reached: boundaries hit too rarely, kinds never, settings not durable."""
        hits, asked = by_boundary(self.deaths), self.asked
        said = [
            f"{one.value}: {hits[one]} of {asked.each}" for one in HUB_SIDE
            if hits[one] < asked.each
        ]  # fmt: skip
        mocks = sum(hits[one] for one in MOCK_SIDE)
        said += [f"mocks: {mocks} of {asked.mocks}"] if mocks < asked.mocks else []
        restored = sum(ran.restored for ran in self.runs)
        said += [f"restored: {restored} of {asked.restored}"] if restored < asked.restored else []
        if not any(ran.late_batches for ran in self.runs):
            said.append("no batch was booked only after not found")
        if asked.each >= len(KINDS):
            killed = {death.kind for death in self.deaths}
            said += [f"no kill at {kind}" for kind in KINDS if kind not in killed]
        said += self._banks_short()
        said += [f"{day.name}: {day.said}" for day in self.days if day.left_out]
        if not any(ran.settings for ran in self.runs):
            said.append("durability: no process told its settings")
        return said + not_durable(setting for ran in self.runs for setting in ran.settings)

    def _banks_short(self) -> list[str]:
        hits = by_bank(self.deaths)
        return [
            f"{bank}: its instruction never cut at {one.value}"
            for bank in self.asked.banks for one in CALL_SIDE
            if not hits.get(bank, {}).get(one)
        ]  # fmt: skip

    @property
    def good(self) -> bool:
        runs = bool(self.runs) and all(ran.good for ran in self.runs)
        return runs and all(day.good for day in self.days) and not self.short_of()


DURABLE = {
    "journal_mode": ("wal",),
    "synchronous": ("2", "3"),  # FULL, EXTRA
    "fsync": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
    "full_page_writes": ("on",),
}
"""What each setting must be for a commit to be on disk when it returns."""


def not_durable(settings: Iterator[dict[str, str]]) -> list[str]:
    """Settings that the hub's own connections had and must not have."""
    return [
        f"{name} = {value}" for one in settings for name, value in sorted(one.items())
        if value not in DURABLE[name]
    ]  # fmt: skip


Database = Callable[[], AbstractContextManager[str]]


def run_suite(plan: Plan, asked: Asked, database: Database, tell: Callable[[Armed], None]) -> Suite:
    """Run months until all is reached, or two in a row brought nothing."""
    suite, began = Suite(asked), time.monotonic()
    orders = all_orders(asked, plan.seed)
    idle = 0
    while (orders or _restores_left(suite)) and idle < 2:
        now = _share(orders, asked, len(suite.runs))
        restore = bool(_restores_left(suite))
        wish = Wish(len(suite.runs) + 1, now, asked.workers, restore, late_first=not suite.runs)
        with database() as url:
            ran = armed_run(plan, wish, url)
        suite.runs.append(ran)
        tell(ran)
        done = {death.order for death in ran.deaths}
        orders = [one for one in orders if one.number not in done]
        idle = 0 if done or ran.restored else idle + 1
    if asked.days:
        suite.days = list(_bad_days(plan, database))
    suite.seconds = time.monotonic() - began
    return suite


def _share(orders: Sequence[Order], asked: Asked, number: int) -> list[Order]:
    """This run's orders: the hub's and the mocks' in their proportion, turned from run to run."""
    hub = [one for one in orders if one.boundary in HUB_SIDE]
    mocks = [one for one in orders if one.boundary in MOCK_SIDE]
    whole = len(orders) or 1
    most = max(1, asked.per_run * len(hub) // whole) if hub else 0
    turned = hub[number % len(hub) :] + hub[: number % len(hub)] if hub else []
    return turned[:most] + mocks[: asked.per_run - most]


def all_orders(asked: Asked, seed: int) -> list[Order]:
    """Every death that is asked for, each under a number of its own: who shares another's number
    would count as dead with it."""
    mocks = deck(MOCK_SIDE, -(-asked.mocks // len(MOCK_SIDE)), seed)[: asked.mocks]
    orders = [*deck(HUB_SIDE, asked.each, seed), *mocks, *deck_of_banks(asked.banks)]
    random.Random(f"mixed:{seed}").shuffle(orders)
    return [replace(one, number=number) for number, one in enumerate(orders, 1)]


def _restores_left(suite: Suite) -> int:
    return suite.asked.restored - sum(1 for ran in suite.runs if ran.restored)


def _bad_days(plan: Plan, database: Database) -> Iterator[Lived]:
    for day in (one for one in DAYS if one.name in _AWAY):
        with database() as url:
            if day.only == ("postgresql" if url else "sqlite"):
                yield live(day, plan, url)
