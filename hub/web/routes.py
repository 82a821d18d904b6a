"""What can be read: the runs, a run's board and its live stream, items, health."""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from hub.kernel.periods import Period
from hub.web.acts import forget_said, take_said
from hub.web.guard import Busy
from hub.web.live import Feeds, events
from hub.web.model import Desk, ItemFilter, RunState
from hub.web.render import Pages, language_of, sections

PAGE_SIZE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
QUERY_MAX = 64


def make_router(desk: Desk, pages: Pages, feeds: Feeds) -> APIRouter:
    """The reading routes over one desk."""
    reading = Reading(desk, pages)
    router = APIRouter()
    for path, page in (
        ("/", reading.home),
        ("/runs", reading.all_runs),
        ("/runs/{month}", reading.board),
        ("/runs/{month}/items", reading.items),
        ("/runs/{month}/books/{name}.xlsx", reading.book),
        ("/items/{number}", reading.item),
        ("/healthz", reading.health),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)

    async def watched(month: str) -> str:
        """Refuse before the stream begins: afterwards the status has been sent."""
        if feeds.full:
            raise Busy
        known = _month(month)
        await run_in_threadpool(desk.board, known)
        return known

    @router.get("/runs/{month}/events", response_class=EventSourceResponse)
    async def stream(
        request: Request, month: Annotated[str, Depends(watched)]
    ) -> AsyncIterator[ServerSentEvent]:
        """The board's changes, once a second."""
        async for event in events(feeds, month, language_of(request)):
            yield event

    return router


class Reading:
    """The pages that only read."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def home(self, request: Request) -> Response:
        """The current run's board, else the newest one's; how to begin when there is none."""
        runs = self._desk.runs()
        current = next((run for run in runs if run.state is not RunState.CLOSED), None)
        chosen = current or (runs[0] if runs else None)
        if chosen is None:
            return self.all_runs(request)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/runs/{chosen.month}{query}", 303)

    def all_runs(self, request: Request) -> Response:
        """Every run, newest first."""
        values = {"runs": self._desk.runs()}
        return self._pages.page(request, "runs.html", values, now_us=self._desk.now_us())

    def board(self, request: Request, month: str) -> Response:
        """The run board."""
        shown = self._desk.board(_month(month))
        said = take_said(request)
        values = {
            "board": shown,
            "parts": {part.name: part for part in sections(shown, language_of(request))},
            "said": said,
        }
        response = self._pages.page(request, "board.html", values, now_us=shown.as_of_us)
        if said:
            forget_said(response)
        return response

    def book(self, request: Request, month: str, name: str) -> Response:
        """A workbook to take away."""
        period = _month(month)
        body = self._desk.book(period, name, language_of(request))
        return Response(
            body, media_type=XLSX,
            headers={"content-disposition": f'attachment; filename="{name}-{period}.xlsx"'},
        )  # fmt: skip

    def items(
        self,
        request: Request,
        month: str,
        *,
        bank: Annotated[str, Query(max_length=16)] = "",
        outcome: Annotated[str, Query(max_length=32)] = "",
        reason: Annotated[str, Query(max_length=64)] = "",
        q: Annotated[str, Query(max_length=QUERY_MAX)] = "",
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    ) -> Response:
        """The run's agreements, filtered, a page at a time."""
        known = _month(month)
        wanted = ItemFilter(bank.strip(), outcome.strip(), reason.strip(), q.strip())
        values = {
            "month": known,
            "found": self._desk.items(known, wanted, page, PAGE_SIZE),
            "wanted": wanted,
            "link": lambda **change: _items_link(known, wanted, **change),
        }
        return self._pages.page(request, "items.html", values, now_us=self._desk.now_us())

    def item(self, request: Request, number: str) -> Response:
        """One item's life."""
        values = {"item": self._desk.item(number)}
        return self._pages.page(request, "item.html", values, now_us=self._desk.now_us())

    def health(self) -> Response:
        """200 when this process can serve, else 503; what is wrong stands in ``checks``."""
        seen = self._desk.health()
        checks = [{"name": c.name, "good": c.good, "text": c.text} for c in seen.checks]
        return JSONResponse({"good": seen.good, "checks": checks}, 200 if seen.good else 503)


def _month(text: str) -> str:
    """A month in the form the desk knows.  Raises BadPeriod."""
    return str(Period.parse(text))


def _items_link(month: str, wanted: ItemFilter, **change: str | int) -> str:
    """The list with some filters changed; empty ones are left out."""
    query: dict[str, str | int] = {
        "bank": wanted.bank,
        "outcome": wanted.outcome,
        "reason": wanted.reason,
        "q": wanted.query,
    }
    query.update(change)
    kept = urlencode({name: value for name, value in query.items() if value})
    return f"/runs/{month}/items" + (f"?{kept}" if kept else "")
