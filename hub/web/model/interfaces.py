"""What the pages of the interfaces show.  Instants are µs UTC of business time."""

from dataclasses import dataclass

from hub.app.catalogue import ServiceItem
from hub.app.feeds_seen import FeedsSeen
from hub.app.minutes import MonthOfMinutes
from hub.app.overview import InterfaceSeen
from hub.monitor.samples import Flip
from hub.monitor.words import MinuteClass


@dataclass(frozen=True, slots=True)
class Wall:
    """All service items, every interface by name, and those that no item counts."""

    items: tuple[ServiceItem, ...]
    seen: dict[str, InterfaceSeen]
    uncounted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InterfaceView:
    """One interface: the items it is a part of, a month's minutes, today's as runs of
    (first minute, how many, class), its last flips, newest first, what should have come."""

    seen: InterfaceSeen
    items: tuple[ServiceItem, ...]
    month: MonthOfMinutes | None = None
    today: tuple[tuple[int, int, MinuteClass], ...] = ()
    flips: tuple[Flip, ...] = ()
    feeds: FeedsSeen | None = None
