"""One interface's minutes of a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from hub.app.catalogue import NoSuchInterface
from hub.app.hub import Hub
from hub.app.overview import Day, ledger_of, midnight
from hub.kernel.clocks import from_us, to_us
from hub.kernel.periods import Period
from hub.monitor.hours import DAY_MINUTES
from hub.monitor.uptime import Uptime, add, uptime_of
from hub.monitor.words import MinuteClass


@dataclass(frozen=True, slots=True)
class MonthOfMinutes:
    """A month day by day; ``whole`` adds up to its minutes."""

    month: str
    days: tuple[Day, ...]
    whole: Mapping[MinuteClass, int]
    undecided: int

    @property
    def uptime(self) -> Uptime:
        """Of the month so far."""
        return uptime_of(self.whole)


def month_of(hub: Hub, interface: str, month: Period | None) -> MonthOfMinutes:
    """A month's ledger; None: this month's.  Raises NoSuchInterface without an adapter."""
    adapter = hub.adapters.get(interface)
    if adapter is None:
        raise NoSuchInterface(f"there is no adapter for {interface[:40]!r}")
    now_us = to_us(hub.clock.now())
    chosen = month or Period.of(from_us(now_us).date())
    first = chosen.first_day()
    count = (chosen.following().first_day() - first).days
    with hub.store.read() as view:
        made = ledger_of(view, adapter, midnight(first), count * DAY_MINUTES, now_us)
    days = tuple(
        Day(first + timedelta(days=at), made.counts(at * DAY_MINUTES, (at + 1) * DAY_MINUTES))
        for at in range(count)
    )
    return MonthOfMinutes(str(chosen), days, add(d.counts for d in days), made.undecided_count())
