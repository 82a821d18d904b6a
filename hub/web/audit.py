"""The audit's page: who did what when, why, and how far it is sealed and witnessed."""

from dataclasses import dataclass
from typing import Annotated, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.web.model import AuditHead
from hub.web.render import Pages

PAGE_SIZE = 50
Word = Annotated[str, Query(max_length=120)]


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """``subject`` is looked up whole; ``act`` and ``actor`` among the newest entries only."""

    act: str = ""
    actor: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry; ``seq`` and ``chain`` are empty until it is sealed."""

    id: int
    at_us: int
    act: str
    actor: str
    subject: str
    count: int
    fen: int
    detail: tuple[tuple[str, str], ...]
    seq: int | None
    chain: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page, newest first; ``before`` leads to the next older one.  ``standing``: what database
    and last checkpoint say of each other."""

    entries: tuple[EntryLine, ...]
    before: int | None
    head: AuditHead | None
    good: bool
    standing: str


class AuditDesk(Protocol):
    """Supplies the page."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def audit(self, wanted: AuditWanted, before: int | None, size: int) -> AuditPage:
        """One page."""
        ...


def make_router(desk: AuditDesk, pages: Pages) -> APIRouter:
    """``/audit``."""
    router = APIRouter()

    def shown(
        request: Request, *, act: Word = "", actor: Word = "", subject: Word = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:  # fmt: skip
        """The entries, newest first."""
        wanted = AuditWanted(act.strip(), actor.strip(), subject.strip())
        values = {
            "found": desk.audit(wanted, before, PAGE_SIZE), "wanted": wanted, "before": before,
            "link": lambda **change: _link(wanted, **change),
        }  # fmt: skip
        return pages.page(request, "audit.html", values, now_us=desk.now_us())

    router.add_api_route("/audit", shown, methods=["GET", "HEAD"], response_model=None)
    return router


def _link(wanted: AuditWanted, **change: str | int) -> str:
    query: dict[str, str | int] = {
        "act": wanted.act, "actor": wanted.actor, "subject": wanted.subject,
    }  # fmt: skip
    query.update(change)
    kept = urlencode({name: value for name, value in query.items() if value})
    return "/audit" + (f"?{kept}" if kept else "")
