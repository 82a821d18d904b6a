"""Differences settled by two people, each kind in each way: equations balance, or it is refused."""

import pytest

from hub.kernel.errors import HubError
from hub.kernel.money import Fen
from hub.offset.differences import Finding, NoSuchDifference, open_difference, take_over
from hub.offset.results import apply_results
from hub.offset.settled import settle
from hub.offset.settling import (
    DayStillOpen,
    DoesNotAddUp,
    EntryNotWanted,
    HoldGone,
    NoSuchEntry,
    NotACorrection,
    NothingToAdopt,
    StillMoving,
    Way,
    outlook,
)  # fmt: skip
from hub.offset.tables import difference, item
from hub.offset.tables_after import difference_act
from hub.offset.totals import equations, read_totals
from hub.offset.words import DifferenceKind
from hub.ports.bank import EntryKind, RefusalReason, RowResult, RowStatus
from hub.ports.core import CommandKind, Posting
from tests.offset.kit import Centre, Person
from tests.offset.test_reconcile import FEN, FOREIGN, paid, read

TWO = {"asked": "hand", "confirmed": "yes"}


def the_difference(centre: Centre, kind: str) -> int:
    (one,) = [d for d in centre.rows(difference) if d.state == "open"]
    assert one.kind == kind
    return int(one.id)


def agree(centre: Centre, way: Way, entry: str = "", wanted: str = "", *, kind: str) -> str:
    """Two people settle the only open difference; where its item goes."""
    number = the_difference(centre, kind)
    with centre.store.write() as tx:
        seen = outlook(tx, number, way, entry, wanted)
        settle(tx, centre.office, seen, "两人商定", TWO)
    return seen.end


def closes(centre: Centre) -> None:
    """The run closes with every equation balanced, and nothing is found again."""
    centre.until(centre.closed)
    with centre.store.read() as view:
        assert [e for e in equations(read_totals(view, centre.run_id)) if not e.balanced] == []
    assert centre.differences() == {}


def refused(
    centre: Centre, error: type[HubError], way: Way, entry: str = "", item: str = ""
) -> None:
    """Such a settlement is refused, and nothing has changed."""
    (one,) = [d for d in centre.rows(difference) if d.state == "open"]
    with pytest.raises(error), centre.store.read() as view:
        outlook(view, int(one.id), way, entry, item)


class TestUnknownInstruction:
    def test_tied_to_its_return(self, centre: Centre) -> None:
        paid(centre)
        credit = centre.icbc.book(FOREIGN, 77)
        read(centre)
        refused(centre, EntryNotWanted, Way.TIED)
        refused(centre, NoSuchEntry, Way.TIED, "S999999")
        refused(centre, NotACorrection, Way.TIED, credit)
        refused(centre, NothingToAdopt, Way.ADOPTED)
        back = centre.icbc.book(FOREIGN, 77, kind=EntryKind.RETURN)
        read(centre)
        assert agree(centre, Way.TIED, back, kind="unknown_instruction") == "not_ours"
        closes(centre)

    def test_tied_to_a_return_that_bears_no_number(self, quick: Centre) -> None:
        paid(quick)
        quick.icbc.book(FOREIGN, 77, account="6222B")
        other = quick.icbc.book("", 77, kind=EntryKind.RETURN, account="6222C")
        back = quick.icbc.book("", 77, kind=EntryKind.RETURN, account="6222B")
        read(quick)
        refused(quick, NotACorrection, Way.TIED, other)
        agree(quick, Way.TIED, back, kind="unknown_instruction")
        read(quick)
        assert quick.differences() == {}

    def test_adopted_for_the_item_that_waits_for_it(self, quick: Centre) -> None:
        """The bank paid and forgot the number: pair and amount fit, two people say so."""
        paid(quick, ("LA1", "never"))
        number = quick.number("A1")
        quick.icbc.book("", FEN, account="6222A1")
        quick.until(lambda: bool(quick.differences()))
        refused(quick, NothingToAdopt, Way.ADOPTED, "", quick.number("A0"))
        assert agree(quick, Way.ADOPTED, "", number, kind="unknown_instruction") == "claimed"
        closes(quick)
        assert quick.items()["A1"] == ("reconciled", "SUCCEEDED", "")


