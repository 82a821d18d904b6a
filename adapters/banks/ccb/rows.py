"""Rows of CCB's replies ↔ plain values of the bank port: what CCB calls what."""

from adapters.kit.reader import DueFields, EntryFields, Row, RowReader
from hub.contracts import CodeStatus
from hub.kernel.money import format_yuan
from hub.ports.bank import InstructionRow, LoanClaim, RowResult, RowStatus

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("RECV_ACC_NAME", "RECV_ACCNO")
DUE = DueFields(
    loan_contract="LOAN_NO", repayment_account="HKZH", borrower_name="JKRXM",
    borrower_id="JKRZJH", due_date="YHRQ", amount="DQYHJE", state="DKZT",
)  # fmt: skip
ENTRY = EntryFields(
    serial="FLOW_NO", day="DATE", side="FLAG", out="D", amount="AMOUNT", kind="BUSI",
    kind_table="busi", counter_account="OTHER_ACC", counter_name="OTHER_NAME", remark="REMARK",
)  # fmt: skip


def result(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a row says of one number: STATE, and FAIL_CODE where there is one."""
    state = reader.code("state", row, "STATE")
    detail = (
        reader.code("fail_code", row, "FAIL_CODE") if row.get("FAIL_CODE", "").strip() else None
    )
    return reader.result(row, number, state, detail, amount="AMOUNT", serial="FLOW_NO")


def inquired(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a row of an inquiry says: first whether the bank knows the number at all."""
    found = reader.code("found", row, "FOUND")
    if found.status is not CodeStatus.DONE:
        return RowResult(number, RowStatus(found.status), code=found.shown, text=found.text)
    return result(reader, row, number)


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


def claim(said: LoanClaim) -> dict[str, str]:
    """TX_INFO of 6WD902, 6WD903 and 6WD904."""
    return {
        "XYBH": said.agreement,
        "LOAN_NO": said.loan_contract,
        "HKZH": said.repayment_account,
        "JKRXM": said.borrower_name,
        "JKRZJH": said.borrower_id,
    }
