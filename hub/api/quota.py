"""How many calls a caller still has, this minute and this day.

Counted where calls are kept, so that several doors on one database share a quota and a restart
forgets nothing; between two counts each door adds its own.  What was refused before it was looked
at is forgotten with the next count.
"""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy.engine import Connection

from hub.kernel.clocks import monotonic, to_us
from hub.queries.calls import Caller, used_since

COUNT_AGAIN_S = 2.0
"""How far two doors may be apart; a count costs what a day's calls of one caller cost to count."""


@dataclass(slots=True)
class _Used:
    minute_us: int
    day_us: int
    in_minute: int
    in_day: int
    counted_at: float


class Quota:
    """One door's; used by several threads at once."""

    def __init__(self) -> None:
        self._used: dict[int, _Used] = {}
        self._lock = Lock()

    def take(self, view: Connection, caller: Caller, now: datetime) -> bool:
        """Whether one more call is within the quota at business time ``now``; counts it if so."""
        minute_us = to_us(now.replace(second=0, microsecond=0))
        day_us = to_us(now.replace(hour=0, minute=0, second=0, microsecond=0))
        with self._lock:
            known = self._used.get(caller.id)
            fresh = (
                known is not None
                and known.day_us == day_us
                and monotonic() - known.counted_at < COUNT_AGAIN_S
            )
        if known is None or not fresh:
            known = _Used(
                minute_us, day_us, used_since(view, caller.id, minute_us),
                used_since(view, caller.id, day_us), monotonic(),
            )  # fmt: skip
            with self._lock:
                self._used[caller.id] = known
        with self._lock:
            if known.minute_us != minute_us:
                known.minute_us, known.in_minute = minute_us, 0
            if known.in_minute >= caller.per_minute or known.in_day >= caller.per_day:
                return False
            known.in_minute += 1
            known.in_day += 1
            return True
