"""What a person does to a job: start it now, park and resume it, skip one due.  Each with a reason.

All of it is rows and audit entries; whichever process rings next carries it out.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.clocks import from_us
from hub.kernel.errors import BadInput, NotFound, Refused
from hub.kernel.logs import mask_text
from hub.schedule.days import BankingCalendar
from hub.schedule.jobs import Job
from hub.schedule.tables import job, job_due
from hub.store import database_now_us

WHY_LONGEST = 200
_BLANK = {
    "stands_for": 0, "tries": 0, "epoch": 0, "note": "", "ready_us": None, "ended_us": None,
}  # fmt: skip


class NoSuchJob(NotFound):
    """There is no job of this name."""

    code = "schedule.no_such_job"
    hint = "`hub job list` shows them all."


class JobParked(Refused):
    """The job is parked."""

    code = "schedule.job_parked"
    hint = "`hub job list` says who parked it and why; `hub job resume` lets it run again."


class JobNotParked(Refused):
    """The job is not parked."""

    code = "schedule.job_not_parked"
    hint = "Nothing to do: its dues run as they come."


class NoReason(BadInput):
    """Whoever moves a job by hand says why."""

    code = "schedule.no_reason"
    hint = "Give --reason; it goes into the audit."


class NotADue(BadInput):
    """The job is not due at this moment."""

    code = "schedule.not_a_due"
    hint = "`hub job list` shows when it is due next; write the moment as 2025-10-09T08:30."


class DueOver(Refused):
    """This due has been run, is running, or was skipped before."""

    code = "schedule.due_over"
    hint = "`hub job list` shows what became of it; what is done is not undone by skipping."


def run_now(tx: Connection, code: str, *, now_us: int, by: str, why: str) -> int:
    """Make the job due at this moment; the due's number.  Raises NoSuchJob, JobParked, NoReason."""
    why = _why(why)
    found = _of(tx, code)
    if found.parked_by:
        raise JobParked(f"{code} is parked by {found.parked_by}: {found.parked_why}")
    here = sa.and_(job_due.c.job == code, job_due.c.due_us == now_us)
    already = tx.scalar(sa.select(job_due.c.id).where(here))
    if already is None:
        row = {**_BLANK, "job": code, "due_us": now_us, "state": "due", "looked_us": now_us}
        row |= {"ready_us": database_now_us(tx), "asked_by": by, "why": why}
        _insert(tx, row)
        already = tx.scalar(sa.select(job_due.c.id).where(here))
    _tell(tx, "job.run", code, by, why, now_us)
    return int(already or 0)


def park(tx: Connection, code: str, *, now_us: int, by: str, why: str) -> None:
    """None of its dues run until it is resumed.  Raises NoSuchJob, JobParked, NoReason."""
    why = _why(why)
    found = _of(tx, code)
    if found.parked_by:
        raise JobParked(f"{code} is parked by {found.parked_by} already: {found.parked_why}")
    tx.execute(
        sa.update(job)
        .where(job.c.code == code)
        .values(parked_by=by, parked_why=why, parked_us=now_us)
    )
    _tell(tx, "job.park", code, by, why, None)


def resume(tx: Connection, code: str, *, by: str, why: str) -> None:
    """Let it run again; what came due meanwhile counts as missed and is run.

    Raises NoSuchJob, JobNotParked, NoReason.
    """
    why = _why(why)
    if not _of(tx, code).parked_by:
        raise JobNotParked(f"{code} is not parked")
    tx.execute(
        sa.update(job).where(job.c.code == code).values(parked_by="", parked_why="", parked_us=None)
    )
    _tell(tx, "job.resume", code, by, why, None)


def skip(
    tx: Connection, known: Job, calendar: BankingCalendar, *, due_us: int | None, now_us: int,
    by: str, why: str,
) -> int:  # fmt: skip
    """Leave one due out, by default the one that waits, else the next to come; its instant.

    Raises NoSuchJob, NotADue, DueOver, NoReason, CalendarUnknown.
    """
    why = _why(why)
    seen_us = int(_of(tx, known.code).seen_until_us)
    if due_us is None:
        due_us = _waiting(tx, known.code)
    if due_us is None:
        taken = set(
            tx.scalars(
                sa.select(job_due.c.due_us).where(
                    job_due.c.job == known.code, job_due.c.due_us > now_us
                )
            )
        )
        coming = known.rule.dues(max(seen_us, now_us), calendar)
        due_us = next(due for due in coming if due not in taken)
    here = sa.and_(job_due.c.job == known.code, job_due.c.due_us == due_us)
    moved = tx.execute(
        sa.update(job_due)
        .where(here, job_due.c.state.in_(["due", "failed"]))
        .values(state="skipped", ready_us=None, asked_by=by, why=why,
                ended_us=database_now_us(tx), epoch=job_due.c.epoch + 1)
    )  # fmt: skip
    if moved.rowcount == 0:
        state = tx.scalar(sa.select(job_due.c.state).where(here))
        if state is not None:
            raise DueOver(f"{known.code} of {_shown(due_us)} is {state}")
        if next(iter(known.rule.dues(due_us - 1, calendar))) != due_us or due_us <= seen_us:
            raise NotADue(f"{known.code} is not due at {_shown(due_us)}")
        row = {**_BLANK, "job": known.code, "due_us": due_us, "state": "skipped"}
        row |= {"looked_us": now_us, "asked_by": by, "why": why, "ended_us": database_now_us(tx)}
        _insert(tx, row)
    _tell(tx, "job.skip", known.code, by, why, due_us)
    return due_us


def _waiting(tx: Connection, code: str) -> int | None:
    """The first due that has a row and was not run: what waits, or was given up."""
    query = sa.select(sa.func.min(job_due.c.due_us)).where(
        job_due.c.job == code, job_due.c.state == "due"
    )
    found = tx.scalar(query)
    return None if found is None else int(found)


def _of(tx: Connection, code: str) -> "sa.Row[tuple[object, ...]]":
    found = tx.execute(sa.select(job).where(job.c.code == code)).first()
    if found is None:
        raise NoSuchJob(f"there is no job {code[:60]!r}")
    return found


def _insert(tx: Connection, row: dict[str, object]) -> None:
    tx.execute(sa.insert(job_due).values(**row, seen_us=database_now_us(tx)))


def _why(text: str) -> str:
    clean = mask_text(" ".join(text.split()))[:WHY_LONGEST]
    if not clean:
        raise NoReason
    return clean


def _shown(due_us: int) -> str:
    return f"{from_us(due_us):%Y-%m-%d %H:%M}"


def _tell(tx: Connection, act: str, code: str, by: str, why: str, due_us: int | None) -> None:
    detail = {"why": why} if due_us is None else {"why": why, "due": _shown(due_us)}
    audit.record(tx, act=act, actor=by, subject=code, detail=detail)
