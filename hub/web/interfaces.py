"""The board of interfaces (接口总览), and one interface's page."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.app.catalogue import ServiceItem
from hub.app.overview import InterfaceSeen
from hub.kernel.periods import Period
from hub.web.model.interfaces import InterfaceView, Wall
from hub.web.render import Pages

GROUPS = ("bank", "onething", "platform", "operate")
"""The board's headings, in order."""


class InterfaceDesk(Protocol):
    """Supplies these pages."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def wall(self) -> Wall:
        """All items and interfaces."""
        ...

    def interface(self, name: str, month: Period | None) -> InterfaceView:
        """One interface, with a month's minutes (None: this month's).  Raises NoSuchInterface."""
        ...


def make_router(desk: InterfaceDesk, pages: Pages) -> APIRouter:
    """``/interfaces`` and ``/interfaces/{name}``."""
    router = APIRouter()

    def wall(request: Request) -> Response:
        """Every service item as a tile."""
        seen = desk.wall()
        values = {"wall": seen, "groups": GROUPS, "tallies": tallies(seen)}
        return pages.page(request, "interfaces.html", values, now_us=desk.now_us())

    def one(
        request: Request, name: str, month: Annotated[str, Query(max_length=7)] = ""
    ) -> Response:
        """One interface: state, minutes, flips.  Raises BadPeriod."""
        view = desk.interface(name, Period.parse(month) if month else None)
        return pages.page(request, "interface.html", {"view": view}, now_us=desk.now_us())

    for path, page in (("/interfaces", wall), ("/interfaces/{name}", one)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router


def tallies(wall: Wall) -> dict[str, int]:
    """How many items stand under each tone; an item of several interfaces under its worst."""
    found = {"good": 0, "idle": 0, "bad": 0, "blind": 0, "rest": 0}
    for item in wall.items:
        found[worst(item, wall.seen)] += 1
    return found


def worst(item: ServiceItem, seen: dict[str, InterfaceSeen]) -> str:
    """The tone of an item."""
    tones = {seen[name].light.tone for name in item.interfaces}
    return next(tone for tone in ("bad", "blind", "rest", "idle", "good") if tone in tones)
