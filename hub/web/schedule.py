"""The pages of the schedule: the month's calendar, every job, and what a person does to one."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from hub.app.jobbing import Schedule
from hub.kernel.clocks import from_us
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.schedule.showing import Day, DueRow, JobRow
from hub.web import guard
from hub.web.acts import (
    Reason,
    Token,
    forget_said,
    needed,
    own_form,
    secret_of,
    send_back,
    take_said,
)  # fmt: skip
from hub.web.acts import Short as Text
from hub.web.render import Pages

ACTS = ("run", "park", "resume", "skip")
STEPS = ("dues", "instruct", "results", "statement", "close")
"""The columns of the jobs' table, in the order of a day."""


class ScheduleDesk(Protocol):
    """Supplies these pages; every method may raise a HubError."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def schedule(self) -> Schedule:
        """Every job."""
        ...

    def month(self, period: Period) -> tuple[list[Day], list[DueRow]]:
        """A month's days, and its dues, newest first."""
        ...

    def job(self, code: str) -> tuple[JobRow, list[DueRow]]:
        """One job with its recent dues.  Raises NoSuchJob."""
        ...

    def act(self, token: Secret, act: str, code: str, why: str, at: str) -> str:
        """One of ``ACTS``; a line on what was done."""
        ...


def make_router(desk: ScheduleDesk, pages: Pages) -> APIRouter:
    """Reading and acting routes over one desk."""
    schedule = SchedulePages(desk, pages)
    router = APIRouter()
    for path, page in (("/schedule", schedule.all), ("/schedule/{code}", schedule.one)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    acting = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    acting.add_api_route("/schedule/{code}", schedule.act, methods=["POST"], response_model=None)
    router.include_router(acting)
    return router


class SchedulePages:
    """Pages and acts."""

    def __init__(self, desk: ScheduleDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def all(self, request: Request, *, month: Annotated[str, Query(max_length=7)] = "") -> Response:
        """The calendar, the jobs by bank, what was missed."""
        found = self._desk.schedule()
        today = _day_of(found.now_us)
        period = Period.parse(month) if month else Period.parse(today[:7])
        days, dues = self._desk.month(period)
        values = {
            "found": found, "period": str(period), "before": str(_beside(period, -1)),
            "after": str(_beside(period, 1)), "weeks": _weeks(days), "by_day": _by_day(dues),
            "today": today, "steps": STEPS, "outages": _outages(found.missed),
            "banks": _banks(found.jobs), "jobs": {one.code: one for one in found.jobs},
        }  # fmt: skip
        return self._page(request, "schedule.html", values)

    def one(self, request: Request, code: str) -> Response:
        """One job, its dues, and its acts."""
        job, dues = self._desk.job(code)
        return self._page(request, "job.html", {"job": job, "dues": dues})

    def act(
        self, request: Request, *, code: str, act: Text, token: Token, reason: Reason,
        at: Text = "",
    ) -> Response:  # fmt: skip
        """One person, with a reason."""
        if act not in ACTS:
            raise guard.BadForm("no such act")
        said = self._desk.act(secret_of(token), act, code, needed(reason), at.strip())
        return send_back(request, f"/schedule/{code}", said)

    def _page(self, request: Request, template: str, values: dict[str, object]) -> Response:
        said = take_said(request)
        shown = {**values, "said": said}
        response = self._pages.page(request, template, shown, now_us=self._desk.now_us())
        if said:
            forget_said(response)
        return response


@dataclass(frozen=True, slots=True)
class Outage:
    """What was made up for at one look: nobody was there since the first of these dues."""

    looked_us: int
    since_us: int
    missed: int
    dues: tuple[DueRow, ...]


def _outages(missed: tuple[DueRow, ...]) -> list[Outage]:
    """Newest first."""
    looks: dict[int, list[DueRow]] = {}
    for one in missed:
        looks.setdefault(one.looked_us, []).append(one)
    return [
        Outage(
            at, min(one.due_us for one in dues), sum(one.missed for one in dues),
            tuple(sorted(dues, key=lambda one: (one.due_us, one.job))),
        )
        for at, dues in sorted(looks.items(), reverse=True)
    ]  # fmt: skip


def _beside(period: Period, months: int) -> Period:
    number = period.year * 12 + period.month - 1 + months
    return Period(number // 12, number % 12 + 1)


def _weeks(days: list[Day]) -> list[list[Day | None]]:
    """Monday first, with blanks before and after."""
    cells: list[Day | None] = [None] * days[0].on.weekday()
    cells += days
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _by_day(dues: list[DueRow]) -> dict[str, dict[str, int]]:
    """How many dues of each state a day has; ``missed`` beside them."""
    found: dict[str, dict[str, int]] = {}
    for one in dues:
        tally = found.setdefault(_day_of(one.due_us), {})
        tally[one.state] = tally.get(one.state, 0) + 1
        if one.missed:
            tally["missed"] = tally.get("missed", 0) + one.missed
    return found


def _banks(jobs: tuple[JobRow, ...]) -> list[tuple[str, str]]:
    """(code, name) of every bank with jobs."""
    named = (
        (one.code.partition(".")[2], one.title.partition(" · ")[0])
        for one in jobs
        if "." in one.code
    )
    return sorted(set(named))


def _day_of(instant: int) -> str:
    return f"{from_us(instant):%Y-%m-%d}"
