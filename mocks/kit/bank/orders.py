"""Values of payments: what was ordered, what the bank decided, how it will tell.

Words here, codes on the wire: a verdict is ``done``, ``refused`` (for good), ``processing`` or
``doubtful``; a reason is ``account_closed``, ``name_mismatch``, ``loan_settled``, ``bank_error``,
``no_funds``, ``other_content`` or ``host_timeout``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from mocks.kit.faults import AFTER, Rule
from mocks.kit.yaml_files import read_yaml

DONE, REFUSED, PROCESSING, DOUBTFUL = "done", "refused", "processing", "doubtful"


@dataclass(frozen=True, slots=True)
class Order:
    """One instruction.  ``same`` is what makes two of them the same by the contracts."""

    number: str
    pay_account: str
    pay_name: str
    account: str
    name: str
    fen: int
    purpose: str
    postscript: str
    summary: str
    loan: str

    @property
    def same(self) -> tuple[str, str, int, str]:
        """Payee account, name, amount in 分, loan contract."""
        return (self.account, self.name, self.fen, self.loan)


@dataclass(frozen=True, slots=True)
class Strange:
    """A row told otherwise than it stands: fields as the bank's wire writes them."""

    wire: Mapping[str, str]
    credit: bool = False


@dataclass(frozen=True, slots=True)
class Mind:
    """What the bank makes of an order: verdict, reason, whether it credits.

    ``shape``: ``late``, ``lost``, ``twice`` or empty.  ``again``: on which banking day after
    booking the money comes back, 0 never.  ``off``: credited by so many 分 otherwise.
    ``said``: what this one reply tells instead.  ``way``: ``book``, ``park`` (still on its way)
    or ``none`` (told, but never on the books).  ``wire``: fields told instead ever after.
    """

    verdict: str
    credit: bool
    reason: str = ""
    shape: str = ""
    again: int = 0
    seconds: float = 0
    inquiries: int = 0
    off: int = 0
    said: Strange | None = None
    way: str = "book"
    wire: Mapping[str, str] = field(default_factory=dict)


Say = Callable[[Rule], Strange]
"""A bank's words for a row under ``unknown_code``, ``system_error`` or ``answer``."""


@cache
def minds() -> Mapping[str, Mind]:
    """KKJG → mind."""
    path = Path(__file__).with_name("minds.yaml")
    raw = cast("dict[str, Any]", read_yaml(path))
    return {name: Mind(**one) for name, one in raw["minds"].items()}


def refusal(reason: str) -> Mind:
    """The bank refuses for a reason of its own."""
    return Mind(REFUSED, credit=False, reason=reason)


def late(mind: Mind, rule: Rule) -> Mind:
    """As KKJG LATE, with the rule's patience."""
    usual = minds()["LATE"]
    return replace(
        mind,
        shape="late",
        seconds=usual.seconds if rule.seconds is None else rule.seconds,
        inquiries=int(rule.parameters.get("inquiries", usual.inquiries)),
    )


def bent(mind: Mind, rule: Rule, say: Say) -> Mind:
    """A mind as a row's rule bends it."""
    bends: Mapping[str, Callable[[], Mind]] = {
        "late": lambda: late(mind, rule),
        "lost": lambda: replace(mind, shape="lost"),
        "twice": lambda: replace(mind, shape="twice"),
        "wrong_amount": lambda: replace(mind, off=int(rule.parameters.get("fen", 1))),
        "unknown_code": lambda: _said(mind, rule, say),
        "system_error": lambda: _said(mind, rule, say),
        "answer": lambda: _as_told(rule, say),
        "book_after_not_found": lambda: replace(mind, way="park"),
    }
    return bends[rule.fault]() if rule.fault in bends else mind


def _said(mind: Mind, rule: Rule, say: Say) -> Mind:
    return replace(mind, said=say(rule), way="book" if rule.when == AFTER else "none")


def _as_told(rule: Rule, say: Say) -> Mind:
    told = say(rule)
    return Mind(DONE if told.credit else REFUSED, credit=told.credit, wire=told.wire)
