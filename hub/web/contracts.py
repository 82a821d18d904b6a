"""The pages of the contracts (接口规范): the list, one contract whole, its paper and its files."""

from typing import Annotated, Protocol
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.web.model.contracts import ContractLine, ContractView
from hub.web.prose import prose
from hub.web.render import Pages

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
Edition = Annotated[str, Query(max_length=20)]


class ContractDesk(Protocol):
    """Supplies these pages."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def contracts(self) -> tuple[ContractLine, ...]:
        """Every interface's contract."""
        ...

    def contract(self, interface: str, edition: str) -> ContractView:
        """One; ``edition`` "": the one in force.  Raises NoSuchInterface, NotFound."""
        ...

    def paper(self, interface: str, edition: str) -> tuple[str, bytes]:
        """接口规范说明书: file name and DOCX.  Raises NoSuchInterface, NotFound."""
        ...

    def file(self, interface: str, edition: str, path: str) -> bytes:
        """A file of the contract's folder.  Raises NoPage, NoSuchInterface, NotFound."""
        ...


def make_router(desk: ContractDesk, pages: Pages) -> APIRouter:
    """``/contracts`` and what lies below it."""
    router = APIRouter()

    def listed(request: Request) -> Response:
        """Every interface's contract."""
        values = {"lines": desk.contracts()}
        return pages.page(request, "contracts.html", values, now_us=desk.now_us())

    def one(request: Request, interface: str, edition: Edition = "") -> Response:
        """One contract whole."""
        view = desk.contract(interface, edition)
        values = {"view": view, "prose": prose, "below": lambda path: _below(view, path)}
        return pages.page(request, "contract.html", values, now_us=desk.now_us())

    def paper(interface: str, edition: Edition = "") -> Response:
        """The paper that both sides sign, made from the contract now."""
        name, content = desk.paper(interface, edition)
        return _file(content, name, DOCX)

    def file(interface: str, path: str, edition: Edition = "") -> Response:
        """One of its files as it lies there: a schema, a golden sample."""
        content = desk.file(interface, edition, path)
        return _file(content, path.rpartition("/")[2], "application/octet-stream")

    for path, page in (
        ("/contracts", listed),
        ("/contracts/{interface}", one),
        ("/contracts/{interface}/paper", paper),
        ("/contracts/{interface}/files/{path:path}", file),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router


def _file(content: bytes, name: str, media: str) -> Response:
    kept = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media, headers=kept)


def _below(view: ContractView, path: str) -> str:
    """An address below this contract's, of the edition that is shown."""
    edition = "" if view.shown.in_force else f"?{urlencode({'edition': view.shown.version})}"
    return f"/contracts/{quote(view.line.interface)}/{quote(path)}{edition}"
