"""Each difference, planted: found as exactly what it is, and nothing else with it."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from hub.offset import closing, reconcile
from hub.offset.tables import (
    agreement,
    agreement_change,
    batch,
    item,
    leg,
    statement_day,
)
from hub.offset.totals import read_totals
from hub.ports.bank import EntryKind
from hub.ports.core import CommandKind
from tests.offset.kit import Centre, Person, insert

FEN = 100_000
FOREIGN = "25100000000000000099"


def paid(centre: Centre, *minds: tuple[str, str]) -> None:
    """Three people paid, nothing reconciled yet."""
    centre.add(*(Person(f"A{n}") for n in range(3)))
    centre.icbc.minds = dict(minds)
    centre.open()
    centre.planned()
    centre.approve()
    moving = {"planned", "held", "succeeded", "failed"}
    centre.until(lambda: not moving & {s for s, _, _ in centre.items().values()})


def read(centre: Centre) -> None:
    """Read bank and core, and match."""
    for _ in range(6):
        centre.hurry()
        centre.tick()


def unknown_instruction(centre: Centre) -> tuple[str, int, int, int]:
    centre.icbc.book(FOREIGN, 77)
    return FOREIGN, 0, 77, 0


def bank_only(centre: Centre) -> tuple[str, int, int, int]:
    number = centre.number("A1")
    centre.core.booked = [p for p in centre.core.booked if p.number != number]
    return number, FEN, FEN, 0


def core_only(centre: Centre) -> tuple[str, int, int, int]:
    centre.core.post(FOREIGN, "52A1", 55)
    return FOREIGN, 0, 0, 55


def amount(centre: Centre) -> tuple[str, int, int, int]:
    number = centre.number("A1")
    (entry,) = [e for e in centre.icbc.entries if e.number == number]
    centre.icbc.entries.remove(entry)
    centre.icbc.book(number, FEN + 1)
    return number, FEN, FEN + 1, 0


def double_credit(centre: Centre) -> tuple[str, int, int, int]:
    centre.icbc.book(centre.number("A1"), FEN)
    return centre.number("A1"), FEN, 2 * FEN, 0


@pytest.mark.parametrize(
    "plant", [unknown_instruction, bank_only, core_only, amount, double_credit]
)
def test_what_is_planted_is_found_and_nothing_else(
    centre: Centre, plant: Callable[[Centre], tuple[str, int, int, int]]
) -> None:
    paid(centre)
    number, *amounts = plant(centre)
    read(centre)
    read(centre)
    assert centre.differences() == {(plant.__name__, number): tuple(amounts)}
    disputed = {row.number for row in centre.rows(item) if row.disputed}
    assert disputed == ({number} if number != FOREIGN else set())
    assert not centre.closed()


def test_a_credit_after_a_refusal_is_a_contradiction(quick: Centre) -> None:
    paid(quick, ("LA1", "refuse"))
    quick.icbc.book(quick.number("A1"), FEN)
    read(quick)
    assert quick.differences() == {("contradiction", quick.number("A1")): (FEN, FEN, 0)}


def test_credited_otherwise_is_never_a_success(quick: Centre) -> None:
    paid(quick, ("LA1", "more"))
    assert quick.items()["A1"] == ("unknown", "UNKNOWN", "")
    assert quick.differences() == {("amount", quick.number("A1")): (FEN, FEN + 1, 0)}
    assert quick.core.states[quick.number("A1")] == "held"
    read(quick)
    assert set(quick.differences()) == {("amount", quick.number("A1"))}


def test_a_posting_at_a_closed_day_without_credit_is_the_cores_alone(quick: Centre) -> None:
    paid(quick)
    number = quick.number("A1")
    quick.icbc.entries = [e for e in quick.icbc.entries if e.number != number]
    quick.next_day()
    quick.until(lambda: bool(quick.differences()))
    assert quick.differences() == {("core_only", number): (FEN, 0, FEN)}


def test_the_core_that_refuses_to_post_is_a_difference(quick: Centre) -> None:
    quick.core.refuses.add((CommandKind.POST, "A1"))
    paid_up = {"posted", "reconciled"}
    quick.add(*(Person(f"A{n}") for n in range(3)))
    quick.open()
    quick.planned()
    quick.approve()
    quick.until(lambda: bool(quick.differences()))
    assert quick.differences() == {("bank_only", quick.number("A1")): (FEN, FEN, 0)}
    read(quick)
    assert {s for n, (s, _, _) in quick.items().items() if n != "A1"} <= paid_up


def test_a_frozen_item_is_booked_no_further(quick: Centre) -> None:
    """What a difference has frozen is neither posted nor released until two people settle it."""
    quick.add(*(Person(f"A{n}") for n in range(3)))
    quick.icbc.minds = {"LA2": "refuse"}
    quick.open()
    quick.planned()
    quick.approve()
    quick.cut()
    quick.deliver("bank.instruct")
    frozen = [quick.number("A1"), quick.number("A2")]
    with quick.store.write() as tx:
        tx.execute(sa.update(item).where(item.c.number.in_(frozen)).values(disputed=1))
    for _ in range(4):
        quick.hurry()
        quick.tick()
    states = {who: state for who, (state, *_) in quick.items().items()}
    assert (states["A1"], states["A2"]) == ("succeeded", "failed")
    assert states["A0"] in ("posted", "reconciled")
    assert [quick.core.states[number] for number in frozen] == ["held", "held"]


class TestReturned:
    @pytest.mark.parametrize("kind", [EntryKind.RETURN, EntryKind.REVERSAL])
    def test_it_is_reversed_and_the_agreement_rests(self, centre: Centre, kind: EntryKind) -> None:
        paid(centre)
        number = centre.number("A1")
        centre.icbc.book(number, FEN, kind=kind)
        centre.until(centre.closed)
        assert centre.items()["A1"] == ("reconciled", "RETURNED", "")
        assert centre.core.states[number] == "reversed"
        (row,) = [r for r in centre.rows(item) if r.number == number]
        assert (row.was_posted, row.was_reversed, row.live_key) == (1, 1, None)
        states = {r.number: r.state for r in centre.rows(agreement)}
        assert states == {"A0": "in_force", "A1": "suspended", "A2": "in_force"}
        (change,) = centre.rows(agreement_change)
        assert (change.from_state, change.to_state, change.first_period) == (
            "in_force", "suspended", "2025-11",
        )  # fmt: skip
        with centre.store.read() as view:
            totals = read_totals(view, centre.run_id)["ICBC"]
        assert totals["reversed"] == totals["returned"]
        assert (totals["reversed"].count, totals["reversed"].fen) == (1, FEN)
        assert centre.differences() == {}

    def test_another_amount_is_a_difference(self, quick: Centre) -> None:
        paid(quick)
        quick.icbc.book(quick.number("A1"), 1, kind=EntryKind.RETURN)
        read(quick)
        assert quick.differences() == {("amount", quick.number("A1")): (FEN, FEN - 1, 0)}
        assert {r.state for r in quick.rows(agreement)} == {"in_force"}

    def test_of_what_was_refused_it_contradicts(self, quick: Centre) -> None:
        paid(quick, ("LA1", "refuse"))
        quick.icbc.book(quick.number("A1"), FEN, kind=EntryKind.RETURN)
        read(quick)
        assert set(quick.differences()) == {("contradiction", quick.number("A1"))}

    def test_without_our_number_the_run_stays_open(self, quick: Centre) -> None:
        paid(quick)
        quick.icbc.book("", FEN, kind=EntryKind.RETURN, account="6222A1")
        read(quick)
        read(quick)
        assert quick.states("offset_run") == {"reconciled"}
        assert {o for _, o, _ in quick.items().values()} == {"SUCCEEDED"}


class TestReadAgain:
    def test_a_leg_opened_again_closes_by_itself(self, quick: Centre) -> None:
        paid(quick)
        quick.icbc.book("", 5, kind=EntryKind.RETURN)  # keeps the run from closing
        quick.until(lambda: quick.states("offset_run") == {"reconciled"})
        with quick.store.write() as tx:
            assert closing.read_again(tx, quick.run_id) == 1
        assert [each.closed_us for each in quick.rows(leg)] == [None]
        quick.until(lambda: all(each.closed_us for each in quick.rows(leg)))

    def test_a_closed_run_stays_closed(self, quick: Centre) -> None:
        paid(quick)
        quick.until(quick.closed)
        with pytest.raises(closing.RunIsClosed), quick.store.write() as tx:
            closing.read_again(tx, quick.run_id)
        assert all(each.closed_us for each in quick.rows(leg))


def test_a_repeat_under_way_keeps_not_credited_from_deciding(quick: Centre) -> None:
    """In flight it may still be booked: its holds stay, whatever the statement says."""
    quick.add(Person("A0"))
    quick.icbc.breaks = ["before"]
    quick.open()
    quick.planned()
    quick.approve()
    quick.until(lambda: quick.states("offset_batch") == {"unknown"})
    (one,) = quick.rows(batch)
    with quick.store.write() as tx:
        tx.execute(sa.text("UPDATE bus_message SET state = 'in_flight' WHERE id = :id"),
                   {"id": one.message_id})  # fmt: skip
    day = {"run_id": quick.run_id, "bank": "ICBC", "day": one.last_sent_on, "round": 1}
    with quick.store.write() as tx:
        insert(tx, statement_day, **day, state="read", closed=1)
    done = reconcile.fail_not_credited(quick.store, quick.office, quick.run_id, "ICBC")
    assert done == 0
    assert quick.items()["A0"][0] == "unknown"
    with quick.store.write() as tx:
        tx.execute(sa.text("UPDATE bus_message SET state = 'unknown' WHERE state = 'in_flight'"))
    done = reconcile.fail_not_credited(quick.store, quick.office, quick.run_id, "ICBC")
    assert done == 1
    with quick.store.read() as view:
        assert quick.bus.message(view, one.message_id).state == "rejected"
