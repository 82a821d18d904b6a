"""One item's whole life, with everything such a page may hold."""

from hub.web.model import (
    AttemptLife,
    AuditLine,
    CallLife,
    ItemLife,
    MessageLife,
    PayerLine,
    Transition,
)
from tests.web.moments import DIGEST, MONTH, at


def whole_life(number: str) -> ItemLife:
    """An item that was sent, not answered, inquired about and reconciled."""
    reply = CallLife("PAYENT", True, "断开", at(9, 32, 5, 61), None, 18_402, 0, "读应答超时")
    sign = CallLife("sign", False, "200", at(9, 32, 4, 902), at(9, 32, 4, 941), 17_980, 612)
    return ItemLife(
        number=number,
        month=MONTH,
        bank="ICBC",
        bank_name="工商银行",
        agreement="DC202500000021",
        loan_contract="ICBC20216****3180",
        borrower="欧***",
        repayment_account="****4213",
        due_date="2025-10-10",
        due_fen=412_004_87,
        amount_fen=303_324_87,
        outcome="SUCCEEDED",
        reason="partial",
        state="reconciled",
        instruction=number,
        batch="ICBC20251015000004",
        bank_serial="HQ20251015093207004412",
        wave=1,
        payers=(
            PayerLine("main", "欧***", "****8802", 155_310_38),
            PayerLine("spouse", "韦*", "****1279", 148_014_49),
        ),
        transitions=(
            Transition("planned", at(9, 5, 2), "", "试算"),
            Transition("held", at(9, 31, 44), "", "核心系统"),
            Transition("instructed", at(9, 32, 4), "", "批次 ICBC20251015000004"),
            Transition("unknown", at(9, 32, 35), "读应答超时", "总线"),
            Transition("succeeded", at(9, 33, 10), "查证：已入账", "bank-icbc"),
            Transition("posted", at(9, 33, 12), "", "核心系统"),
            Transition("reconciled", at(17, 40, 3), "三方一致", "对账"),
        ),
        messages=(
            MessageLife(
                "M-00018201",
                "划款指令",
                "bank-icbc",
                "unknown",
                "accepted",
                at(9, 32, 4),
                "v1.2",
                "ICBC20251015000004",
                (
                    AttemptLife(
                        1,
                        "unknown",
                        at(9, 32, 4, 880),
                        at(9, 32, 5, 61),
                        None,
                        at(9, 32, 35, 70),
                        "",
                        "读应答超时",
                        "w2",
                        None,
                        (sign, reply),
                    ),
                ),
            ),
            MessageLife(
                "M-00018260",
                "交易结果查证",
                "bank-icbc",
                "delivered",
                "business_result",
                at(9, 33, 9),
                "v1.2",
                "",
                (
                    AttemptLife(
                        1,
                        "delivered",
                        at(9, 33, 9, 700),
                        at(9, 33, 9, 760),
                        at(9, 33, 10, 12),
                        at(9, 33, 10, 30),
                        "7",
                        "处理成功",
                        "w1",
                    ),
                ),
            ),
        ),
        audit=(
            AuditLine(18_020, at(9, 20), "李建国", "批准计划", "第 1 轮", DIGEST, True),
            AuditLine(18_188, at(9, 32, 4), "总线", "发送尝试", "M-00018201", DIGEST[9:], True),
        ),
    )
