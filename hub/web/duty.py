"""The pages of the operators on duty: channels, messages, dead letters, acts, confirmations.

Every act is a page of its own at ``/acts/ACT/SUBJECT``: what will happen now, and the form.  The
form carries what was shown; when that has changed meanwhile, nothing is done, and the page says
what changed.
"""

import json
from datetime import datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from hub.bus.looking import MessageFilter
from hub.bus.preview import Preview, PreviewChanged
from hub.bus.values import InquiryFirst, WrongState
from hub.kernel.clocks import SHANGHAI, to_us
from hub.kernel.errors import BadInput
from hub.people.errors import PayloadChanged
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
)
from hub.web.model.duty import DutyDesk
from hub.web.render import Pages, language_of
from hub.web.sentences import say, say_change
from hub.web.words import Words

PAGE_SIZE = 50
Seen = Annotated[str, Form(max_length=2000)]
Word = Annotated[str, Query(max_length=80)]
Moment = Annotated[str, Query(max_length=30)]


class BadMoment(BadInput):
    """This is not a day or a moment."""

    code = "web.bad_moment"
    hint = "Write 2025-10-09 or 2025-10-09 09:30, in business time."


def at_moment(text: str) -> int | None:
    """``2025-10-09T09:30`` of business time as µs UTC; None for nothing.  Raises BadMoment."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return to_us(moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI))
    except (ValueError, OverflowError):
        raise BadMoment(f"not a moment: {text.strip()!r}") from None


def make_router(desk: DutyDesk, pages: Pages) -> APIRouter:
    """All routes over one desk."""
    reading = Reading(desk, pages)
    router = APIRouter()
    for path, page in (
        ("/channels", reading.channels),
        ("/messages", reading.messages),
        ("/messages/{number}", reading.message),
        ("/dead", reading.dead),
        ("/approvals", reading.approvals),
        ("/approvals/{number}", reading.approval),
        ("/acts/{act}/{subject}", reading.act),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    acting = Acting(desk, reading)
    posts = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    for path, act in (
        ("/acts/{act}/{subject}", acting.order),
        ("/approvals/{number}", acting.answer),
        ("/messages/{number}/raw", acting.raw),
    ):
        posts.add_api_route(path, act, methods=["POST"], response_model=None)
    router.include_router(posts)
    return router


class Reading:
    """The pages."""

    def __init__(self, desk: DutyDesk, pages: Pages) -> None:
        self.desk = desk
        self._pages = pages

    def show(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> Response:
        """One page, with the line the last act left."""
        said, words = take_said(request), Words(language_of(request))
        more = {
            "said": said,
            "say": lambda line: say(words, line),
            "say_change": lambda change: say_change(words, change),
        }
        response = self._pages.page(
            request, template, {**more, **values}, status=status, now_us=self.desk.now_us()
        )
        if said:
            forget_said(response)
        return response

    def channels(self, request: Request) -> Response:
        """Every interface: its switch, its queue."""
        return self.show(request, "channels.html", channels=self.desk.channels())

    def messages(
        self,
        request: Request,
        *,
        interface: Word = "",
        kind: Word = "",
        state: Word = "",
        group: Word = "",
        q: Word = "",
        since: Moment = "",
        until: Moment = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:
        """The list, newest first; ``since`` and ``until`` in business time."""
        wanted = MessageFilter(
            interface=interface.strip(), kind=kind.strip(), state=state.strip(),
            group=group.strip(), text=q.strip(), since_us=at_moment(since),
            until_us=at_moment(until),
        )  # fmt: skip
        found = self.desk.messages(wanted, before, PAGE_SIZE)
        span = {"since": since.strip(), "until": until.strip()}
        return self.show(
            request, "messages.html", found=found, wanted=wanted, before=before, span=span,
            facets=self.desk.message_facets(),
            link=lambda **change: _link(wanted, **span, **change),
        )  # fmt: skip

    def message(self, request: Request, number: str) -> Response:
        """One message's whole life."""
        return self.show(request, "message.html", view=self.desk.message(number))

    def dead(self, request: Request) -> Response:
        """待人工处理."""
        return self.show(request, "dead.html", letters=self.desk.dead())

    def approvals(self, request: Request) -> Response:
        """What waits for a second person."""
        return self.show(
            request, "approvals.html", waiting=self.desk.waiting(), ended=self.desk.ended()
        )

    def approval(self, request: Request, number: str, *, status: int = 200) -> Response:
        """One request, with its preview as of now."""
        one = self.desk.approval(number)
        return self.show(request, "approval.html", one=one, status=status)

    def act(self, request: Request, act: str, subject: str) -> Response:
        """What an act will do, and its form."""
        return self.preview(request, self.desk.look(act, subject))

    def preview(
        self, request: Request, preview: Preview, *, seen: str = "", status: int = 200
    ) -> Response:
        """The page of a preview; with what changed since ``seen``."""
        moved = self.desk.moved_since(seen, preview) if seen else ()
        return self.show(
            request, "act.html", status=status, preview=preview, moved=moved, refused=bool(seen),
            seen=json.dumps(dict(preview.binding), ensure_ascii=False, sort_keys=True),
            back=back_to(preview),
        )  # fmt: skip


