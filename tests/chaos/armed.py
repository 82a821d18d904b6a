"""A month whose processes die exactly at ordered boundaries and are started again until it closes.

``hub serve`` and one or three ``hub worker`` on one database, beside mocks as processes of their
own; whoever died is started again with the orders nobody has carried out yet.
"""

import random
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from tests.chaos.boundaries import Boundary, Death, Notes, Order, as_text
from tests.chaos.harness import LIMIT_S, LOOK_S, Plan, Served, verify_audit
from tests.chaos.judge import Verdict
from tests.chaos.partners import MocksApart
from tests.chaos.places import partners_of
from tests.chaos.restored import Restoring
from tests.chaos.scythe import NAME, NOTES, ORDERS

_FARTHEST = {
    Boundary.BEFORE_COMMIT: 3,
    Boundary.IN_CHUNK: 4,
    Boundary.IN_SEALING: 2,
    Boundary.MOCK_ASKED: 8,
    Boundary.MOCK_BEFORE_COMMIT: 4,
    Boundary.MOCK_AFTER_COMMIT: 4,
}
"""An order's passing is drawn from the first to this one (others: the first), anew at every start
of a process: a message is put, claimed and finished in a transaction each, of several writes."""
_MOCK_PAUSE_S = 1.5
_LATE_PERCENT = 5
"""Batches of a hundred that are booked only after an inquiry was answered "not found"."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one run is to go through."""

    number: int
    orders: Sequence[Order]
    workers: int = 1
    restore: bool = False
    late_first: bool = False
    """The first batch is one of the late ones, whatever chance says."""


@dataclass(slots=True)
class Armed:
    """One such run: its deaths, how it ended, what the mocks' books say."""

    number: int
    workers: int
    seconds: float = 0.0
    starts: int = 0
    restored: int = 0
    batches: int = 0
    late_batches: int = 0
    deaths: list[Death] = field(default_factory=list)
    settings: list[dict[str, str]] = field(default_factory=list)
    audit: str = ""
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def good(self) -> bool:
        return self.verdict.good and not self.audit


class ArmedSite(Served):
    """A served hub whose processes and mocks carry orders to die."""

    launcher = (sys.executable, "-m", "tests.chaos.scythe", "hub")

    def __init__(self, plan: Plan, wish: Wish, url: str = "") -> None:
        self.wish = wish
        self.chance = random.Random(f"{plan.seed}:{wish.number}")
        out = plan.place / f"run-{wish.number}"
        out.mkdir(parents=True)
        self.notes = Notes(out / "deaths.jsonl")
        self.starts = 0
        super().__init__(plan, wish.number, url)

    def partners(self) -> MocksApart:
        return MocksApart(
            self.site.mocks, self.plan.data, self.site.clock_file, self._arms_of_mock,
            self.plan.banks,
        )  # fmt: skip

    def environment_of(self, name: str) -> Mapping[str, str]:
        self.starts += 1
        return {**self.env, **self._arms(name, on_hub(self.wish.orders))}

    def _arms_of_mock(self, partner: str) -> Mapping[str, str]:
        # The mocks share the orders, and another has each in the next month: not every partner
        # comes to every boundary.
        partners = partners_of(self.plan.banks)
        place = partners.index(partner)
        turn = self.wish.number
        mine = [one for one in self.wish.orders if (one.number + turn) % len(partners) == place]
        orders = [one for one in mine if one.boundary in _BY_MOCKS]
        return self._arms(partner, orders)

    def _arms(self, name: str, orders: Iterable[Order]) -> dict[str, str]:
        left = [
            replace(one, nth=self.chance.randint(1, _FARTHEST.get(one.boundary, 1)))
            for one in self.notes.left(orders)
        ]
        return {ORDERS: as_text(left), NOTES: str(self.notes.path), NAME: name}

    def raise_the_dead(self) -> None:
        """Start again whoever died; raises AssertionError for one that ended otherwise."""
        for name, process in list(self.processes.items()):
            if process.code is not None:
                must_be_killed(name, process.code, process.tail())
                process.kill(whole_group=True)  # what it leaves behind
                self.start(name)
        assert isinstance(self.mocks, MocksApart)
        for partner, process in list(self.mocks.processes.items()):
            if process.code is not None:
                must_be_killed(partner, process.code, process.tail())
                process.kill(whole_group=True)
                self.mocks.start(partner)

    def kill_a_mock(self) -> bool:
        """Carry out one order of "any moment" from here; False when none is left."""
        assert isinstance(self.mocks, MocksApart)
        left = [o for o in self.notes.left(self.wish.orders) if o.boundary is Boundary.MOCK_ANY]
        if not left:
            return False
        partner = self.chance.choice(partners_of(self.plan.banks))
        self.mocks.processes[partner].kill(whole_group=True)
        self.notes.add(Death(left[0].number, Boundary.MOCK_ANY, partner, 1, partner))
        return True


