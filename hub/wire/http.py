"""HTTP out: one client per partner, one line per attempt.  The only module that knows httpx.

What is certain when a call breaks: nothing left this machine (LineNotSent), or some of it may
have (LineUnknown).  Redirects are not followed, the environment's proxies are not used, no call
is repeated here.
"""

import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpcore
import httpx

from hub.kernel.errors import Misconfigured
from hub.ports.line import DriftNotes, HttpReply, ReplyTooLong, ReplyUnreadable
from hub.wire.calls import MAX_REPLY, OpenCall
from hub.wire.deadline import Deadline, DeadlineBackend
from hub.wire.recorder import CallRecorder
from hub.wire.trust import Sightings, trust_store

KEEPALIVE_S = 5.0
"""Below what servers commonly keep (15 s and up), so that a connection is rarely closed under a
request that has just been written to it: such a call ends unknown."""

_SURE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


_HEADERS = {"user-agent": "hpf-hub", "accept": "*/*", "accept-encoding": "identity"}
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Codings a partner may use unasked → zlib's window bits."""


class _Transport(httpx.HTTPTransport):
    """httpx's transport over a pool whose sockets obey the call's deadline."""

    def __init__(
        self, context: ssl.SSLContext, limits: httpx.Limits, backend: DeadlineBackend
    ) -> None:
        super().__init__(verify=context, trust_env=False, limits=limits)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=backend,
        )


class HttpPartner:
    """The connections to one partner; shared by threads, closed once.

    ``endpoints``: the contract's endpoint names → base URLs.  ``timeout_s`` is the longest one
    call may take from its first byte to its answer's last, ``connect_s`` its share for
    connecting.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        *,
        timeout_s: float = 30.0,
        connect_s: float = 5.0,
        connections: int = 8,
        context: ssl.SSLContext | None = None,
        max_reply: int = MAX_REPLY,
        default_headers: Mapping[str, str] | None = None,
        sightings: Sightings | None = None,
    ) -> None:
        for name, url in endpoints.items():
            if not url.startswith(("http://", "https://")):
                raise Misconfigured(f"endpoint {name}: {url!r} is no http(s) address")
        self.endpoints = {name: url.rstrip("/") for name, url in endpoints.items()}
        self.timeout_s = timeout_s
        self.max_reply = max_reply
        self.deadline = Deadline()
        limits = httpx.Limits(
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEPALIVE_S,
        )
        self.client = httpx.Client(
            transport=_Transport(
                context or trust_store(),
                limits,
                DeadlineBackend(self.deadline, sightings or Sightings()),
            ),
            timeout=httpx.Timeout(timeout_s, connect=min(connect_s, timeout_s), pool=connect_s),
            headers=_HEADERS | dict(default_headers or {}),
            follow_redirects=False,
            trust_env=False,
        )

    def open_line(self, recorder: CallRecorder) -> "HttpLine":
        """A line for one attempt."""
        return HttpLine(self, recorder)

    def close(self) -> None:
        """Close every connection."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True)
class HttpLine:
    """One attempt's way to one partner over HTTP (hub.ports.line.Line)."""

    partner: HttpPartner
    recorder: CallRecorder
    drift: DriftNotes = field(default_factory=DriftNotes)

    def post(
        self,
        step: str,
        *,
        endpoint: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> HttpReply:
        """See Line.post.  Also raises ReplyTooLong, and Misconfigured for a missing endpoint."""
        return self._call("POST", step, endpoint, path, body, headers, query, effect=effect)

    def browse(self, step: str, *, endpoint: str, path: str, query: str) -> HttpReply:
        """A page as a browser opens it, a redirect not followed; raises what ``post`` does.

        ``query`` as it stands behind the question mark; nowhere is it kept.
        """
        return self._call("GET", step, endpoint, f"{path}?{query}", b"", {}, {}, effect=False)

    def _call(
        self,
        method: str,
        step: str,
        endpoint: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None,
        query: Mapping[str, str] | None,
        *,
        effect: bool,
    ) -> HttpReply:
        url = self._url(endpoint, path)
        request = self.partner.client.build_request(
            method, url, content=body, headers=dict(headers or {}), params=dict(query or {}) or None
        )
        call = OpenCall.begin(
            self.recorder, step, effect=effect, target=f"{method} {url.partition('?')[0]}",
            request=body, timeout_s=self.partner.timeout_s,
        )  # fmt: skip
        request.extensions["trace"] = _noting(call)
        try:
            reply = self._exchange(request, call)
        except ReplyUnreadable as error:
            call.unreadable(error)
            raise
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            raise call.broken(error, sure=isinstance(error, _SURE)) from error
        call.answered()
        return reply

    def _url(self, endpoint: str, path: str) -> str:
        if endpoint not in self.partner.endpoints:
            raise Misconfigured(f"hub.toml names no address for the endpoint {endpoint!r}")
        return self.partner.endpoints[endpoint] + path

    def _exchange(self, request: httpx.Request, call: OpenCall) -> HttpReply:
        most = self.partner.max_reply
        with self.partner.deadline.within(self.partner.timeout_s):
            response = self.partner.client.send(request, stream=True)
            call.status = response.status_code
            try:
                for part in response.iter_raw():
                    call.came += part
                    if len(call.came) > most:
                        raise ReplyTooLong(f"the answer is longer than {most} bytes")
            finally:
                response.close()
        headers = dict(response.headers.items())
        call.came = bytearray(_unpacked(call.came, headers.get("content-encoding"), most))
        return HttpReply(response.status_code, headers, bytes(call.came))


def _noting(call: OpenCall) -> Callable[[str, Mapping[str, Any]], None]:
    def note(name: str, _info: Mapping[str, Any]) -> None:
        if name.endswith("send_request_headers.started"):
            call.sending = True

    return note


def _unpacked(raw: bytearray, coding: str | None, most: int) -> bytes | bytearray:
    """The body without its content coding; the limit holds for what it unpacks to.

    Written out because httpx unpacks codings upon codings without a limit: a few kilobytes may
    become as many gigabytes.
    """
    name = (coding or "identity").strip().lower()
    if name == "identity":
        return raw
    if name not in _PACKED:
        raise ReplyUnreadable(f"the answer has the content coding {name[:40]!r}")
    unpacker = zlib.decompressobj(_PACKED[name])
    try:
        body = unpacker.decompress(bytes(raw), most)
    except zlib.error as error:
        raise ReplyUnreadable(f"the answer does not unpack: {error}") from error
    if unpacker.unconsumed_tail:
        raise ReplyTooLong(f"the answer unpacks to more than {most} bytes")
    if not unpacker.eof:
        raise ReplyUnreadable("the answer is packed, and ends in the middle")
    return body
