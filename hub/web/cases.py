"""The pages of cases: the inbox with what is missing and why, and one case whole."""

from dataclasses import dataclass
from typing import Annotated, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.bus.looking import MessageSeen
from hub.bus.preview import Preview
from hub.cases.looking import CaseFilter, CasePage, CaseSeen, Tray
from hub.web.acts import forget_said, take_said
from hub.web.find import seeker
from hub.web.model.items import AuditLine
from hub.web.render import Pages, language_of
from hub.web.sentences import say
from hub.web.words import Words

PAGE_SIZE = 50
Word = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case, what may be ordered of it or why not, what its materials are called, and the
    messages by which its steps were told, by number."""

    seen: CaseSeen
    acts: tuple[Preview, ...]
    materials: dict[str, str]
    messages: dict[int, MessageSeen]


class CaseDesk(Protocol):
    """Supplies these pages."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def trays(self) -> dict[str, int]:
        """How many cases lie in each part of the inbox."""
        ...

    def cases(self, wanted: CaseFilter, before: int | None, size: int) -> CasePage:
        """One page, newest first."""
        ...

    def case(self, number: str) -> CaseView:
        """One case with what may be ordered of it.  Raises NoSuchCase."""
        ...

    def printed(self, number: str, by: str) -> tuple[CaseSeen, AuditLine | None]:
        """One case to be handed to the person it is about, noted in the audit, and the newest
        sealed entry about it.  Raises NoSuchCase."""
        ...


def make_router(desk: CaseDesk, pages: Pages) -> APIRouter:
    """Reading routes; what is ordered goes through ``/acts/case.…``."""
    shown = _Cases(desk, pages)
    router = APIRouter()
    for path, page in (
        ("/cases", shown.all),
        ("/cases/{number}", shown.one),
        ("/cases/{number}/print", shown.paper),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router


class _Cases:
    def __init__(self, desk: CaseDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def all(
        self, request: Request, *, tray: Word = "", q: Word = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:  # fmt: skip
        """The inbox."""
        chosen = Tray(tray) if tray in {one.value for one in Tray} else Tray.OPEN
        wanted = CaseFilter(chosen, q.strip())
        found = self._desk.cases(wanted, before, PAGE_SIZE)
        return self._page(
            request, "cases.html", found=found, wanted=wanted, before=before,
            trays=self._desk.trays(), link=lambda **change: _link(wanted, **change),
        )  # fmt: skip

    def one(self, request: Request, number: str) -> Response:
        """One case."""
        view = self._desk.case(number)
        return self._page(
            request, "case.html", seen=view.seen, acts=view.acts, materials=view.materials,
            messages=view.messages,
        )  # fmt: skip

    def paper(self, request: Request, number: str) -> Response:
        """The same on one page for the applicant, without what is the hub's own business."""
        seen, head = self._desk.printed(number, seeker())
        return self._page(request, "case_print.html", seen=seen, head=head)

    def _page(self, request: Request, template: str, **values: object) -> Response:
        said, words = take_said(request), Words(language_of(request))
        shown = {"said": said, "say": lambda line: say(words, line), "day": _day, **values}
        response = self._pages.page(request, template, shown, now_us=self._desk.now_us())
        if said:
            forget_said(response)
        return response


def _day(number: int | None) -> str:
    """20251021 → 2025-10-21."""
    if number is None:
        return ""
    return f"{number // 10000}-{number // 100 % 100:02d}-{number % 100:02d}"


def _link(wanted: CaseFilter, **change: str | int) -> str:
    query: dict[str, str | int] = {"tray": wanted.tray.value, "q": wanted.query}
    query.update(change)
    kept = urlencode({name: value for name, value in query.items() if value})
    return "/cases" + (f"?{kept}" if kept else "")
