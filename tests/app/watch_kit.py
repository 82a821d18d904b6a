"""A watch over partners that do as they are told, and a clock that stands still until moved."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.app.discover import FoundAdapter, discover
from hub.app.watching import Watching
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.settings import Settings
from hub.ports.probe import ProbeResult
from hub.schedule.tables import lease
from hub.store import Store

BANK = "bank-icbc"
UP = ProbeResult(True, True, "0", "")
DOWN = ProbeResult(False, False, "line.not_sent", "ConnectError")
BUSY = ProbeResult(True, False, "B0131", "系统忙")
BEGIN = datetime(2025, 10, 1, 21, tzinfo=SHANGHAI)


@dataclass
class FakePartners:
    """Every partner answers what ``say`` says."""

    say: Callable[[], ProbeResult]

    def open(self, interface: str, place: int = 0) -> Any:
        return self

    @property
    def port(self) -> "FakePartners":
        return self

    def open_line(self, _recorder: object) -> None:
        return None

    def probe(self, _line: object) -> ProbeResult:
        return self.say()


@dataclass
class Bench:
    """One store, a clock that stands still until it is moved, one bank."""

    store: Store
    settings: Settings
    clock: FixedClock = field(default_factory=lambda: FixedClock(BEGIN))
    adapters: dict[str, FoundAdapter] = field(init=False)

    def __post_init__(self) -> None:
        self.adapters = discover(self.settings)

    def open(self, say: Callable[[], ProbeResult]) -> Watching:
        """One process's watch, leading: whoever led before is gone."""
        with self.store.write() as tx:
            tx.execute(sa.delete(lease))
        partners: Any = FakePartners(say)
        made = Watching(self.store, self.adapters, self.settings, partners, self.clock)
        assert made.leads.hold()
        return made

    @contextmanager
    def watching(self, say: Callable[[], ProbeResult]) -> Iterator[Watching]:
        made = self.open(say)
        yield made
        made.stop()

    def turn(self, watching: Watching) -> None:
        for probe in watching.look():
            probe.result(20)
