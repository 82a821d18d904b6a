"""Rows of 贵阳银行's documents ↔ plain values of the bank port.

What a code means is the contract's code tables' alone; what no table holds is UNKNOWN, never
final, and a drift.  Bank texts are not passed on: they may name a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.banks.gyb.channel import text
from adapters.kit import banks
from adapters.kit.amounts import Amounts
from adapters.kit.replies import BadReply
from hub.contracts import Code, CodeStatus, Contract, shape
from hub.kernel.money import Fen
from hub.ports.bank import DueRecord, InstructionRow, RowResult, RowStatus, StatementEntry
from hub.ports.line import DriftNotes

Row = Mapping[str, object]

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("payeeName", "payeeAccount")
_OUT = "D"
_SETTLED, _OVERDUE = "2", "1"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows of one document; notes on ``drift`` what the contract lacks."""

    contract: Contract
    amounts: Amounts
    document: str
    drift: DriftNotes

    def result(self, row: Row, number: str) -> RowResult:
        """What a row says of one number; DONE needs a readable amount, else it is UNKNOWN."""
        state = self._code("state", text(row, "state"))
        failed = text(row, "failCode").strip()
        detail = self._code("fail_code", failed) if failed else None
        status, reason = banks.judge(state, detail)
        amount = None
        if status is RowStatus.DONE:
            amount = banks.positive(self._amount(row, "amount"))
            status = RowStatus.UNKNOWN if amount is None else status
        telling = detail if detail is not None and state.status is CodeStatus.REFUSED else state
        return RowResult(
            number,
            status,
            amount,
            reason,
            code=state.shown if detail is None else f"{state.shown}:{detail.shown}",
            text=telling.text,
            bank_serial=self._serial(row),
        )

    def due(self, row: Row) -> DueRecord:
        """One line of the due list; never raises, ``flaw`` says what is wrong with it."""
        amount = self.amounts.read(row.get("dueAmount"))
        due_on = banks.day(text(row, "dueDate"))
        state, paper = text(row, "loanState").strip(), text(row, "borrowerId")
        flaws = (
            ("amount", amount is None or amount < 0),
            ("due_date", due_on is None),
            ("loan_state", not self.contract.code("loan_state", state).known),
            ("borrower_id", not banks.is_document(paper)),  # last: hides no other
        )
        return DueRecord(
            loan_contract=text(row, "loanNo").strip(),
            repayment_account=text(row, "repayAccount").strip(),
            borrower_name=text(row, "borrowerName"),
            borrower_id=paper,
            due_date=due_on,
            amount=amount,
            settled=state == _SETTLED,
            overdue=state == _OVERDUE,
            flaw=next((word for word, wrong in flaws if wrong), ""),
        )

    def entry(self, row: Row, day: date) -> StatementEntry:
        """One entry of the paying account.

        A page with an entry that cannot be read proves nothing about the others: BadReply.
        """
        amount = self._amount(row, "amount")
        if amount is None:
            raise BadReply(self._place("amount"), "an amount", shape(text(row, "amount")))
        if banks.day(text(row, "date")) != day:
            raise BadReply(self._place("date"), "the day asked for", shape(text(row, "date")))
        serial = self._serial(row)
        if not serial:
            raise BadReply(
                self._place("bankSerial"), "the bank's serial", shape(text(row, "bankSerial"))
            )
        digits = int(self.contract.numbers.extra["instruction_digits"])
        number = banks.our_number(text(row, "remark"), digits)
        kind = banks.entry_kind(
            self._code("biz_type", text(row, "bizType")),
            amount,
            number,
            outgoing=text(row, "direction").strip() == _OUT,
            drift=self.drift,
            place=self._place("bizType"),
        )
        return StatementEntry(
            serial=serial,
            kind=kind,
            number=number,
            amount=Fen(abs(amount)),
            counter_account=text(row, "counterAccount").strip(),
            counter_name=text(row, "counterName").strip(),
            booked_on=day,
        )

    def _amount(self, row: Row, name: str) -> Fen | None:
        found = self.amounts.read(row.get(name))
        if found is None:
            self.drift.note(self._place(name), "an amount", shape(text(row, name)))
        return found

    def _code(self, table: str, said: str) -> Code:
        code = self.contract.code(table, said.strip())
        if not code.known:
            place = self.contract.table(table).place.rsplit("/", 1)[-1]
            self.drift.note(self._place(place), f"a code of {table}", shape(said))
        return code

    def _serial(self, row: Row) -> str:
        """The bank's serial; one longer than its field is none (its length is a drift already)."""
        serial = text(row, "bankSerial").strip()
        return serial if self.contract.field("bankSerial").takes(serial) else ""

    def _place(self, name: str) -> str:
        return f"{self.document}/rows/{name}"


def instruction(row: InstructionRow, amounts: Amounts) -> dict[str, str]:
    """One row of hc.pay.submit.  The same row gives the same text every time."""
    return {
        "instNo": row.number,
        "payeeAccount": row.payee_account,
        "payeeName": row.payee_name,
        "amount": amounts.write(row.amount),
        "loanNo": row.loan_contract,
        "purpose": PURPOSE,
        "remark": row.number,
    }
