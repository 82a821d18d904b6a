"""Who is looking: the session a browser carries, and what is open without one.

A deployment that asks for it shows nothing to anybody who has not signed in but the sign-in page,
what a monitor asks, and the files that make a page look like one.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.kernel.errors import HubError
from hub.kernel.secret import Secret
from hub.people.errors import PeopleError, SessionOver
from hub.people.words import Party, Role
from hub.web import access

SESSION_COOKIE = "hub_session"
SIGN_IN = "/sign-in"
OPEN = (SIGN_IN, "/status", "/static", "/healthz", "/livez", "/readyz", "/metrics")
"""Paths, with what lies below them, that need no session."""


@dataclass(frozen=True, slots=True)
class Me:
    """Who has signed in, as pages say it: the masked name, party and roles in Chinese; ``side``
    and ``may`` are party and roles as rules know them."""

    login: str
    name: str
    party: str
    roles: tuple[str, ...]
    side: Party
    may: frozenset[Role]


class SignInDesk(Protocol):
    """Supplies sessions and the pages that open them."""

    def who(self, session: Secret) -> Me:
        """Whose session it is.  Raises PeopleError for one that is over."""
        ...

    def sign_in(self, login: str, password: Secret, code: str) -> Secret:
        """Answers the session.  Raises PeopleError."""
        ...

    def set_password(self, token: Secret, password: Secret) -> tuple[str, Secret, Secret, str]:
        """Login, the key for the device, the pass for the first code, the key as an SVG."""
        ...

    def enrol(self, enrol: Secret, code: str) -> Secret:
        """The first code; answers the session."""
        ...

    def sign_out(self, session: Secret) -> None:
        """End a session."""
        ...


viewer: ContextVar[Me | None] = ContextVar("viewer", default=None)
"""Who looks at the page that is being made."""


def session_of(request: Request) -> Secret | None:
    """What the browser carries."""
    found = request.cookies.get(SESSION_COOKIE, "")
    return Secret(found) if found else None


def inside(path: str) -> str:
    """A page of this hub to go to after signing in; the front page for anything else.

    Browsers read ``//host`` and ``/\\host`` as another site's address.
    """
    parts = urlsplit(path)
    strange = parts.scheme or parts.netloc or "\\" in path or not path.isprintable()
    if strange or not path.startswith("/") or path.startswith("//"):
        return "/"
    return "/" if parts.path.startswith(SIGN_IN) else path


class Gate:
    """Knows who looks; where ``needed``, sends everybody else to the sign-in page."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        desk: SignInDesk,
        needed: bool,
        refuse: Callable[[Request, HubError], Response],
    ) -> None:
        self._app, self._desk, self._needed, self._refuse = app, desk, needed, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        me = await self._who(request)
        if me is None and self._needed and not _is_open(scope):
            await self._send_away(request)(scope, receive, send)
            return
        room = access.room_of(scope["path"])
        mark = viewer.set(me)
        try:
            if me is not None and room is not None and not room.admits(me.side, me.may):
                refused = await run_in_threadpool(self._refuse, request, access.PageNotYours(room))
                await refused(scope, receive, send)
                return
            await self._app(scope, receive, send)
        finally:
            viewer.reset(mark)

    async def _who(self, request: Request) -> Me | None:
        session = session_of(request)
        if session is None:
            return None
        try:
            return await run_in_threadpool(self._desk.who, session)
        except PeopleError:
            return None

    def _send_away(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD") or "text/html" not in request.headers.get(
            "accept", ""
        ):
            return self._refuse(request, SessionOver())
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{SIGN_IN}?next={quote(request.url.path + query)}", 303)


def _is_open(scope: Mapping[str, Any]) -> bool:
    path = str(scope["path"])
    return any(path == one or path.startswith(f"{one}/") for one in OPEN)
