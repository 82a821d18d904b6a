"""Jobs by hand: shown, started, parked, resumed, one due skipped; by one person, with a reason.

Parking is safe, and open to whoever has hands on the hub; what lets the month go on, or leaves a
piece of it out, is for the centre's people.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hub.app.hub import Hub
from hub.app.month_jobs import month_jobs
from hub.app.operators import ActNotYours, hands_on
from hub.app.scheduling import make_jobs
from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset.policy import current_policy
from hub.people import Actor, Party
from hub.schedule import Job, calendar_shortage, hands, load_calendar
from hub.schedule.showing import Day, DueRow, JobRow, due_dict, read_dues, read_jobs, read_month

_RECENT = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule as it stands.  ``missed``: recent dues that nobody was there for, newest
    first; ``lacks``: a year the banking calendar does not know, ``urgent`` when it will soon be
    needed."""

    now_us: int
    jobs: tuple[JobRow, ...]
    missed: tuple[DueRow, ...]
    lacks: int | None
    urgent: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "now": f"{from_us(self.now_us):%Y-%m-%dT%H:%M:%S}",
            "jobs": [one.as_dict() for one in self.jobs],
            "missed": [due_dict(one) for one in self.missed],
            "calendar_lacks": self.lacks,
        }


def read_schedule(hub: Hub) -> Schedule:
    """Every job with its last and next due."""
    now_us, today = to_us(hub.clock.now()), hub.clock.today()
    with hub.store.read() as view:
        known = {job.code: job for job in month_jobs(hub, current_policy(view))}
        shortage = calendar_shortage(load_calendar(view), today)
        recent = read_dues(view, today - _RECENT, today)
        return Schedule(
            now_us=now_us,
            jobs=tuple(read_jobs(view, known, now_us)),
            missed=tuple(one for one in recent if one.missed),
            lacks=None if shortage is None else shortage.year,
            urgent=shortage is not None and shortage.urgent,
        )


def read_calendar(hub: Hub, period: Period) -> tuple[list[Day], list[DueRow]]:
    """A month's days, and the dues that have rows in it, newest first."""
    first = date(period.year, period.month, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    with hub.store.read() as view:
        return read_month(view, period), read_dues(view, first, last)


def read_job(hub: Hub, code: str) -> tuple[JobRow, list[DueRow]]:
    """One job with its dues of the last weeks and what is skipped ahead, newest first.

    Raises NoSuchJob.
    """
    today = hub.clock.today()
    found = [one for one in read_schedule(hub).jobs if one.code == code]
    if not found:
        raise hands.NoSuchJob(f"there is no job {code[:60]!r}")
    with hub.store.read() as view:
        dues = read_dues(view, today - _RECENT, today + _RECENT, code)
    return found[0], dues


def start(hub: Hub, token: Secret, code: str, why: str) -> str:
    """Due now; a serving process runs it within a second or two.

    Raises NoSuchJob, JobParked, NoReason, ActNotYours.
    """
    actor = _of_centre(hub, token)
    with hub.store.write() as tx:
        hands.run_now(tx, code, now_us=_now_us(hub), by=actor.login, why=why)
    return f"{code} 现在到期，由 hub serve 执行"


def park(hub: Hub, token: Secret, code: str, why: str) -> str:
    """Raises NoSuchJob, JobParked, NoReason, ActNotYours."""
    actor = hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        hands.park(tx, code, now_us=_now_us(hub), by=actor.login, why=why)
    return f"{code} 已搁置；恢复之前到期不执行"


def resume(hub: Hub, token: Secret, code: str, why: str) -> str:
    """Raises NoSuchJob, JobNotParked, NoReason, ActNotYours."""
    actor = _of_centre(hub, token)
    with hub.store.write() as tx:
        hands.resume(tx, code, by=actor.login, why=why)
    return f"{code} 已恢复；搁置期间到期的按漏跑补上"


def skip(hub: Hub, token: Secret, code: str, why: str, at: datetime | None = None) -> str:
    """Leave one due out: the one at this time (Shanghai), by default the one that waits or comes
    next.  Raises NoSuchJob, NotADue, DueOver, NoReason, CalendarUnknown, ActNotYours."""
    actor = _of_centre(hub, token)
    known = _known(hub, code)
    due_us = None if at is None else to_us(at.replace(tzinfo=SHANGHAI))
    with hub.store.write() as tx:
        skipped = hands.skip(
            tx, known, load_calendar(tx), due_us=due_us, now_us=_now_us(hub), by=actor.login,
            why=why,
        )  # fmt: skip
    return f"{code} {from_us(skipped):%Y-%m-%d %H:%M} 这一次跳过"


def _known(hub: Hub, code: str) -> Job:
    found = make_jobs(hub).known.get(code)
    if found is None:
        raise hands.NoSuchJob(f"there is no job {code[:60]!r}")
    return found


def _of_centre(hub: Hub, token: Secret) -> Actor:
    actor = hands_on(hub.people.authenticate(token))
    if actor.party is not Party.CENTRE:
        raise ActNotYours
    return actor


def _now_us(hub: Hub) -> int:
    return to_us(hub.clock.now())