class Acting:
    """What is ordered from those pages."""

    def __init__(self, desk: DutyDesk, reading: Reading) -> None:
        self._desk = desk
        self._reading = reading

    def order(
        self,
        request: Request,
        *,
        act: str,
        subject: str,
        token: Token,
        reason: Reason = "",
        evidence: Reason = "",
        seen: Seen = "",
    ) -> Response:
        """Have it done or ask the second person; what moved is shown, nothing done."""
        try:
            done = self._desk.order(secret_of(token), act, subject, needed(reason), seen, evidence)
        except (PreviewChanged, WrongState):
            now = self._desk.look(act, subject)
            return self._reading.preview(request, now, seen=seen or "{}", status=409)
        where = "/approvals" if done.approval is not None else back_to(done.preview)
        return send_back(request, where, done.text)

    def answer(
        self,
        request: Request,
        *,
        number: str,
        token: Token,
        answer: Annotated[str, Form(pattern="^(confirm|refuse)$")],
        reason: Reason = "",
        seen: Seen = "",
    ) -> Response:
        """The second person's yes or no."""
        secret = secret_of(token)
        if answer == "refuse":
            said = self._desk.refuse(secret, number, needed(reason))
            return send_back(request, "/approvals", said)
        try:
            said = self._desk.confirm_seen(secret, number, reason.strip(), seen)
        except (PreviewChanged, PayloadChanged, WrongState, InquiryFirst):
            return self._reading.approval(request, number, status=409)
        return send_back(request, "/approvals", said)

    def raw(
        self,
        request: Request,
        *,
        number: str,
        try_no: Annotated[int, Form(ge=1, le=10**9)],
        call_no: Annotated[int, Form(ge=1, le=10**9)],
        token: Token,
        reason: Reason = "",
    ) -> Response:
        """The wording of one call, for those allowed; the look is in the audit."""
        sent, came = self._desk.raw(secret_of(token), number, try_no, call_no, needed(reason))
        return self._reading.show(
            request, "raw.html", number=number, try_no=try_no, call_no=call_no, sent=sent, came=came
        )


def back_to(preview: Preview) -> str:
    """The page an act belongs to."""
    if preview.act.startswith("message."):
        return f"/messages/{quote(preview.subject, safe='')}"
    if preview.act.startswith("agreement."):
        return f"/agreements/{quote(preview.subject, safe='')}"
    if preview.act.startswith("case."):
        return f"/cases/{quote(preview.subject, safe='')}"
    return "/channels"


def _link(wanted: MessageFilter, **change: str | int) -> str:
    query: dict[str, str | int] = {
        "interface": wanted.interface, "kind": wanted.kind, "state": wanted.state,
        "group": wanted.group, "q": wanted.text,
    }  # fmt: skip
    query.update(change)
    kept = urlencode({name: value for name, value in query.items() if value})
    return "/messages" + (f"?{kept}" if kept else "")
