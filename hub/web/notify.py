"""The page of telling people: how many by occasion and state, and the texts, newest first."""

from typing import Annotated, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.kernel.notify_settings import NotifySettings
from hub.offset.notify.looking import Pile, Told, ToldFilter
from hub.offset.notify.words import Occasion, ToldState
from hub.web.render import Pages

PAGE_SIZE = 50
Word = Annotated[str, Query(max_length=64)]


class NotifyDesk(Protocol):
    """Supplies the page."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def rules(self) -> NotifySettings | None:
        """Whom this deployment tells; None where it tells nobody."""
        ...

    def piles(self) -> list[Pile]:
        """Counts, newest period first."""
        ...

    def texts(self, wanted: ToldFilter, before: int | None, size: int) -> list[Told]:
        """One page, newest first."""
        ...


def make_router(desk: NotifyDesk, pages: Pages) -> APIRouter:
    """``/notify``."""

    def shown(
        request: Request, *, occasion: Word = "", state: Word = "", q: Word = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:  # fmt: skip
        """Counts and texts."""
        wanted = ToldFilter(
            occasion=occasion if occasion in set(Occasion) else "",
            state=state if state in set(ToldState) else "", text=q.strip(),
        )  # fmt: skip
        found = desk.texts(wanted, before, PAGE_SIZE + 1)
        older = found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None
        values = {
            "rules": desk.rules(), "piles": desk.piles(), "found": found[:PAGE_SIZE],
            "wanted": wanted, "before": before, "older": older, "occasions": list(Occasion),
            "states": list(ToldState), "link": lambda **change: _link(wanted, **change),
        }  # fmt: skip
        return pages.page(request, "notify.html", values, now_us=desk.now_us())

    router = APIRouter()
    router.add_api_route("/notify", shown, methods=["GET", "HEAD"], response_model=None)
    return router


def _link(wanted: ToldFilter, **change: str | int) -> str:
    query: dict[str, str | int] = {
        "occasion": wanted.occasion, "state": wanted.state, "q": wanted.text
    }  # fmt: skip
    query.update(change)
    kept = urlencode({name: value for name, value in query.items() if value})
    return "/notify" + (f"?{kept}" if kept else "")
