"""What the pages of the differences show, and what they can order; amounts in 分."""

from dataclasses import dataclass
from typing import Protocol

from hub.app.differing import Difference
from hub.kernel.secret import Secret
from hub.offset.adjustments import Adjustment
from hub.offset.claims import Proposal
from hub.web.model.board import DifferenceRow, Pending


@dataclass(frozen=True, slots=True)
class Differences:
    """What is open, what was settled last, returns that wait for a person, and adjustments."""

    open: tuple[DifferenceRow, ...]
    settled: tuple[DifferenceRow, ...]
    proposals: tuple[Proposal, ...]
    adjustments: tuple[tuple[str, Adjustment], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What settling this way would do: an end of ``hub.offset.settling``, or why it is refused
    (``code`` and the error's own ``hint``)."""

    end: str
    code: str = ""
    text: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants to settle: ``way`` tied or adopted, the correcting entry's serial, the
    item a stranger's credit is to belong to."""

    way: str = ""
    entry: str = ""
    item: str = ""


class DifferenceDesk(Protocol):
    """Supplies these pages; every method may raise a HubError."""

    def now_us(self) -> int:
        """Business time now."""
        ...

    def differences(self) -> Differences:
        """Of all runs."""
        ...

    def difference(self, number: str) -> tuple[Difference, tuple[Pending, ...]]:
        """One of them, with the requests about it that wait for a second person."""
        ...

    def preview(self, number: str, wish: Wish) -> Preview:
        """Changes nothing."""
        ...

    def take(self, token: Secret, number: str, why: str) -> str:
        """Become its owner."""
        ...

    def settle(self, token: Secret, number: str, wish: Wish, how: str) -> str:
        """Ask to settle it; another person confirms."""
        ...

    def claim(self, token: Secret, entry: str, item: str, why: str) -> str:
        """Ask to have a return taken for an item's; another person confirms."""
        ...

    def repay(self, token: Secret, item: str, why: str) -> str:
        """Ask to pay an ended item again; another person approves."""
        ...
