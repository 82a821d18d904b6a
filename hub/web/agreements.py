"""The pages of the agreements: the list, and one with its changes and what can be done to it."""

from typing import Annotated, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.bus.preview import Preview
from hub.offset.agreement_looking import AgreementFilter, AgreementPage, AgreementSeen
from hub.web.acts import forget_said, take_said
from hub.web.render import Pages, language_of
from hub.web.sentences import say
from hub.web.words import Words

PAGE_SIZE = 50
Word = Annotated[str, Query(max_length=64)]


class AgreementDesk(Protocol):
    """Supplies these pages."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def banks(self) -> dict[str, str]:
        """Code → name."""
        ...

    def agreements(self, wanted: AgreementFilter, before: int | None, size: int) -> AgreementPage:
        """One page, newest first."""
        ...

    def agreement(self, number: str) -> tuple[AgreementSeen, tuple[Preview, ...]]:
        """One agreement, and what may be ordered of it or why not.  Raises NoSuchAgreement."""
        ...


def make_router(desk: AgreementDesk, pages: Pages) -> APIRouter:
    """Reading routes; what is ordered goes through ``/acts/agreement.…``."""
    shown = _Agreements(desk, pages)
    router = APIRouter()
    for path, page in (("/agreements", shown.all), ("/agreements/{number}", shown.one)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router


class _Agreements:
    def __init__(self, desk: AgreementDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def all(
        self, request: Request, *, state: Word = "", bank: Word = "", q: Word = "",
        repair: Word = "", before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:  # fmt: skip
        """The list."""
        wanted = AgreementFilter(state.strip(), bank.strip(), q.strip(), repair == "1")
        found = self._desk.agreements(wanted, before, PAGE_SIZE)
        return self._page(
            request, "agreements.html", found=found, wanted=wanted, before=before,
            banks=self._desk.banks(), link=lambda **change: _link(wanted, **change),
        )  # fmt: skip

    def one(self, request: Request, number: str) -> Response:
        """One agreement."""
        seen, acts = self._desk.agreement(number)
        return self._page(request, "agreement.html", seen=seen, acts=acts)

    def _page(self, request: Request, template: str, **values: object) -> Response:
        said, words = take_said(request), Words(language_of(request))
        shown = {"said": said, "say": lambda line: say(words, line), **values}
        response = self._pages.page(request, template, shown, now_us=self._desk.now_us())
        if said:
            forget_said(response)
        return response


def _link(wanted: AgreementFilter, **change: str | int) -> str:
    query: dict[str, str | int] = {
        "state": wanted.state, "bank": wanted.bank, "q": wanted.query,
        "repair": "1" if wanted.repair else "",
    }  # fmt: skip
    query.update(change)
    kept = urlencode({name: value for name, value in query.items() if value})
    return "/agreements" + (f"?{kept}" if kept else "")
