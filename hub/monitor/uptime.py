"""Uptime (可用率) from counted minutes: what is left out is said beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.monitor.words import MinuteClass

GOOD = (MinuteClass.NORMAL,)
BAD = (MinuteClass.OURS, MinuteClass.LINE, MinuteClass.PARTNER)
WHOLE = 10_000
"""Uptime is counted in hundredths of a per cent, rounded down: 10000 only when nothing failed."""


@dataclass(frozen=True, slots=True)
class Uptime:
    """Minutes that served, that did not, and of which nobody can tell.

    Out of hours, maintenance, force majeure and the client's own cause are in neither.
    """

    good: int
    bad: int
    no_data: int

    @property
    def share(self) -> int | None:
        """Hundredths of a per cent of what is known; None when nothing is."""
        known = self.good + self.bad
        return self.good * WHOLE // known if known else None

    @property
    def at_worst(self) -> int | None:
        """The same if every minute without data had failed."""
        known = self.good + self.bad + self.no_data
        return self.good * WHOLE // known if known else None


def uptime_of(counts: Mapping[MinuteClass, int]) -> Uptime:
    """From the minutes of each class."""
    return Uptime(
        sum(counts.get(each, 0) for each in GOOD),
        sum(counts.get(each, 0) for each in BAD),
        counts.get(MinuteClass.NO_DATA, 0),
    )


def add(counts: Iterable[Mapping[MinuteClass, int]]) -> dict[MinuteClass, int]:
    """Classes of several days or interfaces together."""
    whole = dict.fromkeys(MinuteClass, 0)
    for one in counts:
        for each, number in one.items():
            whole[each] += number
    return whole
