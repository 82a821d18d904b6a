"""What a command does to an item: the ordering rules of the core's contract, without storage.

Source: contracts_spec/core/reference/README.md, "明细状态与指令".  Written here a second time on
purpose: the tests hold this against the contract's table, so neither can drift alone.
"""

from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """The four commands, by the last part of their path."""

    HOLD = "hold"
    POST = "post"
    RELEASE = "release"
    REVERSE = "reverse"


class State(StrEnum):
    """MXZT: where an item stands."""

    ABSENT = "00"
    HELD = "01"
    POSTED = "02"
    RELEASED = "03"
    REVERSED = "04"
    REFUSED = "05"  # a hold that was refused stays refused: its late twin must not succeed
    BARRED = "06"  # 墓碑: released before any hold was seen


DONE = "0000"
BALANCE = "2001"
ACCOUNT_STATE = "2002"
RELEASED_BEFORE = "2003"
NOT_HELD = "2004"
NOT_POSTED = "2005"
POSTED_BEFORE = "2006"
CONFLICT = "2007"
CASE_OPEN = "2008"
NO_ACCOUNT = "2009"
BAD_ITEM = "2010"

TEXTS = {
    DONE: "成功",
    BALANCE: "可用余额不足",
    ACCOUNT_STATE: "账户状态不允许占用",
    RELEASED_BEFORE: "该明细已解除占用",
    NOT_HELD: "该明细没有占用",
    NOT_POSTED: "该明细没有入账",
    POSTED_BEFORE: "该明细已入账，不能解除占用",
    CONFLICT: "同一明细编号的内容与首次不一致",
    CASE_OPEN: "账户有在途业务",
    NO_ACCOUNT: "账户不存在",
    BAD_ITEM: "明细内容不合法",
}

UNUSABLE = frozenset({"03", "04", "05", "06"})
"""GRZHZT on which the core refuses a hold: 合并销户, 外部转出销户, 提取销户, 冻结."""

CLOSED = frozenset({"03", "04", "05"})
"""GRZHZT that close or move an account: refused while money is on hold."""


@dataclass(frozen=True, slots=True)
class Move:
    """The answer of one cell.  ``to`` is None when nothing changes."""

    code: str
    to: State | None = None


def decide(state: State, command: Command, refusal: str = DONE) -> Move | None:
    """The answer to ``command`` on an item in ``state``.

    ``refusal`` is the code a refused hold was answered with.  None means: a first hold, whose
    answer depends on the accounts.
    """
    match command:
        case Command.HOLD:
            return _hold(state, refusal)
        case Command.POST:
            return _post(state)
        case Command.RELEASE:
            return _release(state)
        case Command.REVERSE:
            return _reverse(state)


def _hold(state: State, refusal: str) -> Move | None:
    match state:
        case State.ABSENT:
            return None
        case State.REFUSED:
            return Move(refusal)
        case State.BARRED:
            return Move(RELEASED_BEFORE)
        case State.HELD | State.POSTED | State.RELEASED | State.REVERSED:
            return Move(DONE)


def _post(state: State) -> Move:
    match state:
        case State.HELD:
            return Move(DONE, State.POSTED)
        case State.POSTED | State.REVERSED:
            return Move(DONE)
        case State.RELEASED | State.BARRED:
            return Move(RELEASED_BEFORE)
        case State.ABSENT | State.REFUSED:
            return Move(NOT_HELD)


def _release(state: State) -> Move:
    match state:
        case State.ABSENT:
            return Move(DONE, State.BARRED)
        case State.HELD:
            return Move(DONE, State.RELEASED)
        case State.RELEASED | State.BARRED | State.REFUSED:
            return Move(DONE)
        case State.POSTED | State.REVERSED:
            return Move(POSTED_BEFORE)


def _reverse(state: State) -> Move:
    match state:
        case State.POSTED:
            return Move(DONE, State.REVERSED)
        case State.REVERSED:
            return Move(DONE)
        case State.ABSENT | State.HELD | State.RELEASED | State.REFUSED | State.BARRED:
            return Move(NOT_POSTED)
