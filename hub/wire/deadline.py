"""One deadline over a whole call.

httpx limits each read and each write by itself: a partner that sends a byte every twenty
seconds holds a call for ever, and outlives the lease it was made under.  Here every read, write,
connect and handshake gets what is left of the call's time.
"""

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from hub.kernel.clocks import monotonic
from hub.wire.trust import Sightings

_WRITE_CHUNK = 65_536


class Deadline:
    """The end of the call this thread is making; calls of other threads have their own."""

    def __init__(self) -> None:
        self._here = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything done inside ends ``seconds`` from now."""
        self._here.end = monotonic() + seconds
        try:
            yield
        finally:
            del self._here.end

    def left(self, timeout: float | None, out_of_time: type[Exception]) -> float | None:
        """The smaller of ``timeout`` and what is left; raises ``out_of_time`` at the end."""
        end = getattr(self._here, "end", None)
        if end is None:
            return timeout
        rest = float(end - monotonic())
        if rest <= 0:
            raise out_of_time("the call's time is over")
        return rest if timeout is None else min(timeout, rest)


class DeadlineBackend(httpcore.NetworkBackend):
    """httpcore's own sockets, each step cut to the deadline."""

    def __init__(self, deadline: Deadline, sightings: Sightings) -> None:
        self._deadline = deadline
        self._sightings = sightings
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        return _DeadlineStream(stream, self._deadline, self._sightings, port)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(
        self, inner: httpcore.NetworkStream, deadline: Deadline, sightings: Sightings, port: int
    ) -> None:
        self._inner = inner
        self._deadline = deadline
        self._sightings = sightings
        self._port = port

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _WRITE_CHUNK):
            left = self._deadline.left(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _WRITE_CHUNK], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        secured = self._inner.start_tls(ssl_context, server_hostname, left)
        connection = secured.get_extra_info("socket")
        try:
            left = self._deadline.left(timeout, httpcore.ConnectTimeout)
            self._sightings.secured(connection, f"{server_hostname}:{self._port}", left)
        except OSError as error:
            secured.close()
            raise httpcore.ConnectError(str(error)) from error
        return _DeadlineStream(secured, self._deadline, self._sightings, self._port)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
