"""Framed TCP out: one short connection per call, a length in front of every message.

What is certain when a call breaks is as in ``hub.wire.http``: until the first byte is handed to
the socket nothing left this machine (LineNotSent), from then on it may have (LineUnknown).
Nothing is repeated here.
"""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import httpcore

from hub.kernel.errors import Misconfigured
from hub.ports.line import DriftNotes, ReplyTooLong, ReplyUnreadable
from hub.wire.calls import MAX_REPLY, OpenCall
from hub.wire.deadline import Deadline, DeadlineBackend
from hub.wire.recorder import CallRecorder
from hub.wire.trust import Sightings, trust_store

_CHUNK = 65_536
_CLOSING_S = 0.05
"""How long a partner may take to close after its answer: it is looked at for bytes that nobody
announced, and one that leaves the closing to us is not waited for any longer."""


_NO_HOST = (OSError, UnicodeError)
"""Looking a name up fails in either way, and httpcore passes the second on as it is."""


class _Ended(Exception):
    """The partner closed before its frame was whole."""


@dataclass(frozen=True, slots=True)
class Address:
    """``tcp://host:port``, or ``tls://host:port``."""

    host: str
    port: int
    secured: bool

    @classmethod
    def of(cls, name: str, url: str) -> Self:
        """Raises Misconfigured for what is no such address; ``name`` is the endpoint's."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        bare = host and port and not (parts.path.strip("/") or parts.query or parts.username)
        if not bare or parts.scheme not in ("tcp", "tls"):
            raise Misconfigured(f"endpoint {name}: {url!r} is no tcp:// or tls:// host and port")
        return cls(str(host), int(port or 0), parts.scheme == "tls")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'TLS' if self.secured else 'TCP'} {host}:{self.port}"


class FramedPartner:
    """One partner's framed ports; shared by threads.  Parameters as ``HttpPartner``'s.

    ``connections`` is how many calls may be under way at once; one more waits ``connect_s``.
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
        sightings: Sightings | None = None,
    ) -> None:
        self.addresses = {name: Address.of(name, url) for name, url in endpoints.items()}
        self.timeout_s = timeout_s
        self.max_reply = max_reply
        self.deadline = Deadline()
        self._connect_s = min(connect_s, timeout_s)
        self._context = context or trust_store()
        self._backend = DeadlineBackend(self.deadline, sightings or Sightings())
        self._places = threading.BoundedSemaphore(connections)

    def open_line(self, recorder: CallRecorder) -> "FramedLine":
        """A line for one attempt."""
        return FramedLine(self, recorder)

    def close(self) -> None:
        """Nothing is kept between calls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def connected(self, address: Address) -> Iterator[httpcore.NetworkStream]:
        """A connection of its own for the time of one call; TLS is made when this begins."""
        left = self.deadline.left(self._connect_s, httpcore.ConnectTimeout)
        if not self._places.acquire(timeout=left):
            raise httpcore.PoolTimeout("every connection is busy")
        try:
            stream = self._backend.connect_tcp(address.host, address.port, self._connect_s)
            try:
                if address.secured:
                    stream = stream.start_tls(self._context, address.host, self._connect_s)
                yield stream
            finally:
                stream.close()
        finally:
            self._places.release()


@dataclass(slots=True)
class FramedLine:
    """One attempt's way to one partner over framed TCP (``hub.ports.line.Line.exchange``)."""

    partner: FramedPartner
    recorder: CallRecorder
    drift: DriftNotes = field(default_factory=DriftNotes)

    def exchange(
        self,
        step: str,
        *,
        endpoint: str,
        request: bytes,
        head: int,
        length_of: Callable[[bytes], int],
        effect: bool = False,
    ) -> bytes:
        """See Line.exchange.  Also raises Misconfigured for a missing endpoint."""
        if endpoint not in self.partner.addresses:
            raise Misconfigured(f"hub.toml names no address for the endpoint {endpoint!r}")
        address = self.partner.addresses[endpoint]
        call = OpenCall.begin(
            self.recorder, step, effect=effect, target=str(address), request=request,
            timeout_s=self.partner.timeout_s,
        )  # fmt: skip
        try:
            with (
                self.partner.deadline.within(self.partner.timeout_s),
                self.partner.connected(address) as stream,
            ):
                self._converse(stream, call, head, length_of)
        except ReplyUnreadable as error:
            call.unreadable(error)
            raise
        except (httpcore.NetworkError, httpcore.TimeoutException, _Ended, *_NO_HOST) as error:
            raise call.broken(error) from error
        call.answered()
        return bytes(call.came)

    def _converse(
        self,
        stream: httpcore.NetworkStream,
        call: OpenCall,
        head: int,
        length_of: Callable[[bytes], int],
    ) -> None:
        call.sending = True
        stream.write(call.request)
        _receive(stream, call.came, head, "head")
        whole = head + self._announced(bytes(call.came[:head]), head, length_of)
        _receive(stream, call.came, whole, "body")
        if len(call.came) == whole:
            # Whatever happens from here on: the answer is whole.
            with suppress(httpcore.NetworkError, httpcore.TimeoutException):
                call.came += stream.read(_CHUNK, _CLOSING_S)
        if len(call.came) > whole:
            raise ReplyUnreadable(f"more came than the {whole} bytes that the head announces")

    def _announced(self, said: bytes, head: int, length_of: Callable[[bytes], int]) -> int:
        try:
            length = length_of(said)
        except ValueError as error:
            raise ReplyUnreadable("the head of the answer announces no length") from error
        if length < 0:
            raise ReplyUnreadable("the head of the answer announces a negative length")
        if head + length > self.partner.max_reply:
            raise ReplyTooLong(f"the answer is longer than {self.partner.max_reply} bytes")
        return length


def _receive(stream: httpcore.NetworkStream, came: bytearray, until: int, part: str) -> None:
    while len(came) < until:
        more = stream.read(_CHUNK)
        if not more:
            raise _Ended(f"closed after {len(came)} of {until} bytes, in the {part}")
        came += more
