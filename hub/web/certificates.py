"""Certificates (接口符合性测试报告): how each interface stands, and the reports themselves."""

from collections.abc import Callable, Iterable
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from hub.certify.shelf import report_page, report_paper
from hub.certify.standing import standings
from hub.contracts import Contract
from hub.web.guard import NoPage
from hub.web.render import Pages

_REPORT_POLICY = (
    # The report is one file that also stands alone: its style is inside it, and nothing else is.
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'"
)


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def make_router(
    folder: Path | None, pages: Pages, contracts: Callable[[], Iterable[Contract]]
) -> APIRouter:
    """``/certificates`` and, below it, the page and the paper of each report in a folder (None:
    empty); ``contracts`` are those that hold here."""
    router = APIRouter()

    def listed(request: Request) -> Response:
        """The last report of every interface, and what no scenario has touched."""
        found = standings(folder, contracts()) if folder is not None else []
        return pages.page(request, "certificates.html", {"standings": found})

    def paper(stem: str) -> Response:
        """One report as 联调测试报告, made anew.  Raises NoPage, ReportBroken."""
        made = report_paper(folder, stem) if folder is not None else None
        if made is None:
            raise NoPage
        kept = {"content-disposition": f'attachment; filename="{stem}.docx"'}
        return Response(made, media_type=_DOCX, headers=kept)

    def one(stem: str) -> Response:
        """One report, made anew from its checked JSON.  Raises NoPage, ReportBroken."""
        html = report_page(folder, stem) if folder is not None else None
        if html is None:
            raise NoPage
        return HTMLResponse(html, headers={"content-security-policy": _REPORT_POLICY})

    for path, page in (
        ("/certificates", listed),
        ("/certificates/{stem}.docx", paper),
        ("/certificates/{stem}", one),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router
