"""A client that costs little: prepared requests down kept connections, one at a time on each."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Took:
    """``each``: seconds of every request, sorted.  ``bad``: answers without the mark looked for.
    ``used``: seconds of processor time of the server."""

    seconds: float
    each: list[float]
    bad: int
    used: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.each) / self.seconds

    def quantile(self, share: float) -> float:
        """In seconds."""
        return self.each[min(int(len(self.each) * share), len(self.each) - 1)]


def drive(port: int, requests: Sequence[bytes], connections: int, mark: bytes) -> Took:
    """Send them all; ``mark`` stands in every good answer."""
    return asyncio.run(_drive(port, requests, connections, mark))


async def _drive(port: int, requests: Sequence[bytes], connections: int, mark: bytes) -> Took:
    waiting, each, bad = iter(requests), [], 0

    async def one() -> None:
        nonlocal bad
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().index(_LENGTH) + len(_LENGTH)
            body = await reader.readexactly(int(head[at : head.index(b"\r", at)]))
            each.append(time.perf_counter() - began)
            bad += mark not in body
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return Took(time.perf_counter() - began, sorted(each), bad)
