"""值班表: who is on duty, the gaps ahead, how people are reached, and what is changed there."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from hub.app.duty_acts import DutyBoard
from hub.kernel.secret import Secret
from hub.monitor.duty import Rung
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
from hub.web.render import Pages


class RosterDesk(Protocol):
    """Supplies the page; every method may raise a HubError."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def board(self) -> DutyBoard:
        """The list from now on."""
        ...

    def set(
        self, token: Secret, rung: str, login: str, begins: str, ends: str, shift: str, why: str
    ) -> str:
        """Put somebody on a rung; one line on it."""
        ...

    def swap(
        self, token: Secret, one: str, other: str, begins: str, ends: str, why: str
    ) -> str:  # fmt: skip
        """Two people change places; one line on it."""
        ...

    def reach(self, token: Secret, login: str, way: str, to: Secret, why: str) -> str:
        """How a person is reached; one line on it."""
        ...


def make_router(desk: RosterDesk, pages: Pages) -> APIRouter:
    """``/duty`` and what is done there."""

    def shown(request: Request) -> Response:
        """The list."""
        said = take_said(request)
        values = {"said": said, "board": desk.board(), "rungs": tuple(Rung)}
        response = pages.page(request, "roster.html", values, now_us=desk.now_us())
        if said:
            forget_said(response)
        return response

    def put(
        request: Request, *, rung: Short, login: Short, begins: Short, ends: Short, token: Token,
        shift: Short = "", reason: Reason = "",
    ) -> Response:  # fmt: skip
        """Put somebody on a rung."""
        why = needed(reason)
        return send_back(
            request, "/duty", desk.set(secret_of(token), rung, login, begins, ends, shift, why)
        )

    def swap(
        request: Request, *, one: Short, other: Short, begins: Short, ends: Short, token: Token,
        reason: Reason = "",
    ) -> Response:  # fmt: skip
        """Two people change places."""
        why = needed(reason)
        return send_back(
            request, "/duty", desk.swap(secret_of(token), one, other, begins, ends, why)
        )

    def reach(
        request: Request, *, login: Short, way: Annotated[str, Form(pattern="^(sms|mail)$")],
        token: Token, to: Short = "", reason: Reason = "",
    ) -> Response:  # fmt: skip
        """How a person is reached."""
        why = needed(reason)
        said = desk.reach(secret_of(token), login, way, Secret(to), why)
        return send_back(request, "/duty", said)

    router = APIRouter()
    router.add_api_route("/duty", shown, methods=["GET", "HEAD"], response_model=None)
    posts = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    for path, act in (("/duty/set", put), ("/duty/swap", swap), ("/duty/reach", reach)):
        posts.add_api_route(path, act, methods=["POST"], response_model=None)
    router.include_router(posts)
    return router
