"""The listening half of the door: HTTP requests of partners, handed on as they came.

Knows routes and limits, no partner: who is believed, and what is answered, is decided by what is
handed in.  Content types are not looked at: partners send JSON as text/plain and worse.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn
from starlette.concurrency import run_in_threadpool

from hub.kernel.errors import Misconfigured
from hub.kernel.logs import get_logger
from hub.ports.entry import BrowserRequest
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.wire.listening import free_port
from hub.wire.together import Together

_log = get_logger(__name__)

Take = Callable[[InboundRequest], InboundAnswer]
Browse = Callable[[BrowserRequest], InboundAnswer]
Say = Callable[[str, int], InboundAnswer]
"""(route, status) → what a caller is told of a request that is not even looked at."""
Page = tuple[str, bytes | Callable[[], bytes]]
"""A content type and a document, or what makes it each time."""
_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_BODY_S = 15.0
"""How long a request's body may take to arrive."""
_AT_ONCE = 8
_WAITING = 200
"""Requests looked at at once, and open at once: one partner's burst waits, a flood is refused."""
_GRACE_S = 5
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


class ListenPortTaken(Misconfigured):
    """The receiving port is taken by another program."""

    code = "wire.listen_port_taken"
    hint = "Choose another inbound_port in hub.toml, or end the program that holds it."


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class InboundApp:
    """The ASGI application: POST on known routes, each with its body limit; GET on few.

    ``take`` is called in a thread and may block, or is one that takes requests ``Together``; if it
    raises, the caller gets a bare 500.
    ``say`` words what this class refuses by itself (404, 405, 408, 413, 500); ``pages`` are
    documents that anybody may GET; ``browsed`` are paths that ``browse`` answers, with the longest
    query there.
    """

    def __init__(
        self, take: Take | Together, routes: Mapping[str, int], say: Say | None = None,
        pages: Mapping[str, Page] | None = None, browse: Browse | None = None,
        browsed: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        self._take = take
        self._browse, self._browsed = browse, dict(browsed or {})
        self._routes = dict(routes)
        self._say = say or _bare
        self._pages = dict(pages or {})
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Mapping[str, Any], receive: _Receive, send: _Send) -> None:
        """See ASGI 3."""
        if scope["type"] != "http":
            return
        unread = False
        try:
            answer = await self._answer(scope, receive)
        except _Refused as no:
            answer = self._say(str(scope["path"]), no.status)
            unread = no.status in (405, 408, 413)
        except Exception:  # noqa: BLE001  whatever broke is ours: never told to the caller
            _log.exception("inbound request failed", path=str(scope["path"])[:120])
            answer = self._say(str(scope["path"]), 500)
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        if unread:
            headers["Connection"] = "close"  # a body may still be on its way
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Mapping[str, Any], receive: _Receive) -> InboundAnswer:
        route = str(scope["path"])
        if scope["method"] == "GET" and route in self._pages:
            kind, content = self._pages[route]
            said = content if isinstance(content, bytes) else content()
            return InboundAnswer(200, {"Content-Type": kind}, said)
        if self._browse is not None and route in self._browsed:
            return await self._browsed_one(self._browse, scope, route)
        limit = self._routes.get(route)
        if limit is None:
            raise _Refused(404)
        if scope["method"] != "POST":
            raise _Refused(405)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        body = await _body(receive, headers.get("content-length", ""), limit)
        client = scope.get("client") or ("", 0)
        request = InboundRequest(route, headers, body, str(client[0]))
        if isinstance(self._take, Together):
            return await self._take(request)
        async with self._turns:
            return await run_in_threadpool(self._take, request)

    async def _browsed_one(
        self, browse: Browse, scope: Mapping[str, Any], route: str
    ) -> InboundAnswer:
        # GET alone: what looks at links before people do asks with HEAD, and must use nothing up.
        if scope["method"] != "GET":
            raise _Refused(405)
        query = bytes(scope["query_string"])
        if len(query) > self._browsed[route]:
            raise _Refused(414)
        client = scope.get("client") or ("", 0)
        request = BrowserRequest(route, query.decode("latin-1"), str(client[0]))
        async with self._turns:
            return await run_in_threadpool(browse, request)


def _bare(_route: str, status: int) -> InboundAnswer:
    return InboundAnswer(status, _PLAIN, str(status).encode())


async def _body(receive: _Receive, announced: str, limit: int) -> bytes:
    if announced.isdigit() and int(announced[:18]) > limit:
        raise _Refused(413)
    found = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Refused(400)
                found += message.get("body", b"")
                if len(found) > limit:
                    raise _Refused(413)
                if not message.get("more_body"):
                    return bytes(found)
    except TimeoutError:
        raise _Refused(408) from None


class HttpListener:
    """The application on a port, in a thread of its own.  ``port`` 0 takes any free one."""

    def __init__(
        self, take: Take | Together, routes: Mapping[str, int], *, host: str, port: int,
        say: Say | None = None, pages: Mapping[str, Page] | None = None,
        browse: Browse | None = None, browsed: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Raises ListenPortTaken."""
        chosen = free_port(port, host)
        if chosen is None:
            raise ListenPortTaken(f"port {port} is taken")
        self.port = chosen
        self.address = f"http://{host}:{chosen}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                InboundApp(take, routes, say, pages, browse, browsed),
                host=host,
                port=chosen,
                ws="none",
                lifespan="off",
                log_config=None,  # the hub's own logging is set up already
                access_log=False,
                server_header=False,
                # The proxy before us is on this machine; what it appends is who called it.
                proxy_headers=True,
                forwarded_allow_ips=["127.0.0.1", "::1"],
                limit_concurrency=_WAITING,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._thread = threading.Thread(target=self._server.run, name="inbound", daemon=True)

    def start(self) -> None:
        """Listen; raises ListenPortTaken when that cannot be."""
        self._thread.start()
        while self._thread.is_alive() and not self._server.started:
            threading.Event().wait(0.01)
        if not self._server.started:
            raise ListenPortTaken(f"{self.address} cannot be listened on")

    def stop(self) -> None:
        """Take nothing new, let what is being answered end."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(_GRACE_S + 2)
