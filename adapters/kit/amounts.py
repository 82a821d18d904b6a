"""Texts of a wire as amounts and counts, None where they are none."""

from collections.abc import Callable

from hub.contracts import Contract
from hub.kernel.money import BadAmount, Fen, parse_fen, parse_yuan

_READ: dict[str, Callable[[str], Fen]] = {"yuan": parse_yuan, "fen": parse_fen}
WORDS = {"yuan": "an amount in yuan", "fen": "an amount in 分"}
"""What a drift calls an amount, by the contract's ``amount_unit``."""


def amount(contract: Contract, text: str | None) -> Fen | None:
    """An amount of the contract's unit, in 分."""
    try:
        return _READ[contract.wire.amount_unit](text or "")
    except BadAmount:
        return None


def count(text: str | None) -> int | None:
    """A number of rows or pages."""
    clean = (text or "").strip()
    return int(clean) if clean.isascii() and clean.isdigit() else None
