"""Records of BCM's lists ↔ plain values of the bank port: what BCM calls what."""

from adapters.kit.reader import DueFields, EntryFields, Row, RowReader
from hub.kernel.money import format_yuan
from hub.ports.bank import InstructionRow, LoanClaim, RowResult

SUMMARY = "商贷月对冲"
PAYEE_FIELDS = ("rcv_acname", "rcv_acno")
DUE = DueFields(
    loan_contract="loan_no", repayment_account="hkzh", borrower_name="jkrxm",
    borrower_id="jkrzjh", due_date="yhrq", amount="dqyhje", state="dkzt",
)  # fmt: skip
ENTRY = EntryFields(
    serial="serial_no", day="tr_date", side="dc_flag", out="D", amount="amt", kind="busi_type",
    kind_table="busi_type", counter_account="oppo_acno", counter_name="oppo_acname",
    remark="postscript",
)  # fmt: skip


def result(reader: RowReader, row: Row, number: str) -> RowResult:
    """What a record says of one number: stat, and err_code where there is one."""
    state = reader.code("stat", row, "stat")
    detail = reader.code("err_code", row, "err_code") if row["err_code"].strip() else None
    return reader.result(row, number, state, detail, amount="amt", serial="serial_no")


def instruction(row: InstructionRow) -> dict[str, str]:
    """One record of 330008.  The same row gives the same text every time."""
    return {
        "cert_no": row.number,
        "rcv_acno": row.payee_account,
        "rcv_acname": row.payee_name,
        "amt": format_yuan(row.amount),
        "loan_no": row.loan_contract,
        "postscript": row.number,
    }


def claim(said: LoanClaim) -> dict[str, str]:
    """The body of 390002, 390003 and 390004."""
    return {
        "xybh": said.agreement,
        "loan_no": said.loan_contract,
        "hkzh": said.repayment_account,
        "jkrxm": said.borrower_name,
        "jkrzjh": said.borrower_id,
    }
