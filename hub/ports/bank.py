"""The bank port: what a bank of the monthly offset (商贷月对冲) can be asked.

Values are plain and already mapped from the bank's wire.  An adapter never touches the
database, the bus or another adapter.  Every method may raise the errors of ``hub.ports.line``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.line import Line
from hub.ports.probe import ProbePort


class RowStatus(StrEnum):
    """What the bank says of one instruction (划款指令)."""

    DONE = "done"
    REFUSED = "refused"  # final by the contract's code table
    PROCESSING = "processing"
    NOT_FOUND = "not_found"  # proves nothing: the request may still be on its way
    UNKNOWN = "unknown"  # a code that is not final, or nobody knows


class RefusalReason(StrEnum):
    """Why a bank refuses one instruction for good; the codes behind it are the contract's."""

    ACCOUNT_CLOSED = "account_closed"
    NAME_MISMATCH = "name_mismatch"
    LOAN_SETTLED = "loan_settled"
    BANK_ERROR = "bank_error"


class EntryKind(StrEnum):
    """What a line of the paying account's statement is."""

    CREDIT = "credit"  # paid from the centre to a repayment account
    RETURN = "return"  # 退票: the money came back
    REVERSAL = "reversal"  # 银行冲正
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DueRecord:
    """One line of a due list (应还明细).

    ``amount`` is the instalment (DQYHJE) in 分; None when unreadable, negative as it stands.
    ``flaw`` says in a word what is wrong with the line (``amount``, ``due_date``,
    ``borrower_id``), empty when nothing is.
    """

    loan_contract: str
    repayment_account: str
    borrower_name: str
    borrower_id: str
    due_date: date | None
    amount: Fen | None
    settled: bool
    overdue: bool
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of the due list.  ``next_page`` is the bank's continuation tag, None on the last.

    ``total_count`` and ``total_amount`` are the bank's own totals of the whole list, None where
    its wire has none.
    """

    records: tuple[DueRecord, ...]
    next_page: str | None
    list_version: str
    total_count: int | None
    total_amount: Fen | None


@dataclass(frozen=True, slots=True)
class InstructionRow:
    """One instruction: 20-digit ``number``, where the money goes, how much, in 分."""

    number: str
    loan_contract: str
    payee_account: str
    payee_name: str
    amount: Fen


@dataclass(frozen=True, slots=True)
class InstructionBatch:
    """One batch (批次).  Its number, rows and order were stored before its first send."""

    number: str
    period: Period
    rows: tuple[InstructionRow, ...]

    @property
    def total(self) -> Fen:
        """Sum of the rows, in 分."""
        return Fen(sum(row.amount for row in self.rows))


class RowResult(Struct, frozen=True):
    """What the bank said of one number: ``amount`` credited in 分 where it says so.

    ``code`` and ``text`` are the bank's own, for the record.  ``reason`` is set when REFUSED.
    """

    number: str
    status: RowStatus
    amount: Fen | None = None
    reason: RefusalReason | None = None
    code: str = ""
    text: str = ""
    bank_serial: str = ""


RESULTS_NOTICE = "bank.notice"
"""The kind of an inbound notice whose value is a ResultsNotice."""


@dataclass(frozen=True, slots=True)
class ResultsNotice:
    """What a bank tells of itself (结果通知): results of some rows, as in an inquiry's answer.

    ``batch`` is the number it names, empty where its wire has none.
    """

    batch: str
    results: tuple[RowResult, ...]


@dataclass(frozen=True, slots=True)
class BankBalance:
    """The paying account's usable balance in 分, and as of when."""

    account: str
    amount: Fen
    as_of: datetime


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One entry of the paying account.  ``amount`` is positive; ``kind`` says which way.

    ``number`` is ours where the bank prints it, else empty; ``serial`` is the bank's and
    identifies the entry within its banking day.
    """

    serial: str
    kind: EntryKind
    number: str
    amount: Fen
    counter_account: str
    counter_name: str
    booked_on: date


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A page of one banking day's entries; ``closed`` when the bank has closed that day."""

    entries: tuple[StatementEntry, ...]
    next_page: str | None
    closed: bool


@dataclass(frozen=True, slots=True)
class LoanCheck:
    """The bank's answer to a verification of one loan before an agreement is in force."""

    matches: bool
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class LoanClaim:
    """What an applicant says of a loan."""

    agreement: str
    loan_contract: str
    repayment_account: str
    borrower_name: str
    borrower_id: str


class BankPort(ProbePort, Protocol):
    """A bank of the monthly offset."""

    batch_limit: int
    """Most rows of one batch, by the contract."""

    inquiry_limit: int
    """Most numbers of one inquiry, by the contract."""

    settle_after_s: float
    """Seconds after which ``not found`` may be believed enough to send the same again."""

    numbers_idempotent: bool
    """Whether the contract promises that one number is credited once."""

    def obstacle(self, name: str, account: str) -> str | None:
        """Why these cannot be written in an instruction (``name_not_representable``), or None."""
        ...

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """Ask whether loan, repayment account and borrower belong together."""
        ...

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """Tell the bank that an agreement is signed.  Effect; idempotent by agreement."""
        ...

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """Tell the bank that an agreement has ended.  Effect; idempotent by agreement."""
        ...

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """One page of the due list of a period; ``page`` None for the first."""
        ...

    def fetch_balance(self, line: Line) -> BankBalance:
        """The paying account's balance now."""
        ...

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """Order the payments.  Effect.  Rows the bank does not mention are simply absent."""
        ...

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """What became of a batch, by its number; empty when the bank does not know it."""
        ...

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """What became of single instructions (交易结果查证), one result per number."""
        ...

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """One page of a banking day's entries of the paying account."""
        ...