_BY_MOCKS = (Boundary.MOCK_ASKED, Boundary.MOCK_BEFORE_COMMIT, Boundary.MOCK_AFTER_COMMIT)


def on_hub(orders: Iterable[Order]) -> list[Order]:
    """Those that the hub's processes carry out."""
    return [one for one in orders if not one.boundary.value.startswith("mock")]


def must_be_killed(name: str, code: int, tail: str) -> None:
    """A process that ended by itself is a fault, whatever the books say."""
    if code != -signal.SIGKILL:
        raise AssertionError(f"{name} ended with {code}: {tail}")


def armed_run(plan: Plan, wish: Wish, url: str = "") -> Armed:
    """One month under a wish, to its close and its verdict."""
    ran, began = Armed(wish.number, wish.workers), time.monotonic()
    site = ArmedSite(plan, wish, url)
    try:
        site.mocks.bank.fault(_late(plan, wish))
        site.set_up()
        names = ["serve", *(f"worker-{place + 1}" for place in range(wish.workers))]
        for name in names:
            site.start(name)
        restoring = Restoring(site) if wish.restore else None
        _live(site, restoring)
        ran.restored = int(restoring is not None and restoring.done)
        ran.seconds, ran.starts = time.monotonic() - began, site.starts
        ran.verdict = _finish(site)
        _look_back(site, ran)
    finally:
        site.close()
    return ran


def _late(plan: Plan, wish: Wish) -> Mapping[str, object]:
    drawn = {"percent": _LATE_PERCENT, "seed": plan.seed + wish.number}
    which = {"first": 1} if wish.late_first else drawn
    return {
        "fault": "book_after_not_found",
        "match": {"endpoint": "api", "code": "PAYENT", **which},
    }


def _live(site: ArmedSite, restoring: Restoring | None) -> None:
    limit = time.monotonic() + LIMIT_S
    mock_at = time.monotonic() + site.chance.expovariate(1 / _MOCK_PAUSE_S)
    approving: Future[None] | None = None
    with ThreadPoolExecutor(1) as pool:  # two people's commands take longer than money needs
        while site.watcher.run_state() != "closed" or not (restoring is None or restoring.over):
            if time.monotonic() > limit:
                said = "" if restoring is None else restoring.said
                raise TimeoutError(f"not closed: {site.watcher.where()} {said}")
            site.raise_the_dead()
            if restoring is not None:
                restoring.look()
            if approving is None and set(site.watcher.wave_states()) & {"trial", "submitted"}:
                approving = pool.submit(site.approve)
            if approving is not None and approving.done():
                approving.result()
            if time.monotonic() > mock_at:
                site.kill_a_mock()
                mock_at = time.monotonic() + site.chance.expovariate(1 / _MOCK_PAUSE_S)
            time.sleep(LOOK_S)


def _finish(site: ArmedSite) -> Verdict:
    """The run is closed: who dies while ending, or is ended while starting, has done its work."""
    for name, process in site.processes.items():
        code = process.end()
        if code not in (0, -signal.SIGTERM):
            must_be_killed(name, code, process.tail())
    site.processes.clear()
    site.raise_the_dead()
    return site.finish()


def _look_back(site: ArmedSite, ran: Armed) -> None:
    ran.audit = verify_audit(site.site.home, site.env)
    ran.deaths, ran.settings = site.notes.deaths(), site.notes.settings()
    rules = site.mocks.bank.get("/faults")["rules"]
    ran.batches, ran.late_batches = rules[0]["seen"], rules[0]["fired"]
