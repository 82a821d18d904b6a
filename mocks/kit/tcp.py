"""A framed TCP port: one frame in, one frame out, then the connection ends.

A service says how its frames begin by a ``port`` of its own::

    def port(self, handle: Handler) -> Port:
        return FramedPort(handle, Framing(head=7, length_of=…, with_length=…))

The request reaches it as a :class:`Request` whose body is the frame, head included; its answer's
body is the whole frame to send.  Bytes that begin no frame reach it too, as far as they came:
what a partner says to them is its own affair.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mocks.kit.faults import FaultKind
from mocks.kit.listening import CHUNK, ListeningPort, reset, wait_for_end
from mocks.kit.messages import Answer, Half, Handler, Misframed, Request, Reset, Silence

_MAX_FRAME = 64 * 1024 * 1024

FRAME_KINDS: Mapping[str, FaultKind] = {
    "wrong_length": FaultKind("已办理，应答的报文头写着别的长度（length，照写）"),
    "frame_longer": FaultKind("已办理，应答在报文头所写的长度之后还有字节"),
}
"""Faults of a framed port beside the kit's; a partner with such a port lists them."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a partner's frames begin.

    ``head`` is the head's size in bytes; ``length_of(head)`` how many bytes follow, ValueError
    for a head that is none; ``with_length(frame, text)`` the same frame with another length in
    its head, for a fault.
    """

    head: int
    length_of: Callable[[bytes], int]
    with_length: Callable[[bytes, str], bytes]


class FramedPort(ListeningPort):
    """One listening port on the loopback; each connection carries one exchange."""

    scheme = "tcp"

    def __init__(self, handle: Handler, framing: Framing) -> None:
        super().__init__(handle)
        self._framing = framing

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One frame, its answer."""
        frame = await self._read(reader)
        reply = await self.handle(Request("TCP", "", {}, {}, frame))
        match reply:
            case Reset():
                reset(writer)
            case Silence():
                await wait_for_end(reader)
            case Half(answer, fraction):
                writer.write(answer.body[: int(len(answer.body) * fraction)])
            case Misframed(answer, length, more):
                body = answer.body
                if length is not None:
                    body = self._framing.with_length(body, length)
                writer.write(body + more)
            case Answer():
                if reply.reset:
                    reset(writer)
                    return
                writer.write(reply.body)
        if not writer.transport.is_closing():
            await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """A whole frame, or what came of bytes that begin none; EOFError for half a frame."""
        head = await reader.readexactly(self._framing.head)
        try:
            length = self._framing.length_of(head)
        except ValueError:
            length = -1
        if not 0 <= length <= _MAX_FRAME:
            return head + await reader.read(CHUNK)
        return head + await reader.readexactly(length)
