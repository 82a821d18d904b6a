"""What the calendar has opened: the month's jobs as gates of the conductor, and payment hours.

A job's due row, once done, opens its piece of work; the conductor goes on doing the work, but
only what is open.  Per bank (``dues.ICBC``):

====================  ============================================================================
dues 取应还明细       from the job's due of the day on which the run was opened, or a later one
instruct 划款         on a banking day from its due (the bank opens) until the bank closes
results 查证          asks at once about everything open; asking by turns never waits for it
statement 取对账单    reads the day's statement; parked, no statement is read
close 日终核对        the day's sheet; parked, the bank's part of the run does not close
====================  ============================================================================

and once for all banks ``plan`` 试算: the cut-off at which lists that have not come are not waited
for any more; parked, no wave is opened.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.clocks import SHANGHAI, BusinessClock, from_us, monotonic, to_us
from hub.kernel.logs import get_logger
from hub.offset.arrival import PaymentHours
from hub.schedule import BankingCalendar, CalendarUnknown, load_span
from hub.schedule.tables import job
from hub.store.prepared import Prepared

_log = get_logger(__name__)
_DAY = timedelta(days=1)
_AHEAD = timedelta(days=40)
_CALENDAR_S = 60.0
"""How long the calendar is believed without another look: an import counts within this."""
_STATES = Prepared(sa.select(job.c.code, job.c.done_us, job.c.parked_by))


class Step(StrEnum):
    """The month's jobs; ``PLAN`` is one for all banks."""

    DUES = "dues"
    PLAN = "plan"
    INSTRUCT = "instruct"
    RESULTS = "results"
    STATEMENT = "statement"
    CLOSE = "close"


def job_code(step: Step, bank: str = "") -> str:
    """``dues.ICBC``; ``plan``."""
    return f"{step}.{bank}" if bank else step.value


class PaymentDays:
    """Whether a bank takes payments at this moment of business time: within its hours, on a
    banking day.  Where the calendar does not say, it does not.  Shared by threads."""

    def __init__(self, clock: BusinessClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._calendar: BankingCalendar | None = None
        self._from, self._until = date.max, 0.0

    def open_now(self, view: Connection, hours: PaymentHours) -> bool:
        """Now."""
        now = self._clock.now()
        if not hours.covers(now.time()):
            return False
        try:
            return self._days(view, now.date()).is_banking_day(now.date())
        except CalendarUnknown:
            return False

    def next_opening(self, view: Connection, hours: PaymentHours) -> datetime | None:
        """When it takes payments next; None where the calendar ends before."""
        now = self._clock.now()
        day = now.date() if now.time() < hours.opens else now.date() + _DAY
        try:
            on = self._days(view, now.date()).on_or_after(day)
        except CalendarUnknown:
            return None
        return datetime.combine(on, hours.opens, SHANGHAI)

    def _days(self, view: Connection, today: date) -> BankingCalendar:
        with self._lock:
            if self._from != today or monotonic() > self._until or self._calendar is None:
                self._calendar = load_span(view, today, today + _AHEAD)
                self._from, self._until = today, monotonic() + _CALENDAR_S
                if today not in self._calendar.days:
                    _log.error("no payment today: the banking calendar is unknown", day=str(today))
            return self._calendar


@dataclass(frozen=True, slots=True)
class Opened:
    """What is open at one moment.  ``done``: the latest due that each job has done (µs)."""

    done: Mapping[str, int]
    parked: frozenset[str]
    paying: frozenset[str]
    midnight_us: int
    cut_offs: bool = True

    def dues(self, bank: str, opened_us: int) -> bool:
        """Whether the bank's list of a run that was opened then may be fetched."""
        return self._since(Step.DUES, bank, _midnight_us(opened_us))

    def planning(self) -> bool:
        """Whether waves may be opened."""
        return Step.PLAN.value not in self.parked

    def cut_off(self, since_us: int) -> bool:
        """Whether a cut-off has come after that moment."""
        return self.cut_offs and self.done.get(Step.PLAN.value, 0) > since_us

    def instructing(self, bank: str) -> bool:
        """Whether new batches may be cut for the bank now."""
        return bank in self.paying and self._since(Step.INSTRUCT, bank, self.midnight_us)

    def reconciling(self, bank: str) -> bool:
        """Whether statements are read and the bank's part of a run may close."""
        return not self.parked & {job_code(Step.STATEMENT, bank), job_code(Step.CLOSE, bank)}

    def _since(self, step: Step, bank: str, since_us: int) -> bool:
        code = job_code(step, bank)
        return code not in self.parked and self.done.get(code, 0) >= since_us


class _AllOpen(Opened):
    """Where no calendar is asked: a plan made for a look, and the offset's own rules alone."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__({}, frozenset(), frozenset(), 0, cut_offs=False)

    def dues(self, bank: str, opened_us: int) -> bool:
        return True

    def instructing(self, bank: str) -> bool:
        return True


ALL_OPEN: Opened = _AllOpen()


class Calendar:
    """Reads what is open; one per conductor."""

    def __init__(
        self, clock: BusinessClock, hours: Mapping[str, PaymentHours], days: PaymentDays, *,
        cut_offs: bool = True,
    ) -> None:  # fmt: skip
        """``cut_offs``: whether the plan's job ends the wait for lists that are late."""
        self._clock = clock
        self._cut_offs = cut_offs
        self._hours = hours
        self._days = days

    def read(self, view: Connection) -> Opened:
        """As it is now."""
        rows = _STATES.rows(view)
        paying = (b for b, hours in self._hours.items() if self._days.open_now(view, hours))
        return Opened(
            done={code: done_us for code, done_us, _ in rows},
            parked=frozenset(code for code, _, by in rows if by),
            paying=frozenset(paying),
            midnight_us=_midnight_us(to_us(self._clock.now())),
            cut_offs=self._cut_offs,
        )


def _midnight_us(instant: int) -> int:
    day = from_us(instant).replace(hour=0, minute=0, second=0, microsecond=0)
    return to_us(day)
