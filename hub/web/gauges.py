"""运行指标: every reading with its limit, whose it is, and since when it is beyond it."""

from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.app.holding import MeterSeen
from hub.web.render import Pages


class GaugeDesk(Protocol):
    """Supplies the page."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def meters(self) -> list[MeterSeen]:
        """Readings that have a limit, those beyond it first."""
        ...


def make_router(desk: GaugeDesk, pages: Pages) -> APIRouter:
    """``/meters``."""
    router = APIRouter()

    @router.api_route("/meters", methods=["GET", "HEAD"], response_model=None)
    def meters(request: Request) -> Response:
        """All of them."""
        values = {"meters": desk.meters()}
        return pages.page(request, "meters.html", values, now_us=desk.now_us())

    return router
