"""Rows of CCB's replies ↔ plain values of the bank port.

What a code means is the contract's code tables' alone; what no table holds is UNKNOWN, never
final, and a drift.  Bank texts are not passed on: they may name a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.kit import banks
from adapters.kit.replies import BadReply
from hub.contracts import Code, CodeStatus, Contract, shape
from hub.kernel.money import BadAmount, Fen, format_yuan, parse_yuan
from hub.ports.bank import DueRecord, InstructionRow, RowResult, RowStatus, StatementEntry
from hub.ports.line import DriftNotes

Row = Mapping[str, str]

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("RECV_ACC_NAME", "RECV_ACCNO")
_OUT = "D"
_SETTLED, _OVERDUE = "2", "1"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows of one transaction's reply; notes on ``drift`` what the contract lacks."""

    contract: Contract
    transaction: str
    drift: DriftNotes

    def result(self, row: Row, number: str) -> RowResult:
        """What a row says of one number; DONE needs a readable amount, else it is UNKNOWN."""
        state = self._code("state", row.get("STATE", ""))
        failed = row.get("FAIL_CODE", "").strip()
        detail = self._code("fail_code", failed) if failed else None
        status, reason = banks.judge(state, detail)
        amount = None
        if status is RowStatus.DONE:
            amount = banks.positive(self.amount(row, "AMOUNT"))
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

    def inquired(self, row: Row, number: str) -> RowResult:
        """What a row of an inquiry says: first whether the bank knows the number at all."""
        found = self._code("found", row.get("FOUND", ""))
        if found.status is not CodeStatus.DONE:
            return RowResult(number, RowStatus(found.status), code=found.shown, text=found.text)
        return self.result(row, number)

    def due(self, row: Row) -> DueRecord:
        """One line of the due list; never raises, ``flaw`` says what is wrong with it."""
        amount = self.amount(row, "DQYHJE", noted=False)
        due_on = banks.day(row.get("YHRQ", ""))
        state = row.get("DKZT", "").strip()
        flaws = (
            ("amount", amount is None or amount < 0),
            ("due_date", due_on is None),
            ("loan_state", not self.contract.code("loan_state", state).known),
            ("borrower_id", not banks.is_document(row.get("JKRZJH", ""))),  # last: hides no other
        )
        return DueRecord(
            loan_contract=row.get("LOAN_NO", "").strip(),
            repayment_account=row.get("HKZH", "").strip(),
            borrower_name=row.get("JKRXM", ""),
            borrower_id=row.get("JKRZJH", ""),
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
        amount = self.amount(row, "AMOUNT")
        if amount is None:
            raise BadReply(self._place("AMOUNT"), "an amount in yuan", shape(row.get("AMOUNT")))
        if banks.day(row.get("DATE", "")) != day:
            raise BadReply(self._place("DATE"), "the day asked for", shape(row.get("DATE")))
        serial = self._serial(row)
        if not serial:
            raise BadReply(self._place("FLOW_NO"), "the bank's serial", shape(row.get("FLOW_NO")))
        number = banks.our_number(
            row.get("REMARK", ""), int(self.contract.numbers.extra["instruction_digits"])
        )
        kind = banks.entry_kind(
            self._code("busi", row.get("BUSI", "")),
            amount,
            number,
            outgoing=row.get("FLAG", "").strip() == _OUT,
            drift=self.drift,
            place=self._place("BUSI"),
        )
        return StatementEntry(
            serial=serial,
            kind=kind,
            number=number,
            amount=Fen(abs(amount)),
            counter_account=row.get("OTHER_ACC", "").strip(),
            counter_name=row.get("OTHER_NAME", "").strip(),
            booked_on=day,
        )

    def amount(self, row: Row, field: str, *, noted: bool = True) -> Fen | None:
        """Yuan with two decimals as 分; None when it is none."""
        try:
            return parse_yuan(row.get(field, ""))
        except BadAmount:
            if noted:
                self.drift.note(self._place(field), "an amount in yuan", shape(row.get(field)))
            return None

    def _code(self, table: str, text: str) -> Code:
        code = self.contract.code(table, text.strip())
        if not code.known:
            place = self.contract.table(table).place.rsplit("/", 1)[-1]
            self.drift.note(self._place(place), f"a code of {table}", shape(text))
        return code

    def _serial(self, row: Row) -> str:
        """The bank's serial; one longer than its field is none (its length is a drift already)."""
        serial = row.get("FLOW_NO", "").strip()
        return serial if self.contract.field("FLOW_NO").takes(serial) else ""

    def _place(self, field: str) -> str:
        return f"{self.transaction}.reply/TX/TX_INFO/LIST/{field}"


def instruction(row: InstructionRow) -> dict[str, str]:
    """One ``<LIST>`` of 6WD801.  The same row gives the same text every time."""
    return {
        "CUST_SN": row.number,
        "RECV_ACCNO": row.payee_account,
        "RECV_ACC_NAME": row.payee_name,
        "AMOUNT": format_yuan(row.amount),
        "USEOF": PURPOSE,
        "LOAN_NO": row.loan_contract,
        "REMARK": row.number,
    }
