"""The table of docs/explanation/restore.md, row by row."""

import pytest

from hub.offset.adoption_rules import OPEN, Adopt, Mine, Seen, Trouble, Wait, judge
from hub.offset.words import DifferenceKind, ItemState, Outcome, Reason
from hub.ports.bank import RowStatus

FEN = 120_050


def mine(state: ItemState, *, batch: bool = False, instructed: bool = False) -> Mine:
    return Mine(state, FEN, FEN, batch, instructed)


CREDIT = {"credits": 1, "credit_fen": FEN}
NOT_FOUND = {"answer": RowStatus.NOT_FOUND}


@pytest.mark.parametrize("state", OPEN)
def test_what_is_credited_and_posted_is_posted(state: ItemState) -> None:
    found = judge(mine(state), Seen(**CREDIT, posted_fen=FEN))
    assert found == Adopt(
        ItemState.POSTED, Outcome.SUCCEEDED, "", instructed=True, posted=True
    )  # fmt: skip


@pytest.mark.parametrize("state", OPEN)
def test_what_is_credited_and_on_hold_waits_for_its_posting(state: ItemState) -> None:
    found = judge(mine(state), Seen(answer=RowStatus.DONE, hold_fen=FEN))
    assert found == Adopt(ItemState.SUCCEEDED, Outcome.SUCCEEDED, "", instructed=True)


def test_less_than_the_due_is_partial() -> None:
    found = judge(Mine(ItemState.PLANNED, FEN, FEN + 1, False, False),
                  Seen(**CREDIT, posted_fen=FEN))  # fmt: skip
    assert isinstance(found, Adopt)
    assert found.reason == Reason.PARTIAL


@pytest.mark.parametrize("state", OPEN)
def test_a_final_refusal_fails(state: ItemState) -> None:
    found = judge(mine(state), Seen(answer=RowStatus.REFUSED, reason="account_closed"))
    assert found == Adopt(ItemState.FAILED, Outcome.FAILED, "account_closed", instructed=True)


def test_a_hold_of_what_is_only_planned_here_is_held() -> None:
    found = judge(mine(ItemState.PLANNED), Seen(**NOT_FOUND, hold_fen=FEN))
    assert found == Adopt(ItemState.HELD)
    assert judge(mine(ItemState.PLANNED), Seen(**NOT_FOUND)) is None


def test_a_hold_the_core_let_go_is_never_paid() -> None:
    withdrawn = judge(mine(ItemState.HELD, batch=True), Seen(**NOT_FOUND))
    assert isinstance(withdrawn, Adopt)
    assert (withdrawn.state, withdrawn.reason) == (ItemState.FAILED, Reason.WITHDRAWN)
    sent = judge(mine(ItemState.UNKNOWN, batch=True, instructed=True), Seen(**NOT_FOUND))
    assert isinstance(sent, Adopt)
    assert (sent.state, sent.reason) == (ItemState.FAILED, Reason.NOT_CREDITED)
    assert judge(mine(ItemState.HELD), Seen(**NOT_FOUND, hold_fen=FEN)) is None


@pytest.mark.parametrize("answer", [RowStatus.PROCESSING, RowStatus.UNKNOWN])
def test_without_a_result_nothing_is_concluded(answer: RowStatus) -> None:
    assert isinstance(judge(mine(ItemState.PLANNED), Seen(answer=answer, hold_fen=FEN)), Wait)
    found = judge(mine(ItemState.HELD, batch=True), Seen(answer=answer, hold_fen=FEN))
    assert found == Adopt(ItemState.INSTRUCTED, instructed=True)
    assert isinstance(judge(mine(ItemState.HELD), Seen(hold_fen=FEN)), Wait)  # not asked yet


@pytest.mark.parametrize(
    ("state", "seen", "kind"),
    [
        (ItemState.PLANNED, Seen(credits=2, credit_fen=2 * FEN), DifferenceKind.DOUBLE_CREDIT),
        (ItemState.HELD, Seen(credits=1, credit_fen=FEN + 1), DifferenceKind.AMOUNT),
        (ItemState.PLANNED, Seen(**NOT_FOUND, hold_fen=FEN - 1), DifferenceKind.AMOUNT),
        (ItemState.HELD, Seen(**CREDIT), DifferenceKind.BANK_ONLY),
        (ItemState.SUCCEEDED, Seen(**CREDIT), DifferenceKind.BANK_ONLY),
        (ItemState.HELD, Seen(**NOT_FOUND, posted_fen=FEN), DifferenceKind.CORE_ONLY),
        (ItemState.RECONCILED, Seen(hold_fen=FEN), DifferenceKind.CONTRADICTION),
        (ItemState.RELEASED, Seen(**CREDIT), DifferenceKind.CONTRADICTION),
        (ItemState.REFUSED, Seen(hold_fen=FEN), DifferenceKind.CORE_ONLY),
    ],
)
def test_what_does_not_fit_is_a_difference(
    state: ItemState, seen: Seen, kind: DifferenceKind
) -> None:
    found = judge(mine(state), seen)
    assert isinstance(found, Trouble)
    assert found.kind is kind


def test_what_agrees_is_left_alone() -> None:
    assert judge(mine(ItemState.RECONCILED), Seen(**CREDIT, posted_fen=FEN)) is None
    assert judge(mine(ItemState.FAILED), Seen(hold_fen=FEN)) is None  # its release is ordered
    assert judge(mine(ItemState.RELEASED), Seen()) is None
