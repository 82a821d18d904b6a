"""The public page (服务状态): service items in words, thirty days, what is planned.

No sign-in, nothing of persons, nothing of how the hub is built: no interface codes, addresses,
error texts, counts or amounts.  It is made at most once a minute, whoever asks and however often,
so that being asked costs the hub nothing; and asked too often, it says so without making a page.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.kernel.clocks import monotonic
from hub.web.guard import Busy
from hub.web.render import Pages

KEPT_S = 60.0
MOST_A_SECOND = 50
"""Answers a second, of all who ask: far above what a centre's visitors make."""


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One service item.  ``word``: serving, troubled, works, closed, unknown, open (others call it,
    nobody can probe it), soon (not built yet or not in use here).  ``days``: the tone of each of
    the last thirty, the oldest first."""

    number: int
    name: str
    word: str
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorksLine:
    """Planned maintenance; ``names``: of the service items, empty for all."""

    names: tuple[str, ...]
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Status:
    """The page as of ``at_us``, business time."""

    at_us: int
    lines: tuple[ServiceLine, ...]
    works: tuple[WorksLine, ...]


class StatusDesk(Protocol):
    """Supplies the page."""

    def status(self) -> Status:
        """As it stands now."""
        ...


class Kept:
    """The last status; made anew by one thread while the others are given the old one."""

    def __init__(self, make: Callable[[], Status], clock: Callable[[], float] = monotonic) -> None:
        self._make, self._clock = make, clock
        self._making = threading.Lock()
        self._counting = threading.Lock()
        self._status: Status | None = None
        self._until = 0.0
        self._second, self._asked = 0, 0

    def take(self) -> Status:
        """Raises Busy when everybody together asks too often."""
        now = self._clock()
        with self._counting:
            if int(now) != self._second:
                self._second, self._asked = int(now), 0
            self._asked += 1
            if self._asked > MOST_A_SECOND:
                raise Busy
        status = self._status
        if status is not None and now < self._until:
            return status
        if not self._making.acquire(blocking=status is None) and status is not None:
            return status
        try:
            if self._status is None or self._clock() >= self._until:
                self._status = self._make()
                self._until = self._clock() + KEPT_S
            return self._status
        finally:
            self._making.release()


def make_router(desk: StatusDesk, pages: Pages) -> APIRouter:
    """``/status``."""
    kept = Kept(desk.status)
    router = APIRouter()

    def status(request: Request) -> Response:
        """The same for everybody."""
        values = {"status": kept.take()}
        response = pages.public(request, "status.html", values)
        response.headers["cache-control"] = f"public, max-age={int(KEPT_S)}"
        return response

    router.add_api_route("/status", status, methods=["GET", "HEAD"], response_model=None)
    return router
