"""What the offset's messages carry, as they are stored (sealed) in the bus."""

from typing import TypeVar

import msgspec

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.typed import read_json
from hub.ports.bank import (
    InstructionBatch,
    InstructionRow,
    LoanClaim,
    RefusalReason,
    ResultsNotice,
    RowResult,
    RowStatus,
)

_T = TypeVar("_T", bound=msgspec.Struct)


class DuesAsk(msgspec.Struct, frozen=True):
    """One page of a due list."""

    due_list_id: int
    period: str
    page_no: int
    tag: str | None


class BalanceAsk(msgspec.Struct, frozen=True):
    """The paying account's balance."""

    run_id: int
    bank: str


class InstructOrder(msgspec.Struct, frozen=True):
    """One batch: rows are (number, loan contract, payee account, payee name, fen)."""

    batch: str
    period: str
    rows: list[tuple[str, str, str, str, int]]

    def as_batch(self) -> InstructionBatch:
        """In the port's form."""
        rows = tuple(InstructionRow(n, c, a, p, Fen(fen)) for n, c, a, p, fen in self.rows)
        return InstructionBatch(self.batch, Period.parse(self.period), rows)


class ClaimOrder(msgspec.Struct, frozen=True):
    """What an agreement says of its loan, for the bank to verify, register or cancel."""

    agreement: str
    loan_contract: str
    repayment_account: str
    borrower_name: str
    borrower_id: str

    def as_claim(self) -> LoanClaim:
        """In the port's form."""
        return LoanClaim(
            self.agreement, self.loan_contract, self.repayment_account, self.borrower_name,
            self.borrower_id,
        )  # fmt: skip


class ResultsAsk(msgspec.Struct, frozen=True):
    """What became of a batch; ``places``: the bank's addresses where it may lie."""

    batch: str
    places: list[int] = []


class InquiryAsk(msgspec.Struct, frozen=True):
    """What became of single instructions of a batch; ``places`` as above."""

    batch: str
    numbers: list[str]
    places: list[int] = []


class StatementAsk(msgspec.Struct, frozen=True):
    """One page of one banking day's statement.

    ``at``: the bank's address it is read from, None for the one in use; ``rest``: those to be read
    after it; ``open``: one of those before said that the day is not closed.
    """

    run_id: int
    bank: str
    day: int
    round: int
    page_no: int
    tag: str | None
    at: int | None = None
    rest: list[int] = []
    open: bool = False


class NoticeLetter(msgspec.Struct, frozen=True):
    """What a bank told of itself: rows are (number, status, fen, reason, code, text, serial)."""

    batch: str
    rows: list[tuple[str, str, int | None, str, str, str, str]]

    @classmethod
    def of(cls, notice: ResultsNotice) -> "NoticeLetter":
        """From the port's form."""
        rows: list[tuple[str, str, int | None, str, str, str, str]] = [
            (
                row.number, row.status.value, row.amount, row.reason.value if row.reason else "",
                row.code, row.text, row.bank_serial,
            )
            for row in notice.results
        ]  # fmt: skip
        return cls(notice.batch, rows)

    def results(self) -> list[RowResult]:
        """In the port's form."""
        return [
            RowResult(
                number, RowStatus(status), None if fen is None else Fen(fen),
                RefusalReason(reason) if reason else None, code, text, serial,
            )
            for number, status, fen, reason, code, text, serial in self.rows
        ]  # fmt: skip


def pack(letter: msgspec.Struct) -> bytes:
    """To bytes."""
    return msgspec.json.encode(letter)


def unpack(payload: bytes, kind: type[_T]) -> _T:
    """From bytes."""
    return read_json(payload, kind)
