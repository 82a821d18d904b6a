"""Rows of ICBC's replies ↔ plain values of the bank port.

What a code means is the contract's code tables' alone; what no table holds is UNKNOWN, never
final, and a drift.  Bank texts are not passed on: they may name a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.kit import banks
from adapters.kit.replies import BadReply
from hub.contracts import Code, CodeStatus, Contract, shape
from hub.kernel.money import BadAmount, Fen, parse_fen
from hub.ports.bank import (
    DueRecord,
    InstructionRow,
    RowResult,
    RowStatus,
    StatementEntry,
)
from hub.ports.line import DriftNotes

Row = Mapping[str, str]

PURPOSE = "商贷月对冲"
_OUT = "1"
_SETTLED, _OVERDUE = "2", "1"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows of one transaction's reply; notes on ``drift`` what the contract lacks."""

    contract: Contract
    transaction: str
    drift: DriftNotes

    def result(self, row: Row, number: str, ordered: InstructionRow | None = None) -> RowResult:
        """What a row of PAYENT or QPAYENT says of one number.

        DONE needs a readable amount: without it the row is UNKNOWN and asked again.  An amount
        or account other than ordered is noted; the amount is passed on as the bank said it.
        """
        asked = self._asked(row)
        if asked is not None:
            return RowResult(number, RowStatus(asked.status), code=asked.shown, text=asked.text)
        code = self._code("result", row.get("Result", ""), "Result")
        detail_code = row.get("instrRetCode", "").strip()
        detail = self._code("instr_ret_code", detail_code, "instrRetCode") if detail_code else None
        telling = detail if detail is not None and code.status is CodeStatus.REFUSED else code
        status, reason = banks.judge(code, detail)
        amount = self._amount(row, "PayAmt") if status is RowStatus.DONE else None
        if status is RowStatus.DONE and (amount is None or amount <= 0):
            status, amount = RowStatus.UNKNOWN, None
        if status is RowStatus.DONE and ordered is not None:
            self._compare(row, amount, ordered)
        return RowResult(
            number,
            status,
            amount,
            reason,
            code=code.shown if detail is None else f"{code.shown}:{detail.shown}",
            text=telling.text,
            bank_serial=self._serial(row, "OrderNo"),
        )

    def due(self, row: Row) -> DueRecord:
        """One line of the due list; never raises, ``flaw`` says what is wrong with it."""
        amount = self._amount(row, "DQYHJE", noted=False)
        due_on = banks.day(row.get("YHRQ", ""))
        borrower_id = row.get("JKRZJH", "")
        state = row.get("DKZT", "").strip()
        known = self.contract.code("loan_state", state).known
        flaws = (
            ("amount", amount is None or amount < 0),
            ("due_date", due_on is None),
            ("loan_state", not known),
            (
                "borrower_id",
                not banks.is_document(borrower_id),
            ),  # last: it hides none of the others
        )
        return DueRecord(
            loan_contract=row.get("JKHTBH", "").strip(),
            repayment_account=row.get("HKZH", "").strip(),
            borrower_name=row.get("JKRXM", ""),
            borrower_id=borrower_id,
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
        outgoing = row.get("Drcrf", "").strip() == _OUT
        amount = self._entry_amount(row, outgoing=outgoing)
        booked_on = banks.day(row.get("Date", ""))
        if booked_on != day:
            raise BadReply(self._place("Date"), "the day asked for", shape(row.get("Date")))
        serial = self._serial(row, "OnlySequence")
        if not serial:
            found = shape(row.get("OnlySequence"))
            raise BadReply(self._place("OnlySequence"), "the bank's serial", found)
        digits = int(self.contract.numbers.extra["instruction_digits"])
        number = banks.our_number(row.get("PostScript", ""), digits)
        kind = banks.entry_kind(
            self._code("bus_type", row.get("BusType", ""), "BusType"),
            amount,
            number,
            outgoing=outgoing,
            drift=self.drift,
            place=self._place("BusType"),
        )
        return StatementEntry(
            serial=serial,
            kind=kind,
            number=number,
            amount=Fen(abs(amount)),
            counter_account=row.get("RecipAccNo", "").strip(),
            counter_name=row.get("RecipName", "").strip(),
            booked_on=booked_on,
        )

    def _asked(self, row: Row) -> Code | None:
        """The answer to the question itself (iRetCode of QPAYENT), unless it is "found"."""
        if self.transaction != "QPAYENT":
            return None
        code = self._code("row_code", row.get("iRetCode", ""), "iRetCode")
        return None if code.status is CodeStatus.DONE else code

    def _code(self, table: str, text: str, field: str) -> Code:
        code = self.contract.code(table, text.strip())
        if not code.known:
            self.drift.note(self._place(field), f"a code of {table}", shape(text))
        return code

    def _amount(self, row: Row, field: str, *, noted: bool = True) -> Fen | None:
        try:
            return parse_fen(row.get(field, ""))
        except BadAmount:
            if noted:
                self.drift.note(self._place(field), "an amount in 分", shape(row.get(field)))
            return None

    def _compare(self, row: Row, amount: Fen | None, ordered: InstructionRow) -> None:
        if amount != ordered.amount:
            self.drift.note(self._place("PayAmt"), "the amount ordered", "another amount")
        account = row.get("RecAccNo", "").strip()
        if account not in {"", ordered.payee_account}:
            self.drift.note(self._place("RecAccNo"), "the account ordered", "another account")

    def _entry_amount(self, row: Row, *, outgoing: bool) -> Fen:
        field = "Amount"
        if self.transaction == "QHISD":
            field = "DebitAmount" if outgoing else "CreditAmount"
        try:
            return parse_fen(row.get(field, ""))
        except BadAmount:
            raise BadReply(self._place(field), "an amount in 分", shape(row.get(field))) from None

    def _serial(self, row: Row, field: str) -> str:
        """The bank's serial; one longer than its field is none (its length is a drift already)."""
        serial = row.get(field, "").strip()
        return serial if self.contract.field(field).takes(serial) else ""

    def _place(self, field: str) -> str:
        return f"{self.transaction}.reply/CMS/eb/out/rd/{field}"


def instruction(row: InstructionRow, *, account: str, name: str, month: str) -> dict[str, str]:
    """One ``<rd>`` of PAYENT.  The same row gives the same text every time."""
    return {
        "iSeqno": row.number,
        "PayType": "1",
        "PayAccNo": account,
        "PayAccNameCN": name,
        "RecAccNo": row.payee_account,
        "RecAccNameCN": row.payee_name,
        "SysIOFlg": "1",
        "Prop": "1",
        "CurrType": "001",
        "PayAmt": str(row.amount),
        "UseCN": PURPOSE,
        "PostScript": row.number,
        "Summary": f"对冲{month}",
        "Ref": row.loan_contract,
    }
