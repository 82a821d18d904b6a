"""Rows of 贵州农信's messages and files ↔ plain values of the bank port: what is called what."""

from adapters.kit.reader import DueFields, EntryFields, Row, RowReader
from hub.contracts import CodeStatus, Record
from hub.ports.bank import InstructionRow, LoanClaim, RowResult, RowStatus

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("PAYEE_NAME", "PAYEE_ACC")
DUE = DueFields(
    loan_contract="LOAN_NO", repayment_account="HKZH", borrower_name="JKRXM",
    borrower_id="JKRZJH", due_date="YHRQ", amount="DQYHJE", state="DKZT",
)  # fmt: skip
ENTRY = EntryFields(
    serial="FLOW_NO", day="DATE", side="FLAG", out="D", amount="AMOUNT", kind="BUSI",
    kind_table="busi", counter_account="OTHER_ACC", counter_name="OTHER_NAME", remark="REMARK",
)  # fmt: skip


def result(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a row of a result file says: STATE, FAIL_CODE if any."""
    state = reader.code("state", row, "STATE")
    failed = row.get("FAIL_CODE", "").strip()
    detail = reader.code("fail_code", row, "FAIL_CODE") if failed else None
    return reader.result(row, number, state, detail, amount="AMOUNT", serial="FLOW_NO")


def inquired(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a row of GX1030 says: first whether the bank knows the number at all."""
    found = reader.code("found", row, "FOUND")
    if found.status is not CodeStatus.DONE:
        return RowResult(number, RowStatus(found.status), code=found.shown, text=found.text)
    return result(reader, row, number)


def instruction(place: int, row: InstructionRow) -> Record:
    """One detail of a payment file.  The same row gives the same bytes every time."""
    return {
        "ROW_NO": str(place),
        "NUMBER": row.number,
        "PAYEE_ACC": row.payee_account,
        "PAYEE_NAME": row.payee_name,
        "AMOUNT": str(row.amount),
        "LOAN_NO": row.loan_contract,
        "PURPOSE": PURPOSE,
        "REMARK": row.number,
    }


def claim(said: LoanClaim) -> dict[str, str]:
    """BODY of GX4010, GX4020 and GX4030."""
    return {
        "XYBH": said.agreement,
        "LOAN_NO": said.loan_contract,
        "HKZH": said.repayment_account,
        "JKRXM": said.borrower_name,
        "JKRZJH": said.borrower_id,
    }
