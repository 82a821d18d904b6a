"""The boundaries around one call, on each wire the hub speaks: HTTP (SOAP too), framed TCP, SFTP.

What is sent of a file is its rename: what was written before it, under a temporary name, has no
effect.  The partner has acted when the first byte of its answer is here.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from hub.bus import Effect, Message
from hub.bus.recorder import AttemptRecorder
from hub.wire.framed import Address, FramedPartner
from hub.wire.sftp_partner import SftpPartner
from tests.chaos.boundaries import Boundary
from tests.chaos.scythe import Scythe

if TYPE_CHECKING:
    from hub.wire.sftp_session import Credentials, Session

B = Boundary


class _Here(threading.local):
    """Per thread: the message being sent, and whether the call at hand is the one with effect."""

    message: Message | None = None
    effect_call = False


class Calls:
    """What each thread is sending; tells the scythe where its call has come to."""

    def __init__(self, scythe: Scythe) -> None:
        self._scythe = scythe
        self._here = _Here()

    @contextmanager
    def of(self, message: Message) -> Iterator[None]:
        """Calls of this thread are this message's."""
        self._here.message, self._here.effect_call = message, False
        try:
            yield
        finally:
            self._here.message = None

    def begins(self, *, effect: bool) -> None:
        """The next call is (not) the one with the effect."""
        self._here.effect_call = effect

    @property
    def counts(self) -> bool:
        """Of a message with an effect only the call that has it does; signing is nothing."""
        message = self._here.message
        return message is not None and (message.effect is Effect.READ or self._here.effect_call)

    @property
    def moves(self) -> bool:
        """Whether the call at hand has an effect."""
        return self._here.message is not None and self._here.effect_call

    def passing(self, boundary: Boundary) -> None:
        """The call at hand is at this boundary, if it counts."""
        message = self._here.message
        if message is not None and self.counts:
            self._scythe.passing(boundary, [message.kind], partner=message.interface)


def wrap_wires(calls: Calls) -> None:
    """Set the boundaries on every wire."""
    before = AttemptRecorder.before

    def recording(self: AttemptRecorder, step: str, *, effect: bool, timeout_s: float) -> None:
        before(self, step, effect=effect, timeout_s=timeout_s)
        calls.begins(effect=effect)

    AttemptRecorder.before = recording  # type: ignore[method-assign]
    _wrap_http(calls)
    _wrap_framed(calls)
    _wrap_sftp(calls)


def _wrap_http(calls: Calls) -> None:
    send = httpx.Client.send

    def sending(
        self: httpx.Client, request: httpx.Request, *args: Any, **named: Any
    ) -> httpx.Response:
        if calls.counts:
            calls.passing(B.BEFORE_SEND)
            told = request.extensions.get("trace") or (lambda *_: None)
            request.extensions["trace"] = _trace(calls, told)
        return send(self, request, *args, **named)

    httpx.Client.send = sending  # type: ignore[method-assign]


def _trace(calls: Calls, told: Callable[..., None]) -> Callable[..., None]:
    """httpcore's own trace, with the two boundaries between request and answer."""

    def told_too(name: str, info: Mapping[str, Any]) -> None:
        told(name, info)
        if name.endswith("send_request_body.complete"):
            calls.passing(B.AFTER_SEND)
        elif name.endswith("receive_response_headers.complete"):
            calls.passing(B.IN_REPLY)

    return told_too


def _wrap_framed(calls: Calls) -> None:
    connected = FramedPartner.connected

    @contextmanager
    def watched(self: FramedPartner, address: Address) -> Iterator[httpcore.NetworkStream]:
        with connected(self, address) as stream:
            yield _Stream(stream, calls)

    FramedPartner.connected = watched  # type: ignore[method-assign]


class _Stream(httpcore.NetworkStream):
    """A connection on which one frame goes out and one comes back."""

    def __init__(self, inner: httpcore.NetworkStream, calls: Calls) -> None:
        self._inner, self._calls, self._silent = inner, calls, True

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._calls.passing(B.BEFORE_SEND)
        self._inner.write(buffer, timeout)
        self._calls.passing(B.AFTER_SEND)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        came = self._inner.read(max_bytes, timeout)
        if came and self._silent:
            self._silent = False
            self._calls.passing(B.IN_REPLY)
        return came


def _wrap_sftp(calls: Calls) -> None:
    session = SftpPartner.session

    @contextmanager
    def watched(self: SftpPartner, endpoint: str, who: "Credentials") -> Iterator["Session"]:
        with session(self, endpoint, who) as at:
            _watch(at._client, calls)
            yield at

    SftpPartner.session = watched  # type: ignore[method-assign]


def _watch(client: Any, calls: Calls) -> None:
    """paramiko's client: one packet out, one back.  No door of the hub lies between the two."""
    from paramiko.sftp import CMD_RENAME  # noqa: PLC0415  # as late as the hub itself

    send, receive = client._async_request, client._read_response
    waits = [False]

    def sent(file: Any, kind: int, *words: Any) -> int:
        waits[0] = kind == CMD_RENAME or not calls.moves
        if waits[0]:
            calls.passing(B.BEFORE_SEND)
        number = int(send(file, kind, *words))
        if waits[0]:
            calls.passing(B.AFTER_SEND)
        return number

    def received(*words: Any, **named: Any) -> Any:
        answer = receive(*words, **named)
        if waits[0]:
            calls.passing(B.IN_REPLY)
        return answer

    client._async_request, client._read_response = sent, received
