"""The page of the roles (权限): whose page is whose, who does what."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.web import access, gate
from hub.web.render import Pages


def make_router(pages: Pages) -> APIRouter:
    """``/access``."""
    router = APIRouter()

    def shown(request: Request) -> Response:
        """The whole table, and what of it is open to who looks."""
        me = gate.viewer.get()
        values = {
            "rooms": [(room, *access.labels(room)) for room in access.ROOMS],
            "opens": lambda room: me is None or room.admits(me.side, me.may),
            "two": access.acts_of_two(),
            "one": [(act.title, *access.labels(act)) for act in access.ACTS_OF_ONE],
        }
        return pages.page(request, "access.html", values)

    router.add_api_route("/access", shown, methods=["GET", "HEAD"], response_model=None)
    return router
