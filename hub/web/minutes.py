"""Planned maintenance (计划维护), and the minutes of a month with their marks (改归类).

Every act is shown before it is done: a form asks by GET, the page says what will happen, and its
own form carries what was shown.
"""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from hub.kernel.clocks import from_us
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.monitor.words import MARKABLE
from hub.web import guard
from hub.web.acts import (
    Reason,
    Short,
    Token,
    forget_said,
    needed,
    own_form,
    secret_of,
    send_back,
    take_said,
)
from hub.web.model.minutes import MarkPreview, MinutesView, WorksList, WorksPreview
from hub.web.render import Pages, language_of
from hub.web.words import Words

Text = Annotated[str, Query(max_length=40)]
Seen = Annotated[str, Form(max_length=400)]


class MinutesDesk(Protocol):
    """Supplies these pages; every method may raise a HubError."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def works(self) -> WorksList:
        """Maintenance around now, the latest first."""
        ...

    def plan_preview(self, interface: str, begins: str, ends: str) -> WorksPreview:
        """What planning it would do.  Raises BadMoment, BadMaintenance, NoSuchInterface."""
        ...

    def plan(self, token: Secret, interface: str, begins: str, ends: str, why: str) -> int:
        """Plan it; its number."""
        ...

    def cancel_preview(self, number: str) -> WorksPreview:
        """What cancelling it would do.  Raises NoSuchMaintenance."""
        ...

    def cancel(self, token: Secret, number: str, why: str) -> None:
        """Cancel or end it."""
        ...

    def minutes(self, interface: str, month: Period | None) -> MinutesView:
        """One interface's month; the first interface and this month by default."""
        ...

    def mark_preview(self, interface: str, begins: str, ends: str, klass: str) -> MarkPreview:
        """How these minutes are counted now.  Raises BadMoment, BadMark, NoSuchInterface."""
        ...

    def propose(
        self, token: Secret, interface: str, begins: str, ends: str, klass: str, why: str,
        seen: str,
    ) -> int:  # fmt: skip
        """Propose it; its number.  Raises PreviewChanged when they are counted otherwise now."""
        ...

    def mark(self, number: str) -> MarkPreview:
        """One mark.  Raises NoSuchMark."""
        ...

    def answer(self, token: Secret, number: str, *, yes: bool, why: str) -> None:
        """The other party's word."""
        ...


def make_router(desk: MinutesDesk, pages: Pages) -> APIRouter:
    """``/maintenance`` and ``/minutes``, with what is done there."""
    works, marks = WorksPages(desk, pages), MarkPages(desk, pages)
    router = APIRouter()
    for path, page in (
        ("/maintenance", works.all),
        ("/maintenance/new", works.preview),
        ("/maintenance/{number}/cancel", works.cancel_preview),
        ("/minutes", marks.month),
        ("/minutes/marks/new", marks.preview),
        ("/minutes/marks/{number}", marks.one),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    posts = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    for path, act in (
        ("/maintenance/new", works.plan),
        ("/maintenance/{number}/cancel", works.cancel),
        ("/minutes/marks/new", marks.propose),
        ("/minutes/marks/{number}", marks.answer),
    ):
        posts.add_api_route(path, act, methods=["POST"], response_model=None)
    router.include_router(posts)
    return router


class _Shown:
    def __init__(self, desk: MinutesDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def _page(self, request: Request, template: str, **values: object) -> Response:
        said = take_said(request)
        shown = {"said": said, "iso": _iso, **values}
        response = self._pages.page(request, template, shown, now_us=self._desk.now_us())
        if said:
            forget_said(response)
        return response


class WorksPages(_Shown):
    """计划维护."""

    def all(self, request: Request) -> Response:
        """What is planned, and the form to plan."""
        return self._page(request, "maintenance.html", found=self._desk.works())

    def preview(
        self, request: Request, *, interface: Text, begins: Text, ends: Text
    ) -> Response:  # fmt: skip
        """What it would do."""
        seen = self._desk.plan_preview(interface, begins, ends)
        return self._page(request, "maintenance-act.html", seen=seen)

    def plan(
        self, request: Request, *, interface: Short, begins: Short, ends: Short, token: Token,
        reason: Reason = "",
    ) -> Response:  # fmt: skip
        """One person of the centre, with a reason."""
        number = self._desk.plan(secret_of(token), interface, begins, ends, needed(reason))
        return send_back(request, "/maintenance", _said(request, "planned_said", number))

    def cancel_preview(self, request: Request, number: str) -> Response:
        """What cancelling does."""
        seen = self._desk.cancel_preview(number)
        return self._page(request, "maintenance-act.html", seen=seen)

    def cancel(
        self, request: Request, *, number: str, token: Token, reason: Reason = ""
    ) -> Response:  # fmt: skip
        """One person of the centre, with a reason."""
        self._desk.cancel(secret_of(token), number, needed(reason))
        return send_back(request, "/maintenance", _said(request, "cancelled_said", int(number)))


class MarkPages(_Shown):
    """分钟账与改归类."""

    def month(self, request: Request, *, interface: Text = "", month: Text = "") -> Response:
        """One interface's month as a calendar; classes add up."""
        view = self._desk.minutes(interface.strip(), Period.parse(month) if month else None)
        return self._page(request, "minutes.html", view=view, weeks=_weeks(view), kinds=MARKABLE)

    def preview(
        self, request: Request, *, interface: Text, begins: Text, ends: Text, klass: Text
    ) -> Response:
        """How the minutes are counted now, and how they would be."""
        seen = self._desk.mark_preview(interface, begins, ends, klass)
        return self._page(request, "mark.html", seen=seen)

    def propose(
        self, request: Request, *, interface: Short, begins: Short, ends: Short, klass: Short,
        token: Token, reason: Reason = "", seen: Seen = "",
    ) -> Response:  # fmt: skip
        """One party's word."""
        number = self._desk.propose(
            secret_of(token), interface, begins, ends, klass, needed(reason), seen
        )
        where = f"/minutes/marks/{number}"
        return send_back(request, where, _said(request, "proposed_said", number))

    def one(self, request: Request, number: str) -> Response:
        """One mark, and the form that answers it."""
        return self._page(request, "mark.html", seen=self._desk.mark(number))

    def answer(
        self, request: Request, *, number: str, token: Token,
        answer: Annotated[str, Form(pattern="^(sign|refuse)$")], reason: Reason = "",
    ) -> Response:  # fmt: skip
        """The other party's word."""
        self._desk.answer(secret_of(token), number, yes=answer == "sign", why=needed(reason))
        where = f"/minutes/marks/{int(number)}"
        return send_back(request, where, _said(request, "answered_said", int(number)))


def _said(request: Request, key: str, number: int) -> str:
    return Words(language_of(request))(f"minutes.{key}", n=number)


def _weeks(view: MinutesView) -> list[list[object]]:
    """Monday first, with blanks before and after."""
    days = view.month.days
    cells: list[object] = [None] * days[0].day.weekday()
    cells += days
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _iso(instant: int) -> str:
    """``2025-10-14 22:00:00``: what a form carries."""
    return f"{from_us(instant):%Y-%m-%d %H:%M:%S}"