class TestBankOnly:
    def test_adopted_is_posted_again(self, quick: Centre) -> None:
        quick.core.refuses.add((CommandKind.POST, "A1"))
        paid_but(quick, "A1")
        quick.core.refuses.clear()
        assert agree(quick, Way.ADOPTED, kind="bank_only") == "to_post"
        closes(quick)
        assert quick.core.states[quick.number("A1")] == "posted"

    def test_a_core_that_refuses_again_is_a_difference_again(self, quick: Centre) -> None:
        quick.core.refuses.add((CommandKind.POST, "A1"))
        paid_but(quick, "A1")
        agree(quick, Way.ADOPTED, kind="bank_only")
        quick.until(lambda: bool(quick.differences()))
        (one,) = quick.rows(difference)
        acts = [a.act for a in quick.rows(difference_act) if a.difference_id == one.id]
        assert acts == ["found", "settled", "found_again"]

    def test_tied_to_the_return_lets_the_hold_go(self, quick: Centre) -> None:
        quick.core.refuses.add((CommandKind.POST, "A1"))
        paid_but(quick, "A1")
        back = quick.icbc.book(quick.number("A1"), FEN, kind=EntryKind.RETURN)
        read(quick)
        assert agree(quick, Way.TIED, back, kind="bank_only") == "to_release"
        closes(quick)
        assert quick.items()["A1"] == ("reconciled", "FAILED", "not_credited")
        assert quick.core.states[quick.number("A1")] == "released"

    def test_tied_to_a_late_posting(self, quick: Centre) -> None:
        paid(quick)
        number = quick.number("A1")
        quick.core.booked = [p for p in quick.core.booked if p.number != number]
        read(quick)
        quick.core.booked.append(
            Posting("P777777", number, "52A1", Fen(FEN), False, quick.icbc.today)
        )
        read(quick)
        assert agree(quick, Way.TIED, "P777777", kind="bank_only") == "paid"
        closes(quick)


def paid_but(centre: Centre, who: str) -> None:
    """Three people paid, of whom the core does not post one."""
    paid_up = {"posted", "reconciled", "succeeded"}
    centre.add(*(Person(f"A{n}") for n in range(3)))
    centre.open()
    centre.planned()
    centre.approve()
    centre.until(lambda: bool(centre.differences()))
    assert {s for s, _, _ in centre.items().values()} <= paid_up
    assert centre.items()[who][0] == "succeeded"
    read(centre)


class TestCoreOnly:
    def test_a_stranger_is_tied_to_its_reversal(self, quick: Centre) -> None:
        paid(quick)
        quick.core.post(FOREIGN, "52A1", 55)
        posting = quick.core.booked[-1].serial
        read(quick)
        refused(quick, NothingToAdopt, Way.ADOPTED)
        refused(quick, NotACorrection, Way.TIED, posting)
        quick.core.post(FOREIGN, "52A1", 55, reversal=True)
        read(quick)
        end = agree(quick, Way.TIED, quick.core.booked[-1].serial, kind="core_only")
        assert end == "not_ours"
        closes(quick)

    def test_a_posting_whose_credit_never_came_is_reversed(self, centre: Centre) -> None:
        paid(centre)
        number = centre.number("A1")
        centre.icbc.entries = [e for e in centre.icbc.entries if e.number != number]
        centre.next_day()
        centre.until(lambda: bool(centre.differences()))
        assert agree(centre, Way.ADOPTED, kind="core_only") == "to_reverse"
        closes(centre)
        assert centre.core.states[number] == "reversed"

    def test_tied_to_the_credit_that_came_late(self, quick: Centre) -> None:
        paid(quick)
        number = quick.number("A1")
        quick.icbc.entries = [e for e in quick.icbc.entries if e.number != number]
        quick.next_day()
        quick.until(lambda: bool(quick.differences()))
        credit = quick.icbc.book(number, FEN, account="6222A1")
        read(quick)
        assert agree(quick, Way.TIED, credit, kind="core_only") == "paid"
        closes(quick)


class TestAmount:
    def test_one_fen_more_is_tied_to_the_fen_that_went_back(self, centre: Centre) -> None:
        paid(centre, ("LA1", "more"))
        number = centre.number("A1")
        read(centre)
        refused(centre, DoesNotAddUp, Way.ADOPTED)
        back = centre.icbc.book(number, 1, kind=EntryKind.RETURN)
        read(centre)
        assert agree(centre, Way.TIED, back, kind="amount") == "to_post"
        closes(centre)
        assert centre.items()["A1"] == ("reconciled", "SUCCEEDED", "")

    def test_all_of_it_went_back(self, quick: Centre) -> None:
        paid(quick, ("LA1", "more"))
        read(quick)
        back = quick.icbc.book(quick.number("A1"), FEN + 1, kind=EntryKind.REVERSAL)
        read(quick)
        assert agree(quick, Way.TIED, back, kind="amount") == "to_release"
        closes(quick)
        assert quick.core.states[quick.number("A1")] == "released"

    def test_what_is_lacking_was_credited(self, quick: Centre) -> None:
        paid(quick)
        number = quick.number("A1")
        (entry,) = [e for e in quick.icbc.entries if e.number == number]
        quick.icbc.entries.remove(entry)
        quick.icbc.book(number, FEN - 1, account="6222A1")
        read(quick)
        more = quick.icbc.book(number, 1, account="6222A1")
        read(quick)
        assert set(quick.differences()) == {("amount", number)}
        assert agree(quick, Way.TIED, more, kind="amount") == "paid"
        closes(quick)


