"""What stands between the network and the pages: hosts, headers, and who may send a form.

A forged form could ride on a session, or on a personal token that a browser has filled in.  So a
form counts only when the browser
says it came from this site (Sec-Fetch-Site, Origin) **and** it repeats a random value that only
this site's own page could know (double submit, SameSite=Strict).
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.errors import BadInput, HubError, NotAllowed, Retry, Unavailable

CSRF_COOKIE = "hub_form"
CSRF_FIELD = "form_key"
MAX_BODY = 32 * 1024
"""Bytes of a form: a token, a digest and a sentence are far below it."""

SECURITY_HEADERS = {
    # No inline script or style, nothing from elsewhere, no frame around a form with a token.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        "img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class CrossSite(NotAllowed):
    """The form did not come from this hub's own page."""

    code: ClassVar[str] = "web.cross_site"
    hint: ClassVar[str] = "Reload the board and do it there; do not submit from another site."


class BadForm(BadInput):
    """The form is incomplete."""

    code: ClassVar[str] = "web.bad_form"
    hint: ClassVar[str] = "Go back and fill in the personal token and what is required."


class TooLarge(BadInput):
    """What was sent is too large."""

    code: ClassVar[str] = "web.too_large"
    status: ClassVar[int] = 413
    hint: ClassVar[str] = "Shorten what you wrote."


class NoPage(BadInput):
    """There is no such page."""

    code: ClassVar[str] = "web.no_page"
    status: ClassVar[int] = 404
    hint: ClassVar[str] = "Start again from the run board."


class Busy(Unavailable):
    """Too many are watching at once."""

    code: ClassVar[str] = "web.busy"
    retry: ClassVar[Retry] = Retry.LATER
    hint: ClassVar[str] = "Refresh later; the figures shown are those of when the page was opened."


def form_key(request: Request) -> str:
    """This browser's form key: the cookie's, or a fresh one that ``remember`` will set."""
    known = request.cookies.get(CSRF_COOKIE, "")
    if len(known) >= 32:
        return known
    fresh: str = getattr(request.state, "form_key", "") or secrets.token_urlsafe(32)
    request.state.form_key = fresh
    return fresh


def remember(request: Request, response: Response) -> None:
    """Give the browser its form key, if this request made one."""
    fresh = getattr(request.state, "form_key", "")
    if fresh:
        response.set_cookie(
            CSRF_COOKIE,
            fresh,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path="/",
        )


def check_same_site(request: Request) -> None:
    """Refuse a form that another site sent.  Raises CrossSite."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is None and origin is None:
        raise CrossSite("neither Origin nor Sec-Fetch-Site was sent; use the command line instead")
    if site is not None and site != "same-origin":
        raise CrossSite(f"Sec-Fetch-Site is {site[:20]!r}")
    # Scheme and port may differ behind a proxy that ends TLS; it must pass Host on as it came.
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise CrossSite("Origin is another site")


def check_form_key(request: Request, given: str) -> None:
    """Refuse a form without this browser's key.  Raises CrossSite."""
    known = request.cookies.get(CSRF_COOKIE, "")
    if not known or not hmac.compare_digest(known.encode(), given.encode()):
        raise CrossSite("the form's key is not this browser's; reload the page")


def _host_name(host: str) -> str:
    """The name in a Host header without its port; ``[::1]:80`` → ``[::1]``."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


class Guard:
    """Refuses hosts that are not ours (DNS rebinding) and bodies that say they are too large;
    puts the headers on every answer.

    A body that does not say its length is cut off by the acts' own limit.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Sequence[str],
        refuse: Callable[[Request, HubError], Response],
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    answered.setdefault(name, value)
                # A figure or a name must not stay in a shared cache; static files say their own.
                answered.setdefault("cache-control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        host = _host_name(headers.get("host", ""))
        if "*" not in self._hosts and host not in self._hosts:
            refusal = PlainTextResponse("web.wrong_host: not an address of this hub\n", 421)
            await refusal(scope, receive, guarded)
            return
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > MAX_BODY:
            await self._refuse(Request(scope), TooLarge())(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)
