"""What applying and cancelling do to an application, without storage.

Source: contracts_spec/core/registry/ordering.yaml, written here a second time on purpose: the
tests hold this against the contract's table, so neither can drift alone.
"""

from dataclasses import dataclass

ABSENT, ACCEPTED, REVIEW, DONE, REFUSED, CANCELLED, BARRED = (
    "00", "01", "02", "03", "04", "05", "06",
)  # fmt: skip
OPEN = frozenset({ACCEPTED, REVIEW})

OK = "0000"
CONFLICT = "2101"
NOT_FOUND = "2102"
STATE = "2103"
OLD_VALUE = "2104"
HOLD = "2105"
CANCELLED_BEFORE = "2106"
ENDED_BEFORE = "2107"
ALREADY_OPEN = "2108"
IDENTITY = "2109"
BAD = "2110"
IN_PROGRESS = "2111"
TROUBLE = "9101"

TEXTS = {
    OK: "成功", CONFLICT: "同一申请编号的内容与首次不一致", NOT_FOUND: "单位或账户不存在",
    STATE: "账户或单位的状态不允许", OLD_VALUE: "原值与登记不符", HOLD: "有在途对冲业务",
    CANCELLED_BEFORE: "申请已撤销", ENDED_BEFORE: "申请已办完，不能撤销",
    ALREADY_OPEN: "该统一社会信用代码已开户", IDENTITY: "姓名或证件与登记不符",
    BAD: "申请内容不合法", IN_PROGRESS: "该账户另有在办的提取申请",
    TROUBLE: "单条处理失败，请原样重发",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """The answer of one cell.  ``to`` is None when nothing changes."""

    code: str
    to: str | None = None


def again(state: str, code: str) -> Move | None:
    """The answer to an application that comes; ``code`` is what a known one was first answered.
    None: it is new, and the answer depends on units and accounts."""
    match state:
        case "00":
            return None
        case "05" | "06":
            return Move(CANCELLED_BEFORE)
        case "04":
            return Move(code)
        case _:
            return Move(OK)


def cancel(state: str) -> Move:
    """The answer to cancelling."""
    match state:
        case "00":
            return Move(OK, BARRED)
        case "01" | "02":
            return Move(OK, CANCELLED)
        case "05" | "06":
            return Move(OK)
        case _:
            return Move(ENDED_BEFORE)
