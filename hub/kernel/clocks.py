"""Two clocks, both handed in.

*Business time* (dates, cut-offs, due runs, times on the wire) is Asia/Shanghai, can be set, and
is shared with the mocks through a small file.  *Machine time* (leases, timeouts, back-off) is
never simulated: monotonic inside a process, the database's own between processes.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BusinessClock(Protocol):
    """What day and time it is for the business."""

    def now(self) -> datetime:
        """Aware, Asia/Shanghai."""
        ...

    def today(self) -> date:
        """The calendar day in Asia/Shanghai."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own time, seen from Shanghai."""

    def now(self) -> datetime:
        return datetime.now(SHANGHAI)

    def today(self) -> date:
        return self.now().date()


@dataclass(frozen=True, slots=True)
class SharedClock:
    """Business time that a file shifts; the mocks read the same file.

    The file holds ``{"offset_seconds": -34560000}``; it is replaced whole (rename), so a
    reader sees the old or the new one.  Without a file the offset is 0.
    """

    path: Path

    def now(self) -> datetime:
        return datetime.now(SHANGHAI) + timedelta(seconds=self._offset())

    def today(self) -> date:
        return self.now().date()

    def set(self, moment: datetime) -> None:
        """Make ``moment`` (aware) the present; time runs on from there."""
        offset = (moment - datetime.now(SHANGHAI)).total_seconds()
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"offset_seconds": offset}), encoding="utf-8")
        fresh.replace(self.path)

    def _offset(self) -> float:
        try:
            return float(json.loads(self.path.read_text(encoding="utf-8"))["offset_seconds"])
        except FileNotFoundError:
            return 0.0


@dataclass(slots=True)
class FixedClock:
    """Business time that stands still until it is moved; for tests."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.moment.astimezone(SHANGHAI).date()


def to_us(moment: datetime) -> int:
    """An aware moment as integer microseconds UTC: how instants are stored."""
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def from_us(instant: int) -> datetime:
    """Integer microseconds UTC as an aware moment in Asia/Shanghai."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(SHANGHAI)


def monotonic() -> float:
    """Seconds that never jump; only differences inside this process mean anything."""
    return time.monotonic()
