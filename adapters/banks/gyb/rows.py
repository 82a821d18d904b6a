"""Rows of 贵阳银行's documents ↔ plain values of the bank port: what is called what."""

from adapters.kit.amounts import Amounts
from adapters.kit.reader import DueFields, EntryFields, Row, RowReader
from hub.ports.bank import InstructionRow, LoanClaim, RowResult

PURPOSE = "商贷月对冲"
PAYEE_FIELDS = ("payeeName", "payeeAccount")
DUE = DueFields(
    loan_contract="loanNo", repayment_account="repayAccount", borrower_name="borrowerName",
    borrower_id="borrowerId", due_date="dueDate", amount="dueAmount", state="loanState",
)  # fmt: skip
ENTRY = EntryFields(
    serial="bankSerial", day="date", side="direction", out="D", amount="amount", kind="bizType",
    kind_table="biz_type", counter_account="counterAccount", counter_name="counterName",
    remark="remark",
)  # fmt: skip


def result(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a row says of one number: state, failCode if any; the same in a reply and a notice."""
    state = reader.code("state", row, "state")
    failed = row.get("failCode", "").strip()
    detail = reader.code("fail_code", row, "failCode") if failed else None
    return reader.result(row, number, state, detail, amount="amount", serial="bankSerial")


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


def claim(said: LoanClaim) -> dict[str, str]:
    """Body of hc.loan.verify, hc.agreement.register and hc.agreement.cancel."""
    return {
        "agreementNo": said.agreement,
        "loanNo": said.loan_contract,
        "repayAccount": said.repayment_account,
        "borrowerName": said.borrower_name,
        "borrowerId": said.borrower_id,
    }
