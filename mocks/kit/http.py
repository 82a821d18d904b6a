"""A small HTTP/1.1 server on asyncio streams and h11, which can do what a real line can.

Frameworks answer or fail politely; a mock must also reset a connection (SO_LINGER 0), stop in
the middle of an answer, or never answer, so the socket stays in our hands.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

from mocks.kit.messages import Answer, Request

LOOPBACK = "127.0.0.1"
_MAX_BODY = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_BACKLOG = 256


@dataclass(frozen=True, slots=True)
class Reset:
    """Cut the connection with a TCP reset."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Leave the connection open and never answer."""


@dataclass(frozen=True, slots=True)
class Half:
    """Send the headers and the first part of the body, then close."""

    answer: Answer
    fraction: float


Reply = Answer | Reset | Silence | Half
Handler = Callable[[Request], Awaitable[Reply]]


class HttpPort:
    """One listening port on the loopback; ``handle`` answers each request in turn."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one); ``OSError`` when it is taken."""
        self._server = await asyncio.start_server(
            self._converse, LOOPBACK, port, backlog=_BACKLOG, limit=_CHUNK
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop listening, keep the port: a bound socket that does not listen refuses."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._placeholder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._placeholder.bind((LOOPBACK, self.port))
        for task in list(self._open):
            task.cancel()

    async def accept(self) -> None:
        """Listen again after :meth:`refuse`."""
        if self._server is None and self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
            await self.start(self.port)

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        if self._server is not None:
            self._server.close()
        if self._placeholder is not None:
            self._placeholder.close()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=_CHUNK)
        try:
            while await self._one(wire, reader, writer):
                wire.start_next_cycle()
        except (OSError, EOFError, h11.LocalProtocolError):
            pass  # the caller went away: its affair
        except h11.RemoteProtocolError as error:
            await _say_bad_request(writer, str(error))
        except asyncio.CancelledError:
            _reset(writer)
        finally:
            writer.close()

    async def _one(
        self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        request = await _read(wire, reader, writer)
        if request is None:
            return False
        reply = await self._handle(request)
        match reply:
            case Reset():
                _reset(writer)
                return False
            case Silence():
                while await reader.read(_CHUNK):
                    pass  # until the caller gives up
                return False
            case Half(answer, fraction):
                _send(wire, writer, answer, part=int(len(answer.body) * fraction))
                await writer.drain()
                return False
            case Answer():
                if reply.reset:
                    _reset(writer)
                    return False
                _send(wire, writer, reply, part=None)
                await writer.drain()
                return wire.our_state is h11.DONE and wire.their_state is h11.DONE


async def _read(
    wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            if wire.they_are_waiting_for_100_continue:
                hint = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(wire.send(hint) or b"")
            wire.receive_data(await reader.read(_CHUNK))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_BODY:
                raise h11.RemoteProtocolError("body too long", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, bytes(body))
        else:
            return None


def _request(head: h11.Request, body: bytes) -> Request:
    target = urlsplit(head.target.decode("ascii", "replace"))
    return Request(
        method=head.method.decode("ascii"),
        path=unquote(target.path),
        query=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers={k.decode("ascii"): v.decode("latin-1") for k, v in head.headers},
        body=body,
    )


def _send(
    wire: h11.Connection, writer: asyncio.StreamWriter, answer: Answer, *, part: int | None
) -> None:
    headers = [
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
        *answer.headers,
    ]
    head = h11.Response(status_code=answer.status, headers=headers)
    writer.write(wire.send(head) or b"")
    if part is not None:
        writer.write(answer.body[:part])
        return
    writer.write(wire.send(h11.Data(data=answer.body)) or b"")
    writer.write(wire.send(h11.EndOfMessage()) or b"")


def _reset(writer: asyncio.StreamWriter) -> None:
    bare = writer.get_extra_info("socket")
    if bare is not None:
        with suppress(OSError):
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _say_bad_request(writer: asyncio.StreamWriter, text: str) -> None:
    body = text.encode("utf-8")
    with suppress(OSError):
        writer.write(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        await writer.drain()
