"""Rows of 邮储银行's files and messages ↔ plain values of the bank port: what is called what."""

from adapters.kit.amounts import Amounts
from adapters.kit.reader import DueFields, EntryFields, Row, RowReader
from hub.ports.bank import InstructionRow, LoanClaim, RowResult

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("payeeName", "payeeAcct")
DUE = DueFields(
    loan_contract="contractNo", repayment_account="repayAcct", borrower_name="borrower",
    borrower_id="idNo", due_date="dueDate", amount="dueAmt", state="loanState",
)  # fmt: skip
ENTRY = EntryFields(
    serial="hostSeq", day="bookDate", side="side", out="O", amount="amt", kind="bizType",
    kind_table="biz_type", counter_account="oppAcct", counter_name="oppName",
    remark="postscript",
)  # fmt: skip


def result(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a row says of one number: state, errCode if any; the same in a file and a message."""
    state = reader.code("state", row, "state")
    failed = row.get("errCode", "").strip()
    detail = reader.code("err_code", row, "errCode") if failed else None
    return reader.result(row, number, state, detail, amount="amt", serial="hostSeq")


def instruction(row: InstructionRow, amounts: Amounts) -> dict[str, str]:
    """One row of a payment file.  The same row gives the same text every time."""
    return {
        "orderNo": row.number,
        "payeeAcct": row.payee_account,
        "payeeName": row.payee_name,
        "amt": amounts.write(row.amount),
        "contractNo": row.loan_contract,
        "usage": PURPOSE,
        "postscript": row.number,
    }


def claim(said: LoanClaim) -> dict[str, object]:
    """Body of HC0401, HC0402 and HC0403."""
    return {
        "agreementNo": said.agreement,
        "contractNo": said.loan_contract,
        "repayAcct": said.repayment_account,
        "borrower": said.borrower_name,
        "idNo": said.borrower_id,
    }
