"""Rows of BOC's replies ↔ plain values of the bank port.

What a code means is the contract's code tables' alone; what no table holds is UNKNOWN, never
final, and a drift.  Bank texts are not passed on: they may name a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.kit import banks
from adapters.kit.replies import BadReply
from hub.contracts import Code, Contract, shape
from hub.kernel.money import BadAmount, Fen, format_yuan, parse_yuan
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
PAYEE_FIELDS = ("toname", "toactn")
_OUT = "1"
_SETTLED, _OVERDUE = "2", "1"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows of one transaction's reply; notes on ``drift`` what the contract lacks."""

    contract: Contract
    transaction: str
    drift: DriftNotes

    def result(self, row: Row, number: str, ordered: InstructionRow | None = None) -> RowResult:
        """What a row says of one number; DONE needs a readable amount, else it is UNKNOWN."""
        code = self._code("row_status", row.get("rspcod", ""))
        status, reason = banks.judge(code, None)
        amount = None
        if status is RowStatus.DONE:
            amount = banks.positive(self.amount(row, "trnamt"))
            status = RowStatus.UNKNOWN if amount is None else status
        if amount is not None and ordered is not None and amount != ordered.amount:
            self.drift.note(self._place("trnamt"), "the amount ordered", "another amount")
        return RowResult(
            number, status, amount, reason, code=code.shown, text=code.text,
            bank_serial=self._serial(row),
        )  # fmt: skip

    def due(self, row: Row) -> DueRecord:
        """One line of the due list; never raises, ``flaw`` says what is wrong with it."""
        amount = self.amount(row, "dqyhje", noted=False)
        due_on = banks.day(row.get("yhrq", ""))
        state = row.get("dkzt", "").strip()
        flaws = (
            ("amount", amount is None or amount < 0),
            ("due_date", due_on is None),
            ("loan_state", not self.contract.code("loan_state", state).known),
            ("borrower_id", not banks.is_document(row.get("jkrzjh", ""))),  # last: hides no other
        )
        return DueRecord(
            loan_contract=row.get("loanno", "").strip(),
            repayment_account=row.get("hkzh", "").strip(),
            borrower_name=row.get("jkrxm", ""),
            borrower_id=row.get("jkrzjh", ""),
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
        amount = self.amount(row, "trnamt")
        if amount is None:
            raise BadReply(self._place("trnamt"), "an amount in yuan", shape(row.get("trnamt")))
        if banks.day(row.get("trndat", "")) != day:
            raise BadReply(self._place("trndat"), "the day asked for", shape(row.get("trndat")))
        serial = self._serial(row)
        if not serial:
            raise BadReply(self._place("obssid"), "the bank's serial", shape(row.get("obssid")))
        digits = int(self.contract.numbers.extra["instruction_digits"])
        number = banks.our_number(row.get("furinfo", ""), digits)
        kind = banks.entry_kind(
            self._code("trntyp", row.get("trntyp", "")),
            amount,
            number,
            outgoing=row.get("direct", "").strip() == _OUT,
            drift=self.drift,
            place=self._place("trntyp"),
        )
        return StatementEntry(
            serial=serial,
            kind=kind,
            number=number,
            amount=Fen(abs(amount)),
            counter_account=row.get("toactn", "").strip(),
            counter_name=row.get("toname", "").strip(),
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
        serial = row.get("obssid", "").strip()
        return serial if self.contract.field("obssid").takes(serial) else ""

    def _place(self, field: str) -> str:
        return f"{self.transaction}.reply/trans/detail/{field}"


def instruction(row: InstructionRow) -> list[tuple[str, str]]:
    """One ``<detail>`` of b2e0078.  The same row gives the same text every time."""
    return [
        ("insid", row.number),
        ("toactn", row.payee_account),
        ("toname", row.payee_name),
        ("trnamt", format_yuan(row.amount)),
        ("useof", PURPOSE),
        ("loanno", row.loan_contract),
        ("furinfo", row.number),
    ]
