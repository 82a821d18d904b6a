"""The pages of the differences: all of them, one with its three ledgers side by side, and the
acts in two steps: look at what a settlement would do, then ask; another person confirms."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from hub.web import guard
from hub.web.acts import (
    Reason,
    Token,
    forget_said,
    needed,
    own_form,
    secret_of,
    send_back,
    take_said,
)  # fmt: skip
from hub.web.acts import Short as Text
from hub.web.model.differences import DifferenceDesk, Wish
from hub.web.render import Pages

Asked = Annotated[str, Query(max_length=128)]


def make_router(desk: DifferenceDesk, pages: Pages) -> APIRouter:
    """Reading and acting routes over one desk."""
    differing = Differing(desk, pages)
    router = APIRouter()
    for path, page in (("/differences", differing.all), ("/differences/{number}", differing.one)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    acting = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    for path, act in (
        ("/differences/{number}/take", differing.take),
        ("/differences/{number}/settle", differing.settle),
        ("/returns/{entry}/claim", differing.claim),
        ("/items/{number}/repay", differing.repay),
    ):
        acting.add_api_route(path, act, methods=["POST"], response_model=None)
    router.include_router(acting)
    return router


class Differing:
    """Pages and acts."""

    def __init__(self, desk: DifferenceDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    def all(self, request: Request) -> Response:
        """Open and settled ones, returns that wait for a person, adjustments."""
        return self._page(request, "differences.html", {"found": self._desk.differences()})

    def one(
        self, request: Request, number: str, *, way: Asked = "", entry: Asked = "",
        item: Asked = "",
    ) -> Response:  # fmt: skip
        """One of them; with ``way`` what settling so would do."""
        shown, pending = self._desk.difference(number)
        wish = Wish(way.strip(), entry.strip(), item.strip())
        preview = self._desk.preview(number, wish) if wish.way and shown.state == "open" else None
        values = {"d": shown, "pending": pending, "wish": wish, "preview": preview}
        return self._page(request, "difference.html", values)

    def take(self, request: Request, *, number: str, token: Token, reason: Reason) -> Response:
        """One person is enough to own it."""
        said = self._desk.take(secret_of(token), number, needed(reason))
        return send_back(request, f"/differences/{number}", said)

    def settle(
        self, request: Request, *, number: str, way: Text, token: Token, reason: Reason,
        entry: Text = "", item: Text = "",
    ) -> Response:  # fmt: skip
        """The first of two."""
        wish = Wish(way, entry.strip(), item.strip())
        said = self._desk.settle(secret_of(token), number, wish, needed(reason))
        return send_back(request, f"/differences/{number}", said)

    def claim(
        self, request: Request, *, entry: str, item: Text, token: Token, reason: Reason
    ) -> Response:
        """The first of two says whose a return is."""
        said = self._desk.claim(secret_of(token), entry, item.strip(), needed(reason))
        return send_back(request, "/differences", said)

    def repay(self, request: Request, *, number: str, token: Token, reason: Reason) -> Response:
        """The first of two orders a second try."""
        said = self._desk.repay(secret_of(token), number, needed(reason))
        return send_back(request, "/differences", said)

    def _page(self, request: Request, template: str, values: dict[str, object]) -> Response:
        said = take_said(request)
        shown = {**values, "said": said}
        response = self._pages.page(request, template, shown, now_us=self._desk.now_us())
        if said:
            forget_said(response)
        return response
