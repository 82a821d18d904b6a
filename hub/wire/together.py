"""Requests that wait are taken together: a caller waits for no company, but who came meanwhile goes
with the next.

A thread for each request, woken and put to sleep several times on its way, costs more than many a
question itself; and those that go together read through one view and share one commit.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool

from hub.ports.inbound import InboundAnswer, InboundRequest

TakeMany = Callable[[Sequence[InboundRequest]], Sequence[InboundAnswer]]
"""Answers in the order of the requests."""
_Waiting = tuple[InboundRequest, asyncio.Future[InboundAnswer]]


class Together:
    """``take`` is called in a thread with at most ``most`` requests, ``crews`` calls at once; if
    it raises, each of that call's requests gets what was raised.  Belongs to one event loop."""

    def __init__(self, take: TakeMany, crews: int, most: int) -> None:
        self._take, self._idle, self._most = take, crews, most
        self._waiting: deque[_Waiting] = deque()
        self._crews: set[asyncio.Task[None]] = set()

    async def __call__(self, request: InboundRequest) -> InboundAnswer:
        """The answer, when its turn has come."""
        mine: asyncio.Future[InboundAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, mine))
        if self._idle:
            self._idle -= 1
            crew = asyncio.create_task(self._work())
            self._crews.add(crew)  # the loop itself holds a task only weakly
            crew.add_done_callback(self._crews.discard)
        return await mine

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [
                    self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))
                ]
                await self._answer(batch)
        finally:
            self._idle += 1

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            said = await run_in_threadpool(self._take, [request for request, _ in batch])
            for (_, one), answer in zip(batch, said, strict=True):
                if not one.done():  # its caller may have gone
                    one.set_result(answer)
        except Exception as error:  # noqa: BLE001  each of them raises it where it waits
            for _, one in batch:
                if not one.done():
                    one.set_exception(error)
