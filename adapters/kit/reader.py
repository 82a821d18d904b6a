"""Rows of a reply, whose fields have the bank's names, ↔ plain values of the bank port.

What a code means is the contract's code tables' alone; what no table holds is UNKNOWN, never
final, and a drift.  Bank texts are not passed on: they may name a person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from adapters.kit import banks
from adapters.kit.amounts import WORDS, amount
from adapters.kit.replies import BadReply
from hub.contracts import Code, CodeStatus, Contract, shape
from hub.kernel.money import Fen
from hub.ports.bank import DueRecord, RowResult, RowStatus, StatementEntry
from hub.ports.line import DriftNotes, Line

Row = Mapping[str, str]
_SETTLED, _OVERDUE = "2", "1"


@dataclass(frozen=True, slots=True)
class DueFields:
    """What a bank calls the fields of a due list's line; ``state`` is of table loan_state."""

    loan_contract: str
    repayment_account: str
    borrower_name: str
    borrower_id: str
    due_date: str
    amount: str
    state: str


@dataclass(frozen=True, slots=True)
class EntryFields:
    """What a bank calls the fields of a statement's entry.

    ``kind`` is of table ``kind_table``; an entry whose ``side`` is ``out`` left the account.
    """

    serial: str
    day: str
    side: str
    out: str
    amount: str
    kind: str
    kind_table: str
    counter_account: str
    counter_name: str
    remark: str


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows that stand at ``place``; notes on ``drift`` what the contract lacks."""

    contract: Contract
    place: str
    drift: DriftNotes

    def amount(self, row: Row, field: str, *, noted: bool = True) -> Fen | None:
        """An amount in 分; None when it is none."""
        found = amount(self.contract, row.get(field))
        if found is None and noted:
            words = WORDS[self.contract.wire.amount_unit]
            self.drift.note(self.at(field), words, shape(row.get(field)))
        return found

    def code(self, table: str, row: Row, field: str) -> Code:
        """A code of a table; one that the table lacks is noted."""
        text = row.get(field, "").strip()
        found = self.contract.code(table, text)
        if not found.known:
            self.drift.note(self.at(field), f"a code of {table}", shape(text))
        return found

    def serial(self, row: Row, field: str) -> str:
        """The bank's serial; one longer than its field is none (its length is a drift already)."""
        text = row.get(field, "").strip()
        return text if self.contract.field(field).takes(text) else ""

    def result(
        self, row: Row, number: str, state: Code, detail: Code | None, *, amount: str, serial: str
    ) -> RowResult:
        """What a row says of one number, from its state and the code beside it.

        ``amount`` and ``serial`` name fields.  DONE needs a readable amount, else it is UNKNOWN.
        """
        status, reason = banks.judge(state, detail)
        credited = None
        if status is RowStatus.DONE:
            credited = banks.positive(self.amount(row, amount))
            status = RowStatus.UNKNOWN if credited is None else status
        telling = detail if detail is not None and state.status is CodeStatus.REFUSED else state
        return RowResult(
            number,
            status,
            credited,
            reason,
            code=state.shown if detail is None else f"{state.shown}:{detail.shown}",
            text=telling.text,
            bank_serial=self.serial(row, serial),
        )

    def due(self, row: Row, names: DueFields) -> DueRecord:
        """One line of the due list; never raises, ``flaw`` says what is wrong with it."""
        due = self.amount(row, names.amount, noted=False)
        due_on = banks.day(row.get(names.due_date, ""))
        state = row.get(names.state, "").strip()
        borrower_id = row.get(names.borrower_id, "")
        known = self.contract.code("loan_state", state).known
        flaw = ""
        if due is None or due < 0:
            flaw = "amount"
        elif due_on is None:
            flaw = "due_date"
        elif not known:
            flaw = "loan_state"
        elif not banks.is_document(borrower_id):  # last: hides no other
            flaw = "borrower_id"
        return DueRecord(
            loan_contract=row.get(names.loan_contract, "").strip(),
            repayment_account=row.get(names.repayment_account, "").strip(),
            borrower_name=row.get(names.borrower_name, ""),
            borrower_id=borrower_id,
            due_date=due_on,
            amount=due,
            settled=state == _SETTLED,
            overdue=state == _OVERDUE,
            flaw=flaw,
        )

    def entry(self, row: Row, day: date, names: EntryFields) -> StatementEntry:
        """One entry of the paying account.

        A page with an entry that cannot be read proves nothing about the others: BadReply.
        """
        moved = amount(self.contract, row.get(names.amount))
        if moved is None:
            self._unusable(row, names.amount, WORDS[self.contract.wire.amount_unit])
        if banks.day(row.get(names.day, "")) != day:
            self._unusable(row, names.day, "the day asked for")
        serial = self.serial(row, names.serial)
        if not serial:
            self._unusable(row, names.serial, "the bank's serial")
        digits = int(self.contract.numbers.extra["instruction_digits"])
        number = banks.our_number(row.get(names.remark, ""), digits)
        kind = banks.entry_kind(
            self.code(names.kind_table, row, names.kind),
            moved,
            number,
            outgoing=row.get(names.side, "").strip() == names.out,
            drift=self.drift,
            place=self.at(names.kind),
        )
        return StatementEntry(
            serial=serial,
            kind=kind,
            number=number,
            amount=Fen(abs(moved)),
            counter_account=row.get(names.counter_account, "").strip(),
            counter_name=row.get(names.counter_name, "").strip(),
            booked_on=day,
        )

    def numbered(self, rows: list[dict[str, str]], field: str) -> list[tuple[str, dict[str, str]]]:
        """Rows with their number; a row without one says nothing of anybody, and is noted."""
        found = [(row.get(field, "").strip(), row) for row in rows]
        if not all(number for number, _ in found):
            self.drift.note(self.at(field), "a number", "空白")
        return [(number, row) for number, row in found if number]

    def answers(
        self,
        line: Line,
        rows: list[dict[str, str]],
        field: str,
        numbers: Sequence[str],
        read: Callable[[Row, str], RowResult],
    ) -> tuple[RowResult, ...]:
        """One result per number asked; one that the bank leaves out is UNKNOWN, and noted."""
        place, wanted = self.at(field), set(numbers)
        results = [
            read(row, number)
            for row in rows
            if banks.expected(line, place, number := row.get(field, "").strip(), wanted)
        ]
        if wanted - {result.number for result in results}:
            self.drift.note(place, "a row per number", "fewer rows")
        return banks.one_per_number(results, numbers)

    def at(self, field: str) -> str:
        """Where a field stands, for a drift."""
        return f"{self.place}/{field}"

    def _unusable(self, row: Row, field: str, expected: str) -> NoReturn:
        raise BadReply(self.at(field), expected, shape(row.get(field)))
