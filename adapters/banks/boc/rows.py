"""Rows of BOC's replies ↔ plain values of the bank port: what BOC calls what."""

from adapters.kit.reader import DueFields, EntryFields, Row, RowReader
from hub.kernel.money import format_yuan
from hub.ports.bank import InstructionRow, LoanClaim, RowResult

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("toname", "toactn")
DUE = DueFields(
    loan_contract="loanno", repayment_account="hkzh", borrower_name="jkrxm",
    borrower_id="jkrzjh", due_date="yhrq", amount="dqyhje", state="dkzt",
)  # fmt: skip
ENTRY = EntryFields(
    serial="obssid", day="trndat", side="direct", out="1", amount="trnamt", kind="trntyp",
    kind_table="trntyp", counter_account="toactn", counter_name="toname", remark="furinfo",
)  # fmt: skip


def result(
    reader: RowReader, row: Row, number: str, ordered: InstructionRow | None = None
) -> RowResult:
    """What a row says of one number; an amount other than ordered is noted, and passed on."""
    code = reader.code("row_status", row, "rspcod")
    said = reader.result(row, number, code, None, amount="trnamt", serial="obssid")
    if said.amount is not None and ordered is not None and said.amount != ordered.amount:
        reader.drift.note(reader.at("trnamt"), "the amount ordered", "another amount")
    return said


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


def claim(said: LoanClaim) -> list[tuple[str, str]]:
    """The body of b2e9002, b2e9003 and b2e9004."""
    return [
        ("xybh", said.agreement),
        ("loanno", said.loan_contract),
        ("hkzh", said.repayment_account),
        ("jkrxm", said.borrower_name),
        ("jkrzjh", said.borrower_id),
    ]
