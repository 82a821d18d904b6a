"""A bank and a core in memory: the ports' protocols, with knobs for what may go wrong.

They are for the offset's own rules; the real wires are tested against the mocks elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from hub.kernel.clocks import SHANGHAI
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import (
    BankBalance,
    DuePage,
    DueRecord,
    EntryKind,
    InstructionBatch,
    LoanCheck,
    LoanClaim,
    RefusalReason,
    RowResult,
    RowStatus,
    StatementEntry,
    StatementPage,
)
from hub.ports.core import (
    AccountsAnswer,
    CommandKind,
    CommandResult,
    CoreAccount,
    CoreCommand,
    HoldPage,
    LiveHold,
    Posting,
    PostingPage,
)
from hub.ports.line import LineUnknown

NOON = datetime(2025, 10, 9, 12, 0, tzinfo=SHANGHAI)


@dataclass
class FakeBank:
    """Credits each number once and remembers the bytes it was sent."""

    dues: list[DueRecord] = field(default_factory=list)
    balance: int = 10**12
    batch_limit: int = 3
    inquiry_limit: int = 2
    settle_after_s: float = 60.0
    numbers_idempotent: bool = True
    minds: dict[str, str] = field(default_factory=dict)  # loan contract → refuse, silent, …
    denies: dict[str, str] = field(default_factory=dict)  # loan contract → code of a check
    claims: list[tuple[str, LoanClaim]] = field(default_factory=list)
    registered: dict[str, LoanClaim] = field(default_factory=dict)
    breaks: list[str] = field(default_factory=list)  # for the next sends: before or after booking
    known: dict[str, RowResult] = field(default_factory=dict)
    entries: list[StatementEntry] = field(default_factory=list)
    bodies: list[InstructionBatch] = field(default_factory=list)
    serials: int = 0
    today: date = field(default_factory=NOON.date)
    deaf: bool = False  # answers every inquiry "not found"
    ill_word: str = ""  # said of every payee as its obstacle

    def obstacle(self, name: str, account: str) -> str | None:
        return self.ill_word or None

    def verify_loan(self, line: object, claim: LoanClaim) -> LoanCheck:
        return self._check("verify", claim)

    def register_agreement(self, line: object, claim: LoanClaim) -> LoanCheck:
        said = self._check("register", claim)
        if said.matches:
            self.registered[claim.agreement] = claim
        return said

    def cancel_agreement(self, line: object, claim: LoanClaim) -> LoanCheck:
        known = self.registered.pop(claim.agreement, None) is not None
        return LoanCheck(known, "0000" if known else "3006", "已解除" if known else "无此协议登记")

    def _check(self, call: str, claim: LoanClaim) -> LoanCheck:
        self.claims.append((call, claim))
        fault = self.breaks.pop(0) if self.breaks else ""
        if fault:
            raise LineUnknown("broken")
        code = self.denies.get(claim.loan_contract, "0000")
        return LoanCheck(code == "0000", code, "相符" if code == "0000" else "姓名不符")

    def fetch_dues(self, line: object, period: Period, page: str | None) -> DuePage:
        total = sum(record.amount or 0 for record in self.dues)
        return DuePage(tuple(self.dues), None, "v1", len(self.dues), Fen(total))

    def fetch_balance(self, line: object) -> BankBalance:
        return BankBalance("2401000109200000001", Fen(self.balance), NOON)

    def instruct(self, line: object, batch: InstructionBatch) -> tuple[RowResult, ...]:
        self.bodies.append(batch)
        fault = self.breaks.pop(0) if self.breaks else ""
        if fault == "before":
            raise LineUnknown("broken before booking")
        said = [self._pay(row.number, row.loan_contract, row.payee_account, row.amount)
                for row in batch.rows]  # fmt: skip
        if fault == "after":
            raise LineUnknown("broken after booking")
        return tuple(one for one in said if one is not None)

    def _pay(self, number: str, loan: str, account: str, fen: Fen) -> RowResult | None:
        mind = self.minds.get(loan, "")
        if mind == "refuse":
            reason = RefusalReason.ACCOUNT_CLOSED
            self.known[number] = RowResult(number, RowStatus.REFUSED, reason=reason, code="A1101")
            return self.known[number]
        if mind == "never":  # taken, answered by nobody, never booked
            return None
        if number not in self.known:
            paid = Fen(fen + 1) if mind == "more" else fen
            serial = self.book(number, paid, account=account)
            self.known[number] = RowResult(number, RowStatus.DONE, paid, bank_serial=serial)
            if mind == "twice":
                self.book(number, paid, account=account)
        return None if mind == "silent" else self.known[number]

    def book(
        self, number: str, fen: int, *, kind: EntryKind = EntryKind.CREDIT, account: str = "x",
    ) -> str:  # fmt: skip
        """One entry of today; its serial."""
        self.serials += 1
        serial = f"S{self.serials:06d}"
        self.entries.append(
            StatementEntry(serial, kind, number, Fen(fen), account, "n", self.today)
        )
        return serial

    def fetch_results(self, line: object, batch: str) -> tuple[RowResult, ...]:
        if self.deaf:
            return ()
        numbers = [row.number for body in self.bodies if body.number == batch for row in body.rows]
        return tuple(self.known[n] for n in dict.fromkeys(numbers) if n in self.known)

    def inquire(self, line: object, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        missing = {n: RowResult(n, RowStatus.NOT_FOUND) for n in numbers}
        return tuple(missing[n] if self.deaf else self.known.get(n, missing[n]) for n in numbers)

    def fetch_statement(self, line: object, day: date, page: str | None) -> StatementPage:
        return StatementPage(
            tuple(e for e in self.entries if e.booked_on == day), None, closed=day < self.today
        )


@dataclass
class FakeCore:
    """Ordered by item, idempotent; keeps balances."""

    accounts_by_number: dict[str, CoreAccount] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)  # item → held, posted, …
    commands: dict[str, CoreCommand] = field(default_factory=dict)
    refuses: set[tuple[CommandKind, str]] = field(default_factory=set)  # (kind, agreement)
    booked: list[Posting] = field(default_factory=list)
    command_limit: int = 4
    accounts_limit: int = 4

    def command(
        self, line: object, kind: CommandKind, commands: Sequence[CoreCommand]
    ) -> tuple[CommandResult, ...]:
        return tuple(self._one(kind, one) for one in commands)

    def _one(self, kind: CommandKind, one: CoreCommand) -> CommandResult:
        if (kind, one.agreement) in self.refuses:
            return CommandResult(one.number, False, "2001", "balance", "no")
        wanted = {"hold": "", "post": "held", "release": "held", "reverse": "posted"}[kind.value]
        after = {"hold": "held", "post": "posted", "release": "released", "reverse": "reversed"}
        if self.states.get(one.number, "") == wanted:
            self.states[one.number] = after[kind.value]
            self.commands[one.number] = one
            if kind in (CommandKind.POST, CommandKind.REVERSE):
                for payer in one.payers:
                    self.post(one.number, payer.account, payer.amount,
                              reversal=kind is CommandKind.REVERSE)  # fmt: skip
        return CommandResult(one.number, True)

    def post(self, number: str, account: str, fen: int, *, reversal: bool = False) -> None:
        """One booked line."""
        serial = f"P{len(self.booked) + 1:06d}"
        self.booked.append(Posting(serial, number, account, Fen(fen), reversal, NOON.date()))

    def accounts(self, line: object, numbers: Sequence[str]) -> AccountsAnswer:
        found = [self.accounts_by_number[n] for n in numbers if n in self.accounts_by_number]
        return AccountsAnswer(tuple(found), NOON)

    def postings(self, line: object, period: Period, bank: str, page: str | None) -> PostingPage:
        def here(number: str) -> bool:
            ordered = self.commands.get(number)
            return ordered is None or (ordered.period, ordered.bank) == (period, bank)

        return PostingPage(tuple(p for p in self.booked if here(p.number)), None)

    def holds(self, line: object, period: Period, bank: str, page: str | None) -> HoldPage:
        live = [
            LiveHold(n, Fen(0)) for n, state in self.states.items()
            if state == "held" and self.commands[n].bank == bank
        ]  # fmt: skip
        return HoldPage(tuple(live), None)
