"""What messages to the core carry, as they are stored (sealed) in the bus."""

from collections.abc import Collection
from datetime import date

import msgspec

from hub.kernel.periods import Period
from hub.ports.core import CoreCommand, Payer


class CommandsLetter(msgspec.Struct, frozen=True):
    """One kind of command for many items.

    Rows are (number, agreement, payers), main first.
    """

    period: str
    bank: str
    business_date: str
    rows: list[tuple[str, str, tuple[Payer, ...]]]

    def as_commands(self) -> list[CoreCommand]:
        """In the port's form."""
        period, day = Period.parse(self.period), date.fromisoformat(self.business_date)
        return [
            CoreCommand(number, period, self.bank, agreement, payers, day)
            for number, agreement, payers in self.rows
        ]

    def only(self, numbers: Collection[str]) -> "CommandsLetter":
        """The same letter for some of its items, in the same order."""
        rows = [row for row in self.rows if row[0] in numbers]
        return msgspec.structs.replace(self, rows=rows)

    @property
    def fen(self) -> int:
        """What all payers of all items give."""
        return sum(payer.amount for _, _, payers in self.rows for payer in payers)


class AccountsLetter(msgspec.Struct, frozen=True):
    """Personal accounts to be looked at; ``reference`` is the asker's own."""

    reference: int
    numbers: list[str]


class LedgerLetter(msgspec.Struct, frozen=True):
    """One page of postings, or of live holds, of a period's offset at a bank.

    ``reference`` is the asker's own; ``turn`` says which of its readings this page belongs to.
    """

    reference: int
    turn: int
    period: str
    bank: str
    page_no: int
    page: str | None
