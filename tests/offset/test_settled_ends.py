"""What two people settled goes on to the end it promised, however the item came there."""

import pytest

from hub.offset.results import apply_results
from hub.offset.settling import Way
from hub.offset.statement import read_day
from hub.offset.totals import read_totals
from hub.offset.withdraw import withdraw_items
from hub.ports.bank import EntryKind, RefusalReason, RowResult, RowStatus
from hub.ports.core import CommandKind
from tests.offset.kit import OCTOBER, Centre, Person
from tests.offset.test_reconcile import FEN, paid, read
from tests.offset.test_settling import agree, closes


@pytest.mark.parametrize("days", [0, 1])
def test_the_only_one_of_its_command_is_ordered_again(quick: Centre, days: int) -> None:
    """The same items, on the same day and on another: the old message says nothing new."""
    quick.core.refuses.add((CommandKind.POST, "A1"))
    quick.icbc.minds["LA0"] = "refuse"
    quick.add(Person("A0"), Person("A1"))
    quick.open()
    quick.planned()
    quick.approve()
    quick.until(lambda: bool(quick.differences()))
    quick.core.refuses.clear()
    for _ in range(days):
        quick.next_day()
    read(quick)
    assert agree(quick, Way.ADOPTED, kind="bank_only") == "to_post"
    closes(quick)
    assert quick.core.states[quick.number("A1")] == "posted"


def test_it_went_back_in_two_pieces(quick: Centre) -> None:
    """Adopted as bank and core have it: one credit and two returns count as nothing paid."""
    paid(quick, ("LA1", "more"))
    number = quick.number("A1")
    quick.icbc.book(number, FEN, kind=EntryKind.REVERSAL)
    quick.icbc.book(number, 1, kind=EntryKind.REVERSAL)
    read(quick)
    assert agree(quick, Way.ADOPTED, kind="amount") == "to_release"
    closes(quick)


def test_a_whole_return_in_two_pieces_needs_nobody(quick: Centre) -> None:
    paid(quick)
    number = quick.number("A1")
    quick.icbc.book(number, FEN - 1, kind=EntryKind.RETURN)
    quick.icbc.book(number, 1, kind=EntryKind.RETURN)
    closes(quick)
    assert quick.items()["A1"] == ("reconciled", "RETURNED", "")


@pytest.mark.parametrize("late", [False, True])
def test_of_what_was_reversed_already_takes_nothing_back_again(quick: Centre, late: bool) -> None:
    """Refused, says somebody after the close; it came back before the close, or after it."""
    paid(quick)
    number = quick.number("A1")
    if not late:
        quick.icbc.book(number, FEN, kind=EntryKind.RETURN)
    closes(quick)
    if late:
        quick.icbc.book(number, FEN, kind=EntryKind.RETURN)
        with quick.store.write() as tx:
            read_day(tx, quick.office, quick.run_id, OCTOBER, "ICBC", 20251009)
        quick.until(lambda: quick.core.states[number] == "reversed")
    with quick.store.read() as view:
        before = read_totals(view, quick.run_id)
    said = RowResult(number, RowStatus.REFUSED, reason=RefusalReason.BANK_ERROR)
    with quick.store.write() as tx:
        apply_results(tx, quick.office, [said], "inquiry")
    end = agree(quick, Way.ADOPTED, kind="contradiction")
    assert end in {"reversed", "to_reverse"}  # the core may not have been read since
    read(quick)
    with quick.store.read() as view:
        assert read_totals(view, quick.run_id) == before
    assert sum(p.reversal for p in quick.core.booked if p.number == number) == 1
    assert quick.items()["A1"][1] == "RETURNED"


def test_withdrawn_before_any_batch_and_not_let_go(quick: Centre) -> None:
    """The core refused to release what was never sent: two people have it asked again."""
    quick.icbc.balance = 0  # nothing is cut
    quick.add(Person("A0"))
    quick.open()
    quick.planned()
    quick.approve()
    quick.until(lambda: quick.items()["A0"][0] == "held")
    quick.core.refuses.add((CommandKind.RELEASE, "A0"))
    with quick.store.write() as tx:
        withdraw_items(tx, quick.office, [quick.number("A0")], actor="a", reason="b")
    quick.until(lambda: bool(quick.differences()))
    quick.core.refuses.clear()
    assert agree(quick, Way.ADOPTED, kind="contradiction") == "to_release"
    closes(quick)
    assert quick.core.states[quick.number("A0")] == "released"
