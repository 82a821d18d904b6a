"""A small HTTP/1.1 server on asyncio streams and h11, which can do what a real line can.

Frameworks answer or fail politely; a mock must also reset a connection (SO_LINGER 0), stop in
the middle of an answer, or never answer, so the socket stays in our hands.
"""

import asyncio
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

from mocks.kit.listening import CHUNK, ListeningPort, reset, wait_for_end
from mocks.kit.messages import Answer, Half, Misframed, Request, Reset, Silence

_MAX_BODY = 64 * 1024 * 1024


class HttpPort(ListeningPort):
    """One listening port on the loopback; ``handle`` answers each request in turn."""

    scheme = "http"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Request after request until one side has enough."""
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=CHUNK)
        try:
            while await self._one(wire, reader, writer):
                wire.start_next_cycle()
        except h11.LocalProtocolError:
            pass  # the caller went away: its affair
        except h11.RemoteProtocolError as error:
            await _say_bad_request(writer, str(error))

    async def _one(
        self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        request = await _read(wire, reader, writer)
        if request is None:
            return False
        reply = await self.handle(request)
        match reply:
            case Reset():
                reset(writer)
                return False
            case Silence():
                await wait_for_end(reader)
                return False
            case Half(answer, fraction):
                _send(wire, writer, answer, part=int(len(answer.body) * fraction))
                await writer.drain()
                return False
            case Answer():
                if reply.reset:
                    reset(writer)
                    return False
                _send(wire, writer, reply, part=None)
                await writer.drain()
                return wire.our_state is h11.DONE and wire.their_state is h11.DONE
            case Misframed():
                raise TypeError("there are no frames on an HTTP port")


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
            wire.receive_data(await reader.read(CHUNK))
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


async def _say_bad_request(writer: asyncio.StreamWriter, text: str) -> None:
    body = text.encode("utf-8")
    with suppress(OSError):
        writer.write(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        await writer.drain()
