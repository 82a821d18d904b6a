"""The schedule as it stands: every job with its last and next due, and a month's days."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.kernel.periods import Period
from hub.schedule.calendar import load_calendar
from hub.schedule.days import BankingCalendar, CalendarUnknown
from hub.schedule.jobs import Job
from hub.schedule.tables import banking_day, job, job_due

LATE_US = 120_000_000
"""A due whose row was made later than this after its time was missed: nobody was there."""
_MOST_DUES = 2000


@dataclass(frozen=True, slots=True)
class DueRow:
    """One due.  ``state``: due, running, done, failed, skipped.  ``missed``: dues of before that
    it stands for, and itself when its time had passed before anybody looked.  Business time."""

    job: str
    due_us: int
    state: str
    note: str
    tries: int
    looked_us: int
    stands_for: int
    asked_by: str
    why: str

    @property
    def late(self) -> bool:
        """Its time had passed unseen (what a person starts is due when they say so)."""
        return not self.asked_by and self.looked_us - self.due_us > LATE_US

    @property
    def missed(self) -> int:
        return self.stands_for + int(self.late)


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job.  ``last`` is the newest due that has a row; ``next_us`` None when the calendar
    does not reach as far."""

    code: str
    title: str
    rule: str
    next_us: int | None
    last: DueRow | None
    parked_by: str
    parked_why: str
    parked_us: int | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; instants as ISO in Shanghai's time."""
        last = None if self.last is None else due_dict(self.last)
        return {
            "job": self.code, "title": self.title, "rule": self.rule,
            "next": iso(self.next_us), "last": last, "parked_by": self.parked_by,
            "parked_why": self.parked_why, "parked": iso(self.parked_us),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a month: whether banks settle, and what it is called when it is special
    (国庆节, 周末, 国庆节调休).  ``known`` False: the calendar does not say."""

    on: date
    known: bool
    banking: bool
    why: str


def due_dict(one: DueRow) -> dict[str, Any]:
    """For JSON."""
    said = asdict(one)
    said |= {"due": iso(one.due_us), "missed": one.missed, "late": one.late}
    del said["due_us"], said["looked_us"]
    return said


def iso(instant: int | None) -> str | None:
    """2025-10-09T08:30 in Shanghai, seconds where there are any."""
    if instant is None:
        return None
    moment = from_us(instant)
    whole = moment.second == 0
    return f"{moment:%Y-%m-%dT%H:%M}" if whole else f"{moment:%Y-%m-%dT%H:%M:%S}"


def read_jobs(view: Connection, known: Mapping[str, Job], now_us: int) -> list[JobRow]:
    """Every registered job, in the order of their next dues; those nobody knows any more last."""
    calendar = load_calendar(view)
    newest = (
        sa.select(job_due.c.job, sa.func.max(job_due.c.due_us).label("due_us"))
        .where(job_due.c.due_us <= now_us)
        .group_by(job_due.c.job)
        .subquery()
    )
    last = {
        row.job: _due(row)
        for row in view.execute(
            sa.select(job_due).join(
                newest,
                sa.and_(newest.c.job == job_due.c.job, newest.c.due_us == job_due.c.due_us),
            )
        )
    }
    skipped = _skipped_ahead(view, now_us)
    rows = [
        JobRow(
            code=row.code, title=row.title, rule=row.rule_text,
            next_us=_next(known.get(row.code), now_us, calendar, skipped.get(row.code, set())),
            last=last.get(row.code), parked_by=row.parked_by, parked_why=row.parked_why,
            parked_us=row.parked_us,
        )
        for row in view.execute(sa.select(job))
    ]  # fmt: skip
    return sorted(rows, key=lambda one: (one.next_us is None, one.next_us or 0, one.code))


def read_dues(view: Connection, first: date, last: date, code: str = "") -> list[DueRow]:
    """The dues of a stretch of days that have rows, of all jobs or one, newest first, at most
    2000."""
    start, end = _midnight_us(first), _midnight_us(last + timedelta(days=1))
    query = (
        sa.select(job_due)
        .where(job_due.c.due_us >= start, job_due.c.due_us < end)
        .where(job_due.c.job == code if code else sa.true())
        .order_by(job_due.c.due_us.desc(), job_due.c.job)
        .limit(_MOST_DUES)
    )
    return [_due(row) for row in view.execute(query)]


def read_month(view: Connection, period: Period) -> list[Day]:
    """The days of a month."""
    first = date(period.year, period.month, 1)
    count = ((first + timedelta(days=31)).replace(day=1) - first).days
    low = first.year * 10000 + first.month * 100
    found = {
        int(row.on_day): row
        for row in view.execute(
            sa.select(banking_day).where(banking_day.c.on_day.between(low, low + 99))
        )
    }
    days = []
    for number in range(1, count + 1):
        row = found.get(low + number)
        on = first.replace(day=number)
        days.append(Day(on, row is not None, bool(row and row.banking), row.why if row else ""))
    return days


def _due(row: "sa.Row[Any]") -> DueRow:
    return DueRow(
        job=row.job, due_us=row.due_us, state=row.state, note=row.note, tries=row.tries,
        looked_us=row.looked_us, stands_for=row.stands_for, asked_by=row.asked_by, why=row.why,
    )  # fmt: skip


def _skipped_ahead(view: Connection, now_us: int) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    query = sa.select(job_due.c.job, job_due.c.due_us).where(
        job_due.c.due_us > now_us, job_due.c.state == "skipped"
    )
    for code, due_us in view.execute(query):
        found.setdefault(code, set()).add(due_us)
    return found


def _next(
    known: Job | None, now_us: int, calendar: BankingCalendar, skipped: set[int]
) -> int | None:
    if known is None:
        return None
    try:
        return next(due for due in known.rule.dues(now_us, calendar) if due not in skipped)
    except CalendarUnknown:
        return None


def _midnight_us(day: date) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))
