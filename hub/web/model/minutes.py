"""What the pages of maintenance and minutes show.  Instants are µs UTC of business time."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.app.minutes import MonthOfMinutes
from hub.monitor.marks import MarkSeen
from hub.monitor.words import MinuteClass
from hub.monitor.works import Works


@dataclass(frozen=True, slots=True)
class WorksPreview:
    """What planning or cancelling does.  ``number`` None: not planned yet.  ``jobs``: codes that
    fall due meanwhile; ``overlaps``: numbers of other maintenance."""

    interface: str
    from_us: int
    until_us: int
    covered: int
    jobs: tuple[str, ...] = ()
    overlaps: tuple[int, ...] = ()
    number: int | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class WorksList:
    """All around now, and which interfaces there are."""

    works: tuple[Works, ...]
    interfaces: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MinutesView:
    """One interface's month with its marks."""

    interface: str
    name: str
    month: MonthOfMinutes
    before: str
    after: str
    marks: tuple[MarkSeen, ...]
    interfaces: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MarkPreview:
    """What signing a mark changes.  ``mark`` None: not proposed yet."""

    interface: str
    name: str
    from_us: int
    until_us: int
    klass: str
    counts: Mapping[MinuteClass, int]
    mark: MarkSeen | None = None

    @property
    def seen(self) -> str:
        """What the form carries: class and count, as they are counted now."""
        return ",".join(f"{kind.value}={count}" for kind, count in self.counts.items() if count)
