"""A port on the loopback, whatever is spoken on it: listens, refuses, listens again, resets."""

import asyncio
import socket
import struct
from contextlib import suppress

from mocks.kit.messages import Handler

LOOPBACK = "127.0.0.1"
CHUNK = 256 * 1024
_BACKLOG = 256


class ListeningPort:
    """Subclasses say what is spoken: ``scheme`` of the address, and ``talk``."""

    scheme = ""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle
        self.port = 0
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://{LOOPBACK}:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its last; the caller closes it."""
        raise NotImplementedError

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one); ``OSError`` when it is taken."""
        self._server = await asyncio.start_server(
            self._converse, LOOPBACK, port, backlog=_BACKLOG, limit=CHUNK
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
        try:
            await self.talk(reader, writer)
        except (OSError, EOFError):
            pass  # the caller went away: its affair
        except asyncio.CancelledError:
            reset(writer)
        finally:
            writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut the connection with a TCP reset."""
    bare = writer.get_extra_info("socket")
    if bare is not None:
        with suppress(OSError):
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def wait_for_end(reader: asyncio.StreamReader) -> None:
    """Say nothing until the caller gives up."""
    while await reader.read(CHUNK):
        pass
