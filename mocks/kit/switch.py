"""Between a port and its service: journal, rules, and the faults that are the line's."""

import asyncio
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mocks.kit.clock import MockClock
from mocks.kit.faults import AFTER, BEFORE, FaultBook, Hits, Rule
from mocks.kit.journal import Journal
from mocks.kit.messages import (
    Answer,
    Call,
    Half,
    Misframed,
    Reply,
    Request,
    Reset,
    Service,
    Silence,
)

T = TypeVar("T")
_DEFAULT_DELAY = 1.0
_GARBAGE = (
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    "<body><h1>系统繁忙，请稍后再试</h1><hr>nginx</body></html>"
)


_BEYOND = b"\r\n"


class Worker:
    """The one thread in which a partner lives: no two requests book at once, no locks needed."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="partner")

    async def do(self, job: Callable[[], T]) -> T:
        """Run a job there and wait for it without holding up the ports."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    def close(self) -> None:
        """Let what runs finish, take nothing new."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Switch:
    """One endpoint: describes, journals, applies the rules, answers."""

    def __init__(
        self,
        *,
        endpoint: str,
        service: Service,
        journal: Journal,
        faults: Callable[[], FaultBook],
        clock: MockClock,
        worker: Worker,
    ) -> None:
        self._endpoint = endpoint
        self._service = service
        self._journal = journal
        self._faults = faults
        self._clock = clock
        self._worker = worker

    async def handle(self, request: Request) -> Reply:
        """The whole of one exchange."""
        started = time.perf_counter()
        try:
            call, entry = await self._worker.do(lambda: self._open(request))
        except Exception as error:  # noqa: BLE001 - as in _answer
            return _own_bug(error)
        hits = call.hits
        if hits is None:
            raise RuntimeError("a call without its rules")
        early = await _on_the_line(hits, BEFORE)
        if early is not None:
            await self._worker.do(lambda: self._close(entry, call, early, started))
            return early
        answer = await self._worker.do(lambda: self._answer(request, call))
        late = await _on_the_line(hits, AFTER)
        reply = _after(hits, answer) if late is None else late
        await self._worker.do(lambda: self._close(entry, call, reply, started))
        return reply

    def _open(self, request: Request) -> tuple[Call, int]:
        call = self._service.describe(request)
        call.hits = self._faults().look(self._endpoint, call)
        return call, self._journal.begin(self._endpoint, request, call, self._clock.now())

    def _answer(self, request: Request, call: Call) -> Answer:
        try:
            return self._service.answer(request, call)
        except Exception as error:  # noqa: BLE001 - a mock's own bug must show, not hang the test
            return _own_bug(error)

    def _close(self, entry: int, call: Call, reply: Reply, started: float) -> None:
        answer = reply.answer if isinstance(reply, (Half, Misframed)) else reply
        shown = answer if isinstance(answer, Answer) else None
        ended = "reset" if shown is not None and shown.reset else type(reply).__name__.lower()
        self._journal.finish(entry, call, shown, ended, (time.perf_counter() - started) * 1000)


def _own_bug(error: Exception) -> Answer:
    traceback.print_exception(error)
    text = f"挡板自身出错：{type(error).__name__}: {error}"
    return Answer(text.encode(), 500, "text/plain; charset=utf-8", summary={"bug": text})


async def _on_the_line(hits: Hits, when: str) -> Reply | None:
    for rule in hits.rules:
        if rule.fault == "delay" and rule.when == when:
            await asyncio.sleep(_DEFAULT_DELAY if rule.seconds is None else rule.seconds)
    for rule in hits.rules:
        if rule.when == when and rule.fault in _ENACT:
            return _ENACT[rule.fault](rule)
    return None


def _after(hits: Hits, answer: Answer) -> Reply:
    if half := hits.first("half_reply"):
        return Half(answer, float(half.parameters.get("fraction", 0.5)))
    if wrong := hits.first("wrong_length"):
        return Misframed(answer, length=str(wrong.parameters.get("length", "")))
    if hits.first("frame_longer"):
        return Misframed(answer, more=_BEYOND)
    return answer


def _garbage(_: Rule) -> Reply:
    return Answer(_GARBAGE.encode(), 200, "text/html; charset=utf-8", summary={"garbage": "HTML"})


def _http_error(rule: Rule) -> Reply:
    status = int(rule.parameters.get("status", 502))
    return Answer(
        _GARBAGE.encode(), status, "text/html; charset=utf-8", summary={"http_error": status}
    )


_ENACT: dict[str, Callable[[Rule], Reply]] = {
    "reset": lambda _: Reset(),
    "never": lambda _: Silence(),
    "garbage": _garbage,
    "http_error": _http_error,
}
