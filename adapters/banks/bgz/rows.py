"""Rows of the bank's replies ↔ plain values of the bank port.

What a code means is the contract's code tables' alone; what no table holds is UNKNOWN, never
final, and a drift.  Bank texts are not passed on: they may name a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.banks.bgz.amounts import day_from, fen_from, moment_from
from adapters.kit import banks
from adapters.kit.replies import BadReply
from hub.contracts import Code, CodeStatus, Contract, shape
from hub.kernel.money import Fen, format_yuan
from hub.ports.bank import DueRecord, InstructionRow, RowResult, RowStatus, StatementEntry
from hub.ports.line import DriftNotes

Row = Mapping[str, str]

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("payeeName", "payeeAccount")
_OUT = "D"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows of one operation's reply; notes on ``drift`` what the contract lacks."""

    contract: Contract
    operation: str
    drift: DriftNotes

    def result(self, row: Row, number: str) -> RowResult:
        """What a row says of one number; DONE needs a readable amount, else it is UNKNOWN."""
        state = self._code("status", row.get("status", ""))
        given = row.get("reasonCode", "").strip()
        detail = self._code("reason", given) if given else None
        status, reason = banks.judge(state, detail)
        amount = None
        if status is RowStatus.DONE:
            amount = banks.positive(self.amount(row, "amount"))
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
        amount = self.amount(row, "dueAmount", noted=False)
        due_on = day_from(row.get("dueDate", ""))
        state = self.contract.code("loan_state", row.get("loanState", "").strip())
        loan = state.extra.get("loan", "")
        flaws = (
            ("amount", amount is None or amount < 0),
            ("due_date", due_on is None),
            ("loan_state", not state.known),
            ("borrower_id", not banks.is_document(row.get("borrowerId", ""))),  # last: hides none
        )
        return DueRecord(
            loan_contract=row.get("loanContractNo", "").strip(),
            repayment_account=row.get("repayAccount", "").strip(),
            borrower_name=row.get("borrowerName", ""),
            borrower_id=row.get("borrowerId", ""),
            due_date=due_on,
            amount=amount,
            settled=loan == "settled",
            overdue=loan == "overdue",
            flaw=next((word for word, wrong in flaws if wrong), ""),
        )

    def entry(self, row: Row, day: date) -> StatementEntry:
        """One entry of the paying account.

        A page with an entry that cannot be read proves nothing about the others: BadReply.
        """
        amount = self.amount(row, "amount")
        if amount is None:
            raise BadReply(self._place("amount"), "an amount in yuan", shape(row.get("amount")))
        at = moment_from(row.get("bookedAt", ""))
        if at is None or at.date() != day:
            raise BadReply(self._place("bookedAt"), "the day asked for", shape(row.get("bookedAt")))
        serial = self._serial(row)
        if not serial:
            found = shape(row.get("bankSerial"))
            raise BadReply(self._place("bankSerial"), "the bank's serial", found)
        number = banks.our_number(
            row.get("postscript", ""), int(self.contract.numbers.extra["instruction_digits"])
        )
        kind = banks.entry_kind(
            self._code("entry_type", row.get("entryType", "")),
            amount,
            number,
            outgoing=row.get("direction", "").strip() == _OUT,
            drift=self.drift,
            place=self._place("entryType"),
        )
        return StatementEntry(
            serial=serial,
            kind=kind,
            number=number,
            amount=Fen(abs(amount)),
            counter_account=row.get("counterAccount", "").strip(),
            counter_name=row.get("counterName", "").strip(),
            booked_on=day,
        )

    def amount(self, row: Row, field: str, *, noted: bool = True) -> Fen | None:
        """Yuan with exactly two decimals as 分; None when it is none."""
        found = fen_from(row.get(field, ""))
        if found is None and noted:
            self.drift.note(self._place(field), "an amount in yuan", shape(row.get(field)))
        return found

    def number_place(self) -> str:
        """Where a row's number stands."""
        return self._place("instructionNo")

    def _code(self, table: str, text: str) -> Code:
        code = self.contract.code(table, text.strip())
        if not code.known:
            place = self.contract.table(table).place.rsplit("/", 1)[-1]
            self.drift.note(self._place(place), f"a code of {table}", shape(text))
        return code

    def _serial(self, row: Row) -> str:
        """The bank's serial; one longer than its field is none (its length is a drift already)."""
        serial = row.get("bankSerial", "").strip()
        return serial if self.contract.field("bankSerial").takes(serial) else ""

    def _place(self, field: str) -> str:
        return f"{self.operation}.reply/Envelope/Body/{self.operation}Response/item/{field}"


def instruction(row: InstructionRow) -> dict[str, str]:
    """One ``item`` of BatchPay.  The same row gives the same text every time."""
    return {
        "instructionNo": row.number,
        "payeeAccount": row.payee_account,
        "payeeName": row.payee_name,
        "amount": format_yuan(row.amount),
        "purpose": PURPOSE,
        "loanContractNo": row.loan_contract,
        "postscript": row.number,
    }
