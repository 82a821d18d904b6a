"""Jobs and their due rows.

What is due gets a row when somebody first looks (``look``), also when that is days late; a row is
claimed by a conditional update and held under a lease with an epoch, so two processes run it
once.  A process that dies leaves a lease that ends, and the row is run again: handlers must be
able to run twice for one due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.clocks import BusinessClock, from_us, monotonic, to_us
from hub.kernel.errors import HubError
from hub.kernel.logs import bound, get_logger
from hub.schedule.calendar import load_calendar
from hub.schedule.days import BankingCalendar, CalendarUnknown
from hub.schedule.rules import Rule
from hub.schedule.tables import job as job_table
from hub.schedule.tables import job_due
from hub.store import Store, database_now_us

LOOK_LIMIT = 500
"""Rows made at one look, so that a job of every minute that was down for a week does not hold
the write lock; the next look goes on."""
CALENDAR_S = 600.0
"""How long a process keeps the calendar in memory: another may have imported a new one."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """One claimed due.  ``due_us`` is business time; ``stands_for`` earlier ones were missed and
    are not run each."""

    id: int
    job: str
    due_us: int
    stands_for: int
    tries: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something done at due times.

    ``run(due)`` works in transactions of its own and answers a note for the page; what it raises
    is noted and tried again after ``retry_s``, ``max_tries`` times.  ``missed``: after a stop,
    run each due that was missed, or the latest for all.  ``lease_s``: how long a run may take
    before others take its process for dead.
    """

    code: str
    title: str
    rule: Rule
    run: Callable[[Due], str]
    missed: Literal["each", "latest"] = "latest"
    lease_s: float = 300.0
    retry_s: float = 60.0
    max_tries: int = 10


