"""The desk that supplies the pages and carries out what they order."""

from dataclasses import dataclass, field
from typing import Protocol

from hub.kernel.secret import Secret
from hub.web.model.board import Board, RunSummary
from hub.web.model.items import ItemFilter, ItemLife, ItemPage
from hub.web.words import Language


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that was looked at."""

    name: str
    good: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether this process can serve: database, workers, sealer, backlog."""

    checks: tuple[HealthCheck, ...] = field(default=())

    @property
    def good(self) -> bool:
        """All of it."""
        return all(check.good for check in self.checks)


class Desk(Protocol):
    """The read model behind the pages, and the few acts a page can order.

    An act takes the acting person's personal token; a wrong token or a missing role raises
    NotAllowed, the second of two being the first raises Refused.
    """

    def now_us(self) -> int:
        """Business time now."""
        ...

    def runs(self) -> tuple[RunSummary, ...]:
        """All runs, newest first."""
        ...

    def board(self, month: str) -> Board:
        """The board of one run (``YYYY-MM``) in one consistent read; NotFound without it."""
        ...

    def book(self, month: str, name: str, language: Language) -> bytes:
        """One workbook of the run (``hub.web.books.BOOKS``); NotFound without run or book."""
        ...

    def items(self, month: str, wanted: ItemFilter, page: int, size: int) -> ItemPage:
        """One page of the run's agreements; a page past the end is the last one."""
        ...

    def item(self, number: str) -> ItemLife:
        """One item's life; NotFound without it."""
        ...

    def health(self) -> Health:
        """Cheap; called by the load balancer every few seconds."""
        ...

    def submit_plan(self, token: Secret, month: str, wave: int, digest: str, reason: str) -> str:
        """Submit a trial for approval; the approval's id.  Refused when the digest is not the
        plan's any more."""
        ...

    def confirm(self, token: Secret, approval: str, reason: str) -> str:
        """The second person's yes to a plan or any other act; one line on what happened."""
        ...

    def refuse(self, token: Secret, approval: str, reason: str) -> str:
        """The second person's no; nothing is carried out."""
        ...
