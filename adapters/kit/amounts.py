"""Amounts and counts of a wire as its contract writes them: texts, never numbers."""

from dataclasses import dataclass

from hub.contracts import Contract
from hub.kernel.errors import Misconfigured
from hub.kernel.money import BadAmount, Fen, format_yuan, parse_fen, parse_yuan

WORDS = {"yuan": "an amount in yuan", "fen": "an amount in 分"}
"""What a drift calls an amount, by the contract's ``amount_unit``."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """``unit`` is the contract's ``amount_unit``: fen or yuan."""

    unit: str

    @classmethod
    def of(cls, contract: Contract) -> "Amounts":
        """Raises Misconfigured for a unit nobody knows."""
        found = _OF_UNIT.get(contract.wire.amount_unit)
        if found is None:
            raise Misconfigured(f"{contract.interface}: amounts in {contract.wire.amount_unit}")
        return found

    def write(self, fen: int) -> str:
        """An amount as it stands on the wire."""
        return str(fen) if self.unit == "fen" else format_yuan(fen)

    def read(self, said: object) -> Fen | None:
        """分, or None for what is no amount: a JSON number too, whatever it looks like."""
        if not isinstance(said, str):
            return None
        try:
            return parse_fen(said) if self.unit == "fen" else parse_yuan(said)
        except BadAmount:
            return None


_OF_UNIT = {unit: Amounts(unit) for unit in WORDS}


def amount(contract: Contract, said: object) -> Fen | None:
    """One amount of the contract's unit, in 分; None for what is none."""
    return Amounts.of(contract).read(said)


def count(text: str | None) -> int | None:
    """A number of rows or pages; None for what is none."""
    clean = (text or "").strip()
    return int(clean) if clean.isascii() and clean.isdigit() else None
