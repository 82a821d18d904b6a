"""Certificates (接口符合性测试报告): the last report of each interface, and the report itself."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from hub.certify.shelf import last_reports, report_page
from hub.web.guard import NoPage
from hub.web.render import Pages

_REPORT_POLICY = (
    # The report is one file that also stands alone: its style is inside it, and nothing else is.
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'"
)


def make_router(folder: Path | None, pages: Pages) -> APIRouter:
    """``/certificates`` and ``/certificates/{stem}`` over a folder of reports (None: empty)."""
    router = APIRouter()

    def listed(request: Request) -> Response:
        """The last report of every interface."""
        shelved = last_reports(folder) if folder is not None else []
        return pages.page(request, "certificates.html", {"shelved": shelved})

    def one(stem: str) -> Response:
        """One report, made anew from its checked JSON.  Raises NoPage, ReportBroken."""
        html = report_page(folder, stem) if folder is not None else None
        if html is None:
            raise NoPage
        return HTMLResponse(html, headers={"content-security-policy": _REPORT_POLICY})

    for path, page in (("/certificates", listed), ("/certificates/{stem}", one)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router
