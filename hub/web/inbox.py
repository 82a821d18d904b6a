"""The pages of what partners sent to us (来报): the list, and one message with our answer."""

from typing import Annotated, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from hub.app.hearing import InboundView
from hub.bus.inbox_looking import STATES, InboundFilter, InboundPage
from hub.kernel.secret import Secret
from hub.web import guard
from hub.web.acts import Reason, Token, needed, own_form, secret_of
from hub.web.duty import at_moment
from hub.web.model.items import AuditLine
from hub.web.render import Pages

PAGE_SIZE = 50
Word = Annotated[str, Query(max_length=80)]
Moment = Annotated[str, Query(max_length=30)]


class InboxDesk(Protocol):
    """Supplies these pages."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def interfaces(self) -> tuple[str, ...]:
        """Those that listen."""
        ...

    def inbound(self, wanted: InboundFilter, before: int | None, size: int) -> InboundPage:
        """One page; instants of the filter and of the rows in business time."""
        ...

    def one(self, number: str) -> tuple[InboundView, tuple[AuditLine, ...]]:
        """One, masked, with its audit.  Raises NoSuchMessage."""
        ...

    def raw(self, token: Secret, number: str, reason: str) -> tuple[str, str]:
        """Request and answer in their wording, for those allowed; the look is in the audit."""
        ...


def make_router(desk: InboxDesk, pages: Pages) -> APIRouter:
    """``/inbox`` and what lies below it."""
    shown = _Inbox(desk, pages)
    router = APIRouter()
    for path, page in (("/inbox", shown.all), ("/inbox/{number}", shown.one)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    posts = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    posts.add_api_route("/inbox/{number}/raw", shown.raw, methods=["POST"], response_model=None)
    router.include_router(posts)
    return router


class _Inbox:
    def __init__(self, desk: InboxDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def all(
        self, request: Request, *, interface: Word = "", state: Word = "", q: Word = "",
        since: Moment = "", until: Moment = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:  # fmt: skip
        """The list, newest first."""
        span = {"since": since.strip(), "until": until.strip()}
        wanted = InboundFilter(
            interface.strip(), state.strip(), q.strip(), at_moment(since), at_moment(until)
        )
        kept = {"interface": wanted.interface, "state": wanted.state, "q": wanted.text, **span}
        return self._page(
            request, "inbox.html", found=self._desk.inbound(wanted, before, PAGE_SIZE),
            wanted=wanted, span=span, before=before, states=STATES,
            interfaces=self._desk.interfaces(), link=lambda **change: _link(kept | change),
        )  # fmt: skip

    def one(self, request: Request, number: str) -> Response:
        """One message: what it says masked, our answer, what became of it."""
        view, audit = self._desk.one(number)
        return self._page(request, "inbound.html", view=view, audit=audit)

    def raw(self, request: Request, *, number: str, token: Token, reason: Reason = "") -> Response:
        """The wording, for those allowed."""
        came, sent = self._desk.raw(secret_of(token), number, needed(reason))
        return self._page(request, "inbound_raw.html", number=number, came=came, sent=sent)

    def _page(self, request: Request, template: str, **values: object) -> Response:
        return self._pages.page(request, template, values, now_us=self._desk.now_us())


def _link(query: dict[str, object]) -> str:
    kept = urlencode({name: value for name, value in query.items() if value})
    return "/inbox" + (f"?{kept}" if kept else "")
