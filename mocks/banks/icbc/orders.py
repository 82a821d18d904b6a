"""Values of payments: what was ordered, what the bank decided, how it will tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from mocks.kit.faults import AFTER, Rule

DONE, REFUSED, DOUBTFUL = "7", "6", "98"


@dataclass(frozen=True, slots=True)
class Order:
    """One ``rd`` of PAYENT.  ``same`` is what makes two of them the same by the contract."""

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
class Mind:
    """What the bank makes of an order: Result, instrRetCode, whether it credits.

    ``shape``: ``late``, ``lost``, ``twice`` or empty.  ``again``: on which banking day after
    booking the money comes back, 0 never.  ``off``: credited by so many 分 otherwise.
    ``said``: Result and code told instead in this one reply.  ``way``: ``book``, ``park`` (still
    on its way) or ``none`` (told, but never on the books).
    """

    result: str
    code: str
    credit: bool
    shape: str = ""
    again: int = 0
    seconds: float = 0
    inquiries: int = 0
    off: int = 0
    said: tuple[str, str] | None = None
    way: str = "book"


@cache
def _file() -> Mapping[str, Any]:
    path = Path(__file__).with_name("minds.yaml")
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def minds() -> Mapping[str, Mind]:
    """KKJG → mind."""
    return {name: Mind(**one) for name, one in _file()["minds"].items()}


def processing() -> str:
    """The Result of an order still in hand."""
    return str(_file()["processing"])


def refusal(code: str) -> Mind:
    """The bank refuses with a code of its own."""
    return Mind(REFUSED, code, credit=False)


def late(mind: Mind, rule: Rule) -> Mind:
    """As KKJG LATE, with the rule's patience."""
    usual = minds()["LATE"]
    return replace(
        mind,
        shape="late",
        seconds=usual.seconds if rule.seconds is None else rule.seconds,
        inquiries=int(rule.parameters.get("inquiries", usual.inquiries)),
    )


def bent(mind: Mind, rule: Rule) -> Mind:
    """A mind as a row's rule bends it."""
    way = "book" if rule.when == AFTER else "none"
    bends: Mapping[str, Callable[[], Mind]] = {
        "late": lambda: late(mind, rule),
        "lost": lambda: replace(mind, shape="lost"),
        "twice": lambda: replace(mind, shape="twice"),
        "wrong_amount": lambda: replace(mind, off=int(rule.parameters.get("fen", 1))),
        "unknown_code": lambda: replace(
            mind, said=("77", str(rule.parameters.get("code", "Z7777"))), way=way
        ),
        "system_error": lambda: replace(mind, said=(DOUBTFUL, "A1998"), way=way),
        "answer": lambda: _as_told(rule),
        "book_after_not_found": lambda: replace(mind, way="park"),
    }
    return bends[rule.fault]() if rule.fault in bends else mind


def _as_told(rule: Rule) -> Mind:
    result = str(rule.answer.get("Result", REFUSED))
    return Mind(result, str(rule.answer.get("instrRetCode", "A1199")), credit=result == DONE)
