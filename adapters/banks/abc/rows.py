"""Rows of ABC's replies ↔ plain values of the bank port: what ABC calls what."""

from adapters.kit.reader import DueFields, EntryFields, Row, RowReader
from hub.contracts import CodeStatus
from hub.kernel.money import format_yuan
from hub.ports.bank import InstructionRow, LoanClaim, RowResult, RowStatus

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("CrAccName", "CrAccNo")
DUE = DueFields(
    loan_contract="LoanNo", repayment_account="HKZH", borrower_name="JKRXM",
    borrower_id="JKRZJH", due_date="YHRQ", amount="DQYHJE", state="DKZT",
)  # fmt: skip
ENTRY = EntryFields(
    serial="TransNo", day="TrDate", side="DrCr", out="1", amount="Amt", kind="TrType",
    kind_table="tr_type", counter_account="OppAccNo", counter_name="OppAccName",
    remark="Postscript",
)  # fmt: skip


def result(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a row of CQRA61 says: whether the bank knows the number, RowSta, RowCode if any."""
    found = reader.code("found", row, "Found")
    if found.status is not CodeStatus.DONE:
        return RowResult(number, RowStatus(found.status), code=found.shown, text=found.text)
    state = reader.code("row_sta", row, "RowSta")
    detail = reader.code("row_code", row, "RowCode") if row.get("RowCode", "").strip() else None
    return reader.result(row, number, state, detail, amount="Amt", serial="TransNo")


def instruction(row: InstructionRow) -> dict[str, str]:
    """One ``<Row>`` of DCAF01.  The same row gives the same text every time."""
    return {
        "CustSeqNo": row.number,
        "CrAccNo": row.payee_account,
        "CrAccName": row.payee_name,
        "Amt": format_yuan(row.amount),
        "WhyUse": PURPOSE,
        "LoanNo": row.loan_contract,
        "Postscript": row.number,
    }


def claim(said: LoanClaim) -> list[tuple[str, str]]:
    """Cmp of DCQR02, DCAF02 and DCAF03."""
    return [
        ("XYBH", said.agreement),
        ("LoanNo", said.loan_contract),
        ("HKZH", said.repayment_account),
        ("JKRXM", said.borrower_name),
        ("JKRZJH", said.borrower_id),
    ]
