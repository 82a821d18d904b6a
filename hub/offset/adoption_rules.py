"""What a restored hub makes of one number: pure rules, no database.

``judge(mine, seen)``: how an item stands in this copy, and what bank and core hold of its number.
What was really instructed rules; every branch is reasoned in docs/explanation/restore.md.
"""

from dataclasses import dataclass

from hub.offset.words import DifferenceKind, ItemState, Outcome, Reason
from hub.ports.bank import RefusalReason, RowStatus

OPEN = (ItemState.PLANNED, ItemState.HELD, ItemState.INSTRUCTED, ItemState.UNKNOWN)
_PAID = (
    ItemState.SUCCEEDED, ItemState.POSTED, ItemState.RECONCILED, ItemState.RETURNED,
    ItemState.REVERSED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What the partners hold of one number; amounts in 分, postings before reversals.

    ``answer`` is the bank's to an inquiry, None when it was not asked (a statement's credit
    needs no question).  ``day`` is the credit's, 0 when there is none.
    """

    credits: int = 0
    credit_fen: int = 0
    back_fen: int = 0
    hold_fen: int = 0
    posted_fen: int = 0
    unposted_fen: int = 0
    answer: RowStatus | None = None
    answer_fen: int = 0
    reason: str = ""
    said: str = ""
    serial: str = ""
    day: int = 0

    @property
    def paid(self) -> bool:
        return self.credits > 0 or self.answer is RowStatus.DONE

    @property
    def paid_fen(self) -> int:
        """What the bank says it credited; 0 where it names no amount."""
        return self.credit_fen if self.credits else self.answer_fen

    @property
    def at_core(self) -> int:
        """What the core holds or has booked."""
        return max(self.hold_fen, self.posted_fen)


@dataclass(frozen=True, slots=True)
class Mine:
    """An item as this copy has it."""

    state: ItemState
    fen: int
    due_fen: int
    in_batch: bool
    was_instructed: bool


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take this over: the item's new state, outcome and reason, and what was done to it."""

    state: ItemState
    outcome: Outcome = Outcome.NONE
    reason: str = ""
    held: bool = True
    instructed: bool = False
    withdrawn: bool = False
    posted: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """What cannot be adopted: a difference for two people."""

    kind: DifferenceKind
    said: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not settled yet: asked again."""

    said: str


Judgement = Adopt | Trouble | Wait | None


def judge(mine: Mine, seen: Seen) -> Judgement:  # noqa: PLR0911  a return for each standing
    """See the module; None: this copy and the partners agree, or the ordinary way goes on."""
    trouble = _amounts(mine, seen)
    if trouble is not None:
        return trouble
    if mine.state in OPEN:
        return _paid(mine, seen) if seen.paid else _unpaid(mine, seen)
    if mine.state is ItemState.SUCCEEDED:
        if seen.posted_fen:
            return _succeeded(mine, ItemState.POSTED)
        held = seen.hold_fen > 0
        return None if held else Trouble(DifferenceKind.BANK_ONLY, "已判成功，核心既无占用也无记账")
    if mine.state in _PAID:
        held = seen.hold_fen > 0
        return Trouble(DifferenceKind.CONTRADICTION, "已记账，核心却仍占用") if held else None
    if seen.credits or seen.posted_fen > seen.unposted_fen:
        return Trouble(DifferenceKind.CONTRADICTION, "本库已判未付，银行或核心却已入账")
    if seen.hold_fen and mine.state is not ItemState.FAILED:  # FAILED is about to be released
        return Trouble(DifferenceKind.CORE_ONLY, "本库已了结，核心却仍占用")
    return None


def _amounts(mine: Mine, seen: Seen) -> Trouble | None:
    if seen.credits > 1:
        return Trouble(DifferenceKind.DOUBLE_CREDIT, f"对账单入账 {seen.credits} 次")
    for who, fen in (("银行", seen.paid_fen), ("核心", seen.at_core)):
        if fen not in (0, mine.fen):
            return Trouble(DifferenceKind.AMOUNT, f"{who}持有的金额与本库明细不符")
    return None


def _paid(mine: Mine, seen: Seen) -> Judgement:
    """Credited: by the core's books it is posted already (reversed again after a return, which
    the statement then shows: the ordinary way follows it), or waits for that."""
    if seen.posted_fen:
        return _succeeded(mine, ItemState.POSTED)
    if seen.hold_fen:
        return _succeeded(mine, ItemState.SUCCEEDED)
    return Trouble(DifferenceKind.BANK_ONLY, "银行已入账，核心既无占用也无记账")


def _succeeded(mine: Mine, state: ItemState) -> Adopt:
    reason = Reason.PARTIAL.value if mine.fen < mine.due_fen else ""
    posted = state is ItemState.POSTED
    return Adopt(state, Outcome.SUCCEEDED, reason, instructed=True, posted=posted)


def _unpaid(mine: Mine, seen: Seen) -> Judgement:  # noqa: PLR0911  a return for each answer
    if seen.posted_fen:
        return Trouble(DifferenceKind.CORE_ONLY, "核心已记账，银行没有入账")
    match seen.answer:
        case RowStatus.REFUSED:
            return Adopt(
                ItemState.FAILED, Outcome.FAILED, seen.reason or RefusalReason.BANK_ERROR.value,
                instructed=True,
            )  # fmt: skip
        case RowStatus.PROCESSING | RowStatus.UNKNOWN:
            if mine.state is ItemState.INSTRUCTED:
                return None
            if mine.in_batch:
                return Adopt(ItemState.INSTRUCTED, instructed=True)  # its batch is asked about
            return Wait("银行尚未给出最终结果，继续查证")
        case RowStatus.NOT_FOUND:
            return _not_found(mine, seen)
    return Wait("尚未查证")


def _not_found(mine: Mine, seen: Seen) -> Judgement:
    """The bank never had it.  A hold that this copy knows and the core no longer has was released
    there: on a withdrawal or on closed days' statements, and such an item is never paid."""
    if mine.state is ItemState.PLANNED:
        return Adopt(ItemState.HELD) if seen.hold_fen else None
    if seen.hold_fen:
        return None
    if mine.was_instructed:
        return Adopt(ItemState.FAILED, Outcome.FAILED, Reason.NOT_CREDITED.value, instructed=True)
    return Adopt(ItemState.FAILED, Outcome.FAILED, Reason.WITHDRAWN.value, withdrawn=True)
