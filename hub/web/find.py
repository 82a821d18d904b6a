"""The pages of "what happened to my item?": the search, one item's whole life, a page to print."""

from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.bus.looking import MessageSeen
from hub.bus.preview import Line
from hub.bus.values import Message
from hub.cases.finding import FoundCases
from hub.offset.finding import Found
from hub.offset.story import Story
from hub.web.gate import viewer
from hub.web.model.items import AuditLine
from hub.web.render import Pages, language_of
from hub.web.sentences import say
from hub.web.words import Words

Text = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class FoundAll:
    """What a text led to: the offset's rows, cases, and messages by number or key."""

    offset: Found
    messages: tuple[Message, ...] = ()
    cases: FoundCases = field(default_factory=FoundCases)

    @property
    def ways(self) -> tuple[str, ...]:
        """What the text turned out to be."""
        return (*self.offset.ways, *self.cases.ways)

    @property
    def more(self) -> bool:
        """There are others; a longer text finds them."""
        return self.offset.more or self.cases.more

    @property
    def nothing(self) -> bool:
        """It led nowhere."""
        return self.offset.nothing and not self.messages and not self.cases.lines


@dataclass(frozen=True, slots=True)
class StoryView:
    """A story with the messages its stages name, and of each stage what the audit tells.

    ``audit[n]`` belongs to ``story.stages[n]``; ``head`` is the newest sealed entry among them.
    """

    story: Story
    messages: dict[int, MessageSeen]
    audit: tuple[tuple[AuditLine, ...], ...]

    @property
    def head(self) -> AuditLine | None:
        """The sealed entry that stands last in the chain."""
        sealed = [each for lines in self.audit for each in lines if each.sealed]
        return max(sealed, key=lambda each: each.number, default=None)


class FindDesk(Protocol):
    """Supplies these pages."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def banks(self) -> dict[str, str]:
        """Code → name."""
        ...

    def find(self, text: str, by: str) -> FoundAll:
        """Look for a text on behalf of ``by``; the search goes into the audit."""
        ...

    def story(self, key: str) -> StoryView:
        """One item's life.  Raises NoSuchLife."""
        ...

    def printed(self, key: str, by: str) -> StoryView:
        """The same, to be handed to the person it is about: noted in the audit."""
        ...


def seeker() -> str:
    """Who searches: the login, or the page itself where nobody has to sign in."""
    me = viewer.get()
    return "page" if me is None else me.login


def make_router(desk: FindDesk, pages: Pages) -> APIRouter:
    """Reading routes."""
    shown = _Finding(desk, pages)
    router = APIRouter()
    for path, page in (
        ("/find", shown.search), ("/find/{key}", shown.life), ("/find/{key}/print", shown.paper)
    ):  # fmt: skip
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router


class _Finding:
    def __init__(self, desk: FindDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def search(self, request: Request, *, q: Text = "") -> Response:
        """One box, and what it led to."""
        found = self._desk.find(q, seeker()) if q.strip() else None
        return self._page(request, "find.html", found=found, text=q.strip())

    def life(self, request: Request, key: str) -> Response:
        """One item's whole life."""
        return self._page(request, "story.html", view=self._desk.story(key))

    def paper(self, request: Request, key: str) -> Response:
        """The same on one page, without what is the hub's own business."""
        view = self._desk.printed(key, seeker())
        return self._page(request, "story_print.html", view=view, told=_TOLD)

    def _page(self, request: Request, template: str, **values: object) -> Response:
        words = Words(language_of(request))

        def tell(line: Line, section: str) -> str:
            return say(words, line, section)

        shown = {"banks": self._desk.banks(), "tell": tell, **values}
        return self._pages.page(request, template, shown, now_us=self._desk.now_us())


_TOLD = ("due", "plan", "hold", "instruct", "result", "book", "statement", "back", "again", "told")
"""Stages that a citizen is told."""