class Jobs:
    """This process's jobs.  All processes of a deployment register the same ones."""

    def __init__(
        self, store: Store, clock: BusinessClock, holder: str, jobs: Sequence[Job]
    ) -> None:
        self._store = store
        self._clock = clock
        self._holder = holder
        self._jobs = {job.code: job for job in jobs}
        self._calendar: BankingCalendar | None = None
        self._calendar_until = 0.0
        self._unscheduled: set[str] = set()

    def register(self, tx: Connection) -> None:
        """Put new jobs into the register, counting from now on; title and rule are renewed."""
        present = set(tx.execute(sa.select(job_table.c.code)).scalars())
        for job in self._jobs.values():
            values: dict[str, Any] = {"title": job.title, "rule_text": str(job.rule)}
            if job.code in present:
                tx.execute(sa.update(job_table).where(job_table.c.code == job.code).values(values))
                continue
            values |= {"code": job.code, "seen_until_us": to_us(self._clock.now())}
            tx.execute(_insert_new(tx, job_table, values | {"added_us": database_now_us(tx)}))

    def look(self, tx: Connection) -> int:
        """Make rows of what has come due since the last look; answers how many.

        A business clock set back makes none until it has caught up: a due is due once.
        """
        now_us = to_us(self._clock.now())
        calendar = self._known_calendar(tx)
        made = 0
        seen = tx.execute(
            sa.select(job_table.c.code, job_table.c.seen_until_us)
            .where(job_table.c.seen_until_us < now_us)
            .order_by(job_table.c.code)
        ).all()
        for code, seen_until_us in seen:
            if code in self._jobs:
                made += self._look_at(tx, self._jobs[code], seen_until_us, now_us, calendar)
        return made

    def next_due_us(self) -> int | None:
        """The next due instant of any job (business time), for the bell; None without one."""
        now_us = to_us(self._clock.now())
        if self._calendar is None:
            return None
        dues = []
        for job in self._jobs.values():
            try:
                dues.append(next(iter(job.rule.dues(now_us, self._calendar))))
            except CalendarUnknown:
                continue  # said by look()
        return min(dues, default=None)

    def run_due(self) -> int:
        """Look, then run everything that is due, one after the other; answers how many ran.

        What the bell calls.  Any number of processes and threads may do so at once.
        """
        with self._store.write() as tx:
            self.look(tx)
        count = 0
        while (due := self._claim()) is not None:
            self._run(due)
            count += 1
        return count

    def forget_calendar(self) -> None:
        """The calendar's table has changed: read it again at the next look."""
        self._calendar_until = 0.0

    def _known_calendar(self, tx: Connection) -> BankingCalendar:
        if self._calendar is None or monotonic() > self._calendar_until:
            self._calendar = load_calendar(tx)
            self._calendar_until = monotonic() + CALENDAR_S
        return self._calendar

    def _look_at(
        self, tx: Connection, job: Job, after_us: int, now_us: int, calendar: BankingCalendar
    ) -> int:
        found: list[int] = []
        until_us = now_us
        try:
            for due_us in job.rule.dues(after_us, calendar):
                if due_us > now_us:
                    break
                found.append(due_us)
                if len(found) == LOOK_LIMIT:
                    until_us = due_us
                    break
            self._unscheduled.discard(job.code)
        except CalendarUnknown as error:
            # What was found still counts; the rest waits for the calendar.
            until_us = found[-1] if found else after_us
            self.forget_calendar()
            if job.code not in self._unscheduled:  # said once, not at every ring
                self._unscheduled.add(job.code)
                _log.error("job cannot be scheduled", job=job.code, error=error.message)
        if found:
            self._add_rows(tx, job, found)
            tx.execute(
                sa.update(job_table)
                .where(job_table.c.code == job.code, job_table.c.seen_until_us < until_us)
                .values(seen_until_us=until_us)
            )
        return len(found)

    def _add_rows(self, tx: Connection, job: Job, found: list[int]) -> None:
        stands_for = 0
        if job.missed == "latest" and found:
            stands_for, found = len(found) - 1, found[-1:]
        now_us = database_now_us(tx)
        for due_us in found:
            row = {
                "job": job.code, "due_us": due_us, "state": "due", "stands_for": stands_for,
                "seen_us": now_us, "ready_us": now_us, "tries": 0, "epoch": 0, "note": "",
            }  # fmt: skip
            tx.execute(_insert_new(tx, job_due, row))
        if stands_for:
            _log.warning("dues were missed", job=job.code, count=stands_for)

    def _claim(self) -> Due | None:
        with self._store.write() as tx:
            now_us = database_now_us(tx)
            ready = tx.execute(
                sa.select(job_due)
                .where(job_due.c.job.in_(list(self._jobs)), job_due.c.ready_us <= now_us)
                .order_by(job_due.c.due_us, job_due.c.id)
                .limit(10)
            ).all()
            for row in ready:
                lease_us = int(self._jobs[row.job].lease_s * 1_000_000)
                claimed = tx.execute(
                    sa.update(job_due)
                    .where(job_due.c.id == row.id, job_due.c.epoch == row.epoch)
                    .where(job_due.c.ready_us <= now_us)
                    .values(
                        # Claimed again when the lease ends: no reaper is needed.
                        state="running",
                        ready_us=now_us + lease_us,
                        started_us=now_us,
                        lease_until_us=now_us + lease_us,
                        holder=self._holder,
                        epoch=row.epoch + 1,
                        tries=row.tries + 1,
                    )
                )
                if claimed.rowcount == 1:
                    return Due(
                        row.id, row.job, row.due_us, row.stands_for, row.tries + 1, row.epoch + 1
                    )
        return None

    def _run(self, due: Due) -> None:
        job = self._jobs[due.job]
        with bound(trace=f"job:{due.job}:{from_us(due.due_us):%Y%m%dT%H%M}"):
            try:
                note = job.run(due)
            except Exception as error:  # noqa: BLE001  (whatever a job does, the bell goes on)
                _log.exception("job failed", tries=due.tries)
                said = error.message if isinstance(error, HubError) else type(error).__name__
                self._end(due, "failed" if due.tries >= job.max_tries else "due", said, job.retry_s)
            else:
                self._end(due, "done", note, 0)

    def _end(self, due: Due, state: str, note: str, retry_s: float) -> None:
        with self._store.write() as tx:
            now_us = database_now_us(tx)
            again = state == "due"
            ended = tx.execute(
                sa.update(job_due)
                .where(job_due.c.id == due.id, job_due.c.epoch == due.epoch)
                .values(
                    state=state,
                    note=note[:200],
                    holder=None,
                    lease_until_us=None,
                    ready_us=now_us + int(retry_s * 1_000_000) if again else None,
                    ended_us=None if again else now_us,
                )
            )
            if ended.rowcount == 0:
                _log.warning("the lease had ended; another process has this due", due=due.id)


def _insert_new(tx: Connection, table: sa.Table, row: dict[str, Any]) -> sa.Insert:
    """An insert that leaves a row alone that another process has made meanwhile."""
    if tx.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415

        return insert(table).values(row).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415

    return sqlite_insert(table).values(row).on_conflict_do_nothing()