class TestDoubleCredit:
    def test_tied_to_the_return_of_one(self, centre: Centre) -> None:
        paid(centre)
        number = centre.number("A1")
        centre.icbc.book(number, FEN)
        read(centre)
        refused(centre, DoesNotAddUp, Way.ADOPTED)
        back = centre.icbc.book(number, FEN, kind=EntryKind.RETURN)
        read(centre)
        assert agree(centre, Way.TIED, back, kind="double_credit") == "paid"
        closes(centre)
        assert centre.items()["A1"] == ("reconciled", "SUCCEEDED", "")

    def test_tied_to_a_return_by_pair_and_amount(self, quick: Centre) -> None:
        paid(quick)
        quick.icbc.book(quick.number("A1"), FEN)
        stranger = quick.icbc.book("", FEN, kind=EntryKind.RETURN, account="6222A2")
        back = quick.icbc.book("", FEN, kind=EntryKind.RETURN, account="6222A1")
        read(quick)
        refused(quick, NotACorrection, Way.TIED, stranger)
        assert agree(quick, Way.TIED, back, kind="double_credit") == "paid"
        read(quick)
        assert quick.differences() == {}


class TestContradiction:
    def test_paid_after_a_refusal_cannot_be_posted_without_its_hold(self, quick: Centre) -> None:
        paid(quick, ("LA1", "refuse"))
        number = quick.number("A1")
        quick.until(lambda: quick.core.states[number] == "released")
        quick.icbc.book(number, FEN, account="6222A1")
        read(quick)
        refused(quick, HoldGone, Way.ADOPTED)
        back = quick.icbc.book(number, FEN, kind=EntryKind.RETURN)
        read(quick)
        assert agree(quick, Way.TIED, back, kind="contradiction") == "at_rest"
        closes(quick)
        assert quick.items()["A1"] == ("reconciled", "FAILED", "account_closed")

    def test_paid_and_given_back_after_a_refusal_reverses_nothing(self, quick: Centre) -> None:
        """It failed and was never posted: the core would refuse to reverse it."""
        paid(quick, ("LA1", "refuse"))
        number = quick.number("A1")
        quick.icbc.book("25109999999999999991", 5)  # keeps the run from closing
        quick.until(lambda: quick.items()["A1"][0] == "reconciled")
        quick.icbc.book(number, FEN, account="6222A1")
        quick.icbc.book(number, FEN, kind=EntryKind.RETURN)
        read(quick)
        assert quick.items()["A1"] == ("reconciled", "FAILED", "account_closed")
        found = {d.kind for d in quick.rows(difference)}
        assert found == {"unknown_instruction", "contradiction"}  # it was credited all the same

    def test_refused_after_success_and_the_day_is_open(self, quick: Centre) -> None:
        paid(quick, ("LA1", "silent"))
        number = quick.number("A1")
        said = RowResult(number, RowStatus.REFUSED, reason=RefusalReason.ACCOUNT_CLOSED)
        quick.icbc.entries = [e for e in quick.icbc.entries if e.number != number]
        with quick.store.write() as tx:
            apply_results(tx, quick.office, [said], "reply")
        read(quick)
        refused(quick, DayStillOpen, Way.ADOPTED)
        quick.next_day()
        read(quick)
        assert agree(quick, Way.ADOPTED, kind="contradiction") == "to_reverse"
        closes(quick)
        assert quick.core.states[number] == "reversed"


def test_one_entry_settles_one_difference(quick: Centre) -> None:
    paid(quick)
    for _ in range(2):
        quick.icbc.book("", 77, account="6222B")
    back = quick.icbc.book("", 77, kind=EntryKind.RETURN, account="6222B")
    read(quick)
    first, second = sorted(int(d.id) for d in quick.rows(difference))
    with quick.store.write() as tx:
        settle(tx, quick.office, outlook(tx, first, Way.TIED, back), "退回", TWO)
    with pytest.raises(NotACorrection), quick.store.read() as view:
        outlook(view, second, Way.TIED, back)


def test_somebody_takes_it_over(quick: Centre) -> None:
    paid(quick)
    quick.icbc.book(FOREIGN, 77)
    read(quick)
    (one,) = quick.rows(difference)
    with quick.store.write() as tx:
        take_over(tx, one.id, "wang", "我来问银行", 5)
    (one,) = quick.rows(difference)
    assert one.owner == "wang"
    assert [(a.actor, a.act) for a in quick.rows(difference_act)] == [
        ("hub", "found"), ("wang", "taken"),
    ]  # fmt: skip
    with pytest.raises(NoSuchDifference), quick.store.write() as tx:
        take_over(tx, one.id + 1, "wang", "x", 5)


def test_what_may_still_be_sent_is_not_settled(quick: Centre) -> None:
    quick.add(Person("A0"))
    quick.open()
    quick.planned()
    quick.approve()
    quick.cut()
    number = quick.number("A0")
    with quick.store.write() as tx:
        finding = Finding(DifferenceKind.CORE_ONLY, "ICBC", number, FEN, 0, 0, "x")
        open_difference(tx, quick.run_id, finding, 1)
    refused(quick, StillMoving, Way.ADOPTED)
    assert [row.disputed for row in quick.rows(item)] == [1]
