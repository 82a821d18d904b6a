"""Which text, if any: from what a plan decided, and from what became of an item."""

from dataclasses import dataclass
from typing import Any

from hub.offset.classify import TOO_LATE
from hub.offset.notify.wording import Texts
from hub.offset.words import Decision, ItemState, Outcome, Reason

_PLAIN = {"before.planned", "after.succeeded"}
"""What only those are told who are told everything."""
_SAID = {
    Outcome.SUCCEEDED.value: (ItemState.RECONCILED.value,),
    Outcome.FAILED.value: (
        ItemState.RELEASED.value, ItemState.REFUSED.value, ItemState.RECONCILED.value
    ),
    Outcome.RETURNED.value: (
        ItemState.RETURNED.value, ItemState.REVERSED.value, ItemState.RECONCILED.value
    ),
}  # fmt: skip
"""In which states an outcome is told.  A success waits until the bank's statement shows it; a
failure does not wait, for the person has to pay."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A template, and the outcome it says (empty before there is one)."""

    template: str
    said: str = ""

    def for_all(self, who: str) -> bool:
        """Whether somebody with this setting is told."""
        return who == "all" or (who == "problems" and self.template not in _PLAIN)


def before(row: Any, texts: Texts) -> Choice | None:
    """For a line of an approved plan; ``row``: decision, reason, notices, fen (of its item or
    None), due_fen."""
    notices = set(str(row.notices).split(","))
    if row.decision == Decision.PLANNED.value:
        return None if row.fen is None else Choice(_paid(row, notices))
    if row.reason in texts.silent:
        return None
    return Choice(_unpaid(str(row.reason), notices, texts))


def _paid(row: Any, notices: set[str]) -> str:
    if TOO_LATE in notices:
        return "before.late"
    return "before.partial" if row.fen < row.due_fen else "before.planned"


def _unpaid(reason: str, notices: set[str], texts: Texts) -> str:
    if reason == Reason.NO_BALANCE.value:
        if "main_account_frozen" in notices:
            return "before.frozen"
        if "main_account_not_usable" in notices:
            return "before.not_usable"
    name = f"before.{reason}"
    return name if name in texts.templates else "before.other"


def after(row: Any) -> Choice | None:
    """For an item; None while its outcome is not final.  ``row``: outcome, state, disputed, fen,
    due_fen."""
    if row.state not in _SAID.get(row.outcome, ()) or row.disputed:
        return None
    if row.outcome == Outcome.SUCCEEDED.value and row.fen < row.due_fen:
        return Choice("after.partial", row.outcome)
    return Choice(f"after.{row.outcome.lower()}", row.outcome)


def correction(said: str, now: Choice) -> Choice | None:
    """What takes back what was told; None when that still stands."""
    if said == now.said:
        return None
    return Choice(f"correction.{now.said.lower()}", now.said)
