"""Jobs and their due rows.

What is due gets a row when somebody first looks (``look``), also when that is days late; a row is
claimed by a conditional update and held under a lease with an epoch, so two processes run it
once.  A process that dies leaves a lease that ends, and the row is run again: handlers must be
able to run twice for one due.  A job whose whole work is rows of this database (``act``) is
claimed, done and ended in one transaction instead, and so done exactly once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.clocks import BusinessClock, from_us, monotonic, to_us
from hub.kernel.errors import HubError, Unavailable
from hub.kernel.logs import bound, get_logger, mask_text
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
    """Something done at due times; what is done is ``run`` or ``act``.

    ``run(due)`` works in transactions of its own and answers a note for the page; what it raises
    is noted and tried again after ``retry_s``, ``max_tries`` times.  ``act(tx, due)`` does the
    same inside the transaction that ends the due: it must be quick and call nobody.

    ``missed``: after a stop, run each due that was missed, or the latest for all.  ``lease_s``:
    how long a run may take before others take its process for dead.  ``today_too``: where the job
    is new, what was due earlier on that day counts as due.
    """

    code: str
    title: str
    rule: Rule
    run: Callable[[Due], str] | None = None
    act: Callable[[Connection, Due], str] | None = None
    missed: Literal["each", "latest"] = "latest"
    lease_s: float = 300.0
    retry_s: float = 60.0
    max_tries: int = 10
    today_too: bool = False

    def __post_init__(self) -> None:
        if (self.run is None) == (self.act is None):
            raise ValueError("a job has either run or act")


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

    @property
    def known(self) -> Mapping[str, Job]:
        """By code."""
        return self._jobs

    def register(self, tx: Connection) -> None:
        """Put new jobs into the register, counting from now on; title and rule are renewed."""
        present = {row.code: row for row in tx.execute(sa.select(job_table))}
        for job in self._jobs.values():
            values: dict[str, Any] = {"title": job.title, "rule_text": str(job.rule)}
            before = present.get(job.code)
            if before is None:
                values |= {"code": job.code, "seen_until_us": self._from_us(job)}
                values |= {"since_us": to_us(self._clock.now())}
                tx.execute(_insert_new(tx, job_table, values | {"added_us": database_now_us(tx)}))
            elif (before.title, before.rule_text) != (job.title, str(job.rule)):
                tx.execute(sa.update(job_table).where(job_table.c.code == job.code).values(values))

    def look(self, tx: Connection) -> int:
        """Make rows of what has come due since the last look; answers how many.

        A business clock set back makes none until it has caught up: a due is due once.  Of a
        parked job none are made: what it missed is seen when it is resumed.
        """
        now_us = to_us(self._clock.now())
        return sum(
            self._add_rows(tx, job, found, until_us, now_us)
            for job, found, until_us in self._found(tx, now_us)
        )

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

        What the bell calls.  Any number of processes and threads may do so at once.  Where
        nothing is due it only reads.
        """
        with self._store.read() as view:
            fresh = bool(self._found(view, to_us(self._clock.now())))
            if not fresh and not self._ready(view, database_now_us(view)):
                return 0
        if fresh:
            with self._store.write() as tx:
                self.look(tx)
        count = 0
        while self._next():
            count += 1
        return count

    def forget_calendar(self) -> None:
        """The calendar's table has changed: read it again at the next look."""
        self._calendar_until = 0.0

    # --- what has come due ---

    def _from_us(self, job: Job) -> int:
        now = self._clock.now()
        if not job.today_too:
            return to_us(now)
        return to_us(now.replace(hour=0, minute=0, second=0, microsecond=0)) - 1

    def _known_calendar(self, tx: Connection) -> BankingCalendar:
        if self._calendar is None or monotonic() > self._calendar_until:
            self._calendar = load_calendar(tx)
            self._calendar_until = monotonic() + CALENDAR_S
        return self._calendar

    def _found(self, tx: Connection, now_us: int) -> list[tuple[Job, list[int], int]]:
        """Jobs with dues that have no rows yet: the dues, and how far they have been looked for."""
        calendar = self._known_calendar(tx)
        seen = tx.execute(
            sa.select(job_table.c.code, job_table.c.seen_until_us)
            .where(job_table.c.seen_until_us < now_us, job_table.c.parked_by == "")
            .order_by(job_table.c.code)
        ).all()
        found = []
        for code, seen_until_us in seen:
            job = self._jobs.get(code)
            if job is None:
                continue
            dues, until_us = self._dues_of(job, seen_until_us, now_us, calendar)
            if dues:
                found.append((job, dues, until_us))
        return found

    def _dues_of(
        self, job: Job, after_us: int, now_us: int, calendar: BankingCalendar
    ) -> tuple[list[int], int]:
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
        return found, until_us

    def _add_rows(
        self, tx: Connection, job: Job, found: list[int], until_us: int, looked_us: int
    ) -> int:
        count, stands_for = len(found), 0
        if job.missed == "latest":
            found = self._not_skipped(tx, job.code, found)
            stands_for, found = max(len(found) - 1, 0), found[-1:]
        now_us = database_now_us(tx)
        # Before there was the job nobody missed it.
        since_us = tx.scalar(sa.select(job_table.c.since_us).where(job_table.c.code == job.code))
        for due_us in found:
            row = {
                "job": job.code, "due_us": due_us, "state": "due", "stands_for": stands_for,
                "seen_us": now_us, "ready_us": now_us, "tries": 0, "epoch": 0, "note": "",
                "looked_us": due_us if due_us < (since_us or 0) else looked_us,
                "asked_by": "", "why": "",
            }  # fmt: skip
            tx.execute(_insert_new(tx, job_due, row))
        if stands_for:
            _log.warning("dues were missed", job=job.code, count=stands_for)
        tx.execute(
            sa.update(job_table)
            .where(job_table.c.code == job.code, job_table.c.seen_until_us < until_us)
            .values(seen_until_us=until_us)
        )
        return count

    def _not_skipped(self, tx: Connection, code: str, found: list[int]) -> list[int]:
        """Without those that a person has skipped beforehand: they stand for nothing."""
        here = sa.select(job_due.c.due_us).where(
            job_due.c.job == code, job_due.c.due_us >= found[0], job_due.c.due_us <= found[-1]
        )
        skipped = set(tx.scalars(here.where(job_due.c.state == "skipped")))
        return [due_us for due_us in found if due_us not in skipped]

    # --- running ---

    def _ready(self, tx: Connection, now_us: int) -> Sequence[sa.Row[Any]]:
        parked = sa.select(job_table.c.code).where(job_table.c.parked_by != "")
        return tx.execute(
            sa.select(job_due)
            .where(job_due.c.job.in_(list(self._jobs)), job_due.c.ready_us <= now_us)
            .where(job_due.c.job.not_in(parked))
            .order_by(job_due.c.due_us, job_due.c.id)
            .limit(10)
        ).all()

    def _next(self) -> bool:
        """Claim the next and see it through; False when there is none."""
        due: Due | None = None
        try:
            with self._store.write() as tx:
                due = self._claim_in(tx)
                if due is None:
                    return False
                act = self._jobs[due.job].act
                if act is not None:
                    self._end_in(tx, due, "done", act(tx, due), 0)
                    return True
        except Unavailable:
            raise
        except Exception as error:
            if due is None:
                raise
            # Nothing of it stayed, the claim neither.  Whatever a job does, the bell goes on.
            self._failed(due, error, claimed=False)
            return True
        self._run(due)
        return True

    def _claim(self) -> Due | None:
        with self._store.write() as tx:
            return self._claim_in(tx)

    def _claim_in(self, tx: Connection) -> Due | None:
        now_us = database_now_us(tx)
        for row in self._ready(tx, now_us):
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
        run = self._jobs[due.job].run
        assert run is not None  # noqa: S101  (a job has either)
        with bound(trace=f"job:{due.job}:{from_us(due.due_us):%Y%m%dT%H%M}"):
            try:
                note = run(due)
            except Exception as error:  # noqa: BLE001  (whatever a job does, the bell goes on)
                self._failed(due, error, claimed=True)
            else:
                with self._store.write() as tx:
                    self._end_in(tx, due, "done", note, 0)

    def _failed(self, due: Due, error: Exception, *, claimed: bool) -> None:
        job = self._jobs[due.job]
        _log.exception("job failed", job=due.job, tries=due.tries)
        said = error.message if isinstance(error, HubError) else type(error).__name__
        with self._store.write() as tx:
            state = "failed" if due.tries >= job.max_tries else "due"
            self._end_in(tx, due, state, said, job.retry_s, claimed=claimed)

    def _end(self, due: Due, state: str, note: str, retry_s: float) -> None:
        with self._store.write() as tx:
            self._end_in(tx, due, state, note, retry_s)

    def _end_in(
        self, tx: Connection, due: Due, state: str, note: str, retry_s: float, *,
        claimed: bool = True,
    ) -> None:  # fmt: skip
        now_us = database_now_us(tx)
        again = state == "due"
        ended = tx.execute(
            sa.update(job_due)
            .where(job_due.c.id == due.id, job_due.c.epoch == due.epoch - (not claimed))
            .values(
                state=state,
                note=mask_text(note)[:200],
                holder=None,
                lease_until_us=None,
                ready_us=now_us + int(retry_s * 1_000_000) if again else None,
                ended_us=None if again else now_us,
                epoch=due.epoch,
                tries=due.tries,
            )
        )
        if ended.rowcount == 0:
            _log.warning("the lease had ended; another process has this due", due=due.id)
        elif state == "done":
            tx.execute(
                sa.update(job_table)
                .where(job_table.c.code == due.job, job_table.c.done_us < due.due_us)
                .values(done_us=due.due_us)
            )


def _insert_new(tx: Connection, table: sa.Table, row: dict[str, Any]) -> sa.Insert:
    """An insert that leaves a row alone that another process has made meanwhile."""
    if tx.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415

        return insert(table).values(row).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415

    return sqlite_insert(table).values(row).on_conflict_do_nothing()
