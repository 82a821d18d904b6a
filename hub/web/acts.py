"""What can be ordered from the board: submit a plan, confirm or refuse.

Each act takes the person's token from the form, or the session of whoever has signed in, hands
it to the desk and forgets it: a personal token goes into no cookie, no address, no log and no
page.  After an act the browser is sent back to the board with one line on what happened.
"""

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.web import guard
from hub.web.gate import session_of
from hub.web.guard import BadForm
from hub.web.model import Desk
from hub.web.render import language_of
from hub.web.words import Words

SAID_COOKIE = "hub_said"
SAID_S = 60
SAID_MAX = 300
"""Characters of the line; a cookie holds 4 KB, a Chinese character takes four of them."""


def shown_token(
    request: Request, token: Annotated[str, Form(max_length=512)] = ""
) -> str:  # fmt: skip
    """What proves who acts: the token that was typed, else the browser's session, else nothing."""
    session = session_of(request)
    return token.strip() or (session.reveal() if session is not None else "")


Token = Annotated[str, Depends(shown_token)]
Reason = Annotated[str, Form(max_length=200)]
Short = Annotated[str, Form(max_length=128)]
Month = Annotated[str, Form(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""Which board to go back to."""


async def own_form(request: Request, form_key: Annotated[str, Form(max_length=128)] = "") -> None:
    """Refuse a form that this hub's own page did not send to this browser."""
    guard.check_same_site(request)
    guard.check_form_key(request, form_key)


def make_router(desk: Desk) -> APIRouter:
    """The acting routes over one desk."""
    acting = Acting(desk)
    router = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    for path, act in (
        ("/runs/{month}/plans/{wave}/submit", acting.submit),
        ("/approvals/{approval}/confirm", acting.confirm),
        ("/approvals/{approval}/refuse", acting.refuse),
    ):
        router.add_api_route(path, act, methods=["POST"], response_model=None)
    return router


class Acting:
    """The acts; each answers by sending the browser back to the board."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def submit(
        self,
        request: Request,
        *,
        month: str,
        wave: int,
        digest: Short,
        token: Token,
        reason: Reason = "",
    ) -> Response:
        """The first of two: the plan with this digest is to be approved."""
        known = str(Period.parse(month))
        approval = self._desk.submit_plan(secret_of(token), known, wave, digest, reason.strip())
        return _back(request, known, Words(language_of(request))("act.submitted", id=approval))

    def confirm(
        self,
        request: Request,
        *,
        approval: str,
        month: Month,
        token: Token,
        reason: Reason = "",
    ) -> Response:
        """The second of two."""
        said = self._desk.confirm(secret_of(token), approval, reason.strip())
        return _back(request, month, said)

    def refuse(
        self,
        request: Request,
        *,
        approval: str,
        month: Month,
        token: Token,
        reason: Reason = "",
    ) -> Response:
        """The second of two says no, and why."""
        said = self._desk.refuse(secret_of(token), approval, needed(reason))
        return _back(request, month, said)


def take_said(request: Request) -> str:
    """The line the last act left, or nothing."""
    try:
        return base64.urlsafe_b64decode(request.cookies.get(SAID_COOKIE, "")).decode()[:SAID_MAX]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def forget_said(response: Response) -> None:
    """It has been shown."""
    response.delete_cookie(SAID_COOKIE, path="/", httponly=True, samesite="strict")


def secret_of(token: str) -> Secret:
    """A token from a form; raises BadForm without one."""
    clean = token.strip()
    if not clean:
        raise BadForm("the personal token is missing")
    return Secret(clean)


def needed(reason: str) -> str:
    """A reason from a form; raises BadForm without one."""
    clean = reason.strip()
    if not clean:
        raise BadForm("a reason is required")
    return clean


def _back(request: Request, month: str, said: str) -> Response:
    """See the board, which shows the line."""
    return send_back(request, f"/runs/{month}", said)


def send_back(request: Request, where: str, said: str) -> Response:
    """See a page of this hub, which shows the line."""
    response = RedirectResponse(where, 303)
    response.set_cookie(
        SAID_COOKIE,
        base64.urlsafe_b64encode(said[:SAID_MAX].encode()).decode(),
        max_age=SAID_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response
