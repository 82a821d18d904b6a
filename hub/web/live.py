"""The board, live: one read a second for all who watch a run, sent as changed parts.

A feed exists while somebody watches its month.  It reads the board in a worker thread, and
every viewer gets the parts whose HTML differs from what that viewer was sent last.  When the
desk fails, viewers are told and the feed goes on asking.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi.sse import ServerSentEvent

from hub.kernel.errors import HubError
from hub.web.model import Board, Desk
from hub.web.render import Section, sections
from hub.web.show import moment
from hub.web.words import Language, Words

INTERVAL_S = 1.0
RETRY_MS = 2000
VIEWERS_MAX = 200
"""Open streams; each costs a task and what differs, not a read."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Snapshot:
    """One read: the board or why there is none, rendered once for each language asked for."""

    number: int
    board: Board | None = None
    error: HubError | None = None
    _parts: dict[Language, tuple[Section, ...]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def parts(self, language: Language) -> tuple[Section, ...]:
        """The board's parts in a language."""
        if self.board is None:
            return ()
        async with self._lock:
            if language not in self._parts:
                self._parts[language] = await asyncio.to_thread(sections, self.board, language)
            return self._parts[language]


class Feed:
    """Reads one month's board while it has viewers."""

    def __init__(self, desk: Desk, month: str, interval_s: float) -> None:
        self.viewers = 0
        self._desk = desk
        self._month = month
        self._interval_s = interval_s
        self._changed = asyncio.Condition()
        self._latest: Snapshot | None = None
        self._over = False
        self._task = asyncio.create_task(self._read_for_ever(), name=f"board {month}")

    async def after(self, seen: int) -> Snapshot | None:
        """The latest snapshot newer than ``seen``; waits for it.  None: no more will come."""
        async with self._changed:
            while not self._over and (self._latest is None or self._latest.number <= seen):
                await self._changed.wait()
            return None if self._over else self._latest

    async def end(self) -> None:
        """Send every viewer away."""
        async with self._changed:
            self._over = True
            self._changed.notify_all()

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _read_for_ever(self) -> None:
        number, loop = 0, asyncio.get_running_loop()
        while True:
            number, began = number + 1, loop.time()
            snapshot = await self._read(number)
            async with self._changed:
                self._latest = snapshot
                self._changed.notify_all()
            await asyncio.sleep(max(0.05, self._interval_s - (loop.time() - began)))

    async def _read(self, number: int) -> Snapshot:
        try:
            return Snapshot(number, board=await asyncio.to_thread(self._desk.board, self._month))
        except HubError as error:
            return Snapshot(number, error=error)
        except Exception:  # a feed must outlive any one read; the log has the trace
            log.exception("the board of %s could not be read", self._month)
            return Snapshot(number, error=HubError())


class Feeds:
    """All months being watched."""

    def __init__(self, desk: Desk, interval_s: float = INTERVAL_S) -> None:
        self._desk = desk
        self._interval_s = interval_s
        self._feeds: dict[str, Feed] = {}

    @property
    def viewers(self) -> int:
        """Open streams."""
        return sum(feed.viewers for feed in self._feeds.values())

    @property
    def full(self) -> bool:
        """Whether one more viewer is too many."""
        return self.viewers >= VIEWERS_MAX

    async def watch(self, month: str) -> AsyncGenerator[Snapshot, None]:
        """Snapshot after snapshot, newest first to come; slow viewers skip, never queue."""
        feed = self._feeds.get(month)
        if feed is None:
            feed = self._feeds[month] = Feed(self._desk, month, self._interval_s)
        feed.viewers += 1
        try:
            seen = 0
            while (snapshot := await feed.after(seen)) is not None:
                seen = snapshot.number
                yield snapshot
        finally:
            feed.viewers -= 1
            if not feed.viewers:
                del self._feeds[month]
                await feed.close()

    async def end(self) -> None:
        """End every stream: the server is going down."""
        for feed in tuple(self._feeds.values()):
            await feed.end()


async def events(feeds: Feeds, month: str, language: Language) -> AsyncIterator[ServerSentEvent]:
    """One viewer's stream: ``part`` (name, version, html), ``clock`` and ``trouble`` events."""
    words = Words(language)
    sent: dict[str, str] = {}
    hello: int | None = RETRY_MS
    # aclosing: when the browser goes, the feed must lose its viewer now, not at collection.
    async with aclosing(feeds.watch(month)) as snapshots:
        async for snapshot in snapshots:
            if snapshot.board is None:
                yield ServerSentEvent(event="trouble", data=_trouble(snapshot, words), retry=hello)
                continue
            for part in await snapshot.parts(language):
                if sent.get(part.name) != part.version:
                    sent[part.name] = part.version
                    data = {"name": part.name, "version": part.version, "html": part.html}
                    yield ServerSentEvent(event="part", data=data)
            now = {"text": moment(snapshot.board.as_of_us)}
            yield ServerSentEvent(event="clock", data=now, retry=hello)
            hello = None


def _trouble(snapshot: Snapshot, words: Words) -> dict[str, Any]:
    error = snapshot.error or HubError()
    return {"code": error.code, "text": words.of("error_text", error.code)}
