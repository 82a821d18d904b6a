"""Payments that come back after the run has closed: adjustments, never a run opened again."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.kernel.periods import Period
from hub.offset import afterwards, closing, runs
from hub.offset.adjustments import adjusted_equations, read_adjustments
from hub.offset.claims import DoesNotFit, claim_return, proposals
from hub.offset.export import export_run, totals_json
from hub.offset.policy import read_policy
from hub.offset.settled import look_again, settle
from hub.offset.settling import Way, outlook
from hub.offset.tables import agreement, agreement_change, difference, item, leg, statement_entry
from hub.offset.tables_after import adjustment
from hub.offset.totals import read_totals
from hub.ports.bank import EntryKind
from tests.offset.kit import Centre
from tests.offset.test_reconcile import FEN, paid, read
from tests.offset.test_settling import TWO

KINDS = [EntryKind.RETURN, EntryKind.REVERSAL]


def closed(centre: Centre) -> None:
    """Three people paid, the run closed, the next banking day begun."""
    paid(centre)
    centre.until(centre.closed)
    centre.next_day()


def adjusted(centre: Centre) -> bool:
    rows = centre.rows(adjustment)
    return bool(rows) and all(row.state == "done" for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_an_adjustment_and_the_run_stays_closed(centre: Centre, kind: EntryKind) -> None:
    closed(centre)
    number = centre.number("A1")
    with centre.store.read() as view:
        before = json.loads(totals_json(view, centre.run_id))
        assert adjusted_equations(view, centre.run_id, read_totals(view, centre.run_id)) == []
    serial = centre.icbc.book(number, FEN, kind=kind)
    centre.until(lambda: adjusted(centre))
    assert centre.closed()
    with centre.store.read() as view:
        after = json.loads(totals_json(view, centre.run_id))
        (made,) = read_adjustments(view, centre.run_id)
    assert {name: after[name] for name in before} == before
    e7, whole = after["adjusted_equations"]
    assert (e7["bank"], whole["bank"]) == ("ICBC", "total")
    for each in (e7, whole):
        assert each["left"] == each["right"] == {"count": 2, "fen": 2 * FEN}
    assert (made.made_on, made.booked_on, made.shape) == (20251010, 20251010, kind.value)
    assert (made.fen, made.serial, made.number) == (FEN, serial, number)
    assert made.reversal in {p.serial for p in centre.core.booked if p.reversal}
    assert centre.core.states[number] == "reversed"
    assert centre.items()["A1"] == ("reconciled", "RETURNED", "")
    (row,) = [r for r in centre.rows(item) if r.number == number]
    assert (row.was_reversed, row.live_key) == (1, None)
    assert {r.number: r.state for r in centre.rows(agreement)}["A1"] == "suspended"
    (change,) = centre.rows(agreement_change)
    assert change.first_period == "2025-11"
    assert centre.differences() == {}


def test_the_file_beside_the_totals(quick: Centre) -> None:
    closed(quick)
    export_run(quick.store, quick.run_id, quick.folder)
    assert not (quick.folder / "adjustments.csv").exists()
    quick.icbc.book(quick.number("A1"), FEN, kind=EntryKind.RETURN)
    quick.until(lambda: adjusted(quick))
    export_run(quick.store, quick.run_id, quick.folder)
    lines = (quick.folder / "adjustments.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("20251010,A1,ICBC,")
    assert ",return,1000.00,S000004,done,P" in lines[1]


def test_read_again_it_is_one_adjustment(quick: Centre) -> None:
    closed(quick)
    quick.icbc.book(quick.number("A1"), FEN, kind=EntryKind.RETURN)
    quick.until(lambda: adjusted(quick))
    quick.next_day()
    for _ in range(3):
        read(quick)
    assert len(quick.rows(adjustment)) == 1
    assert quick.core.states[quick.number("A1")] == "reversed"


def test_closed_days_are_read_once_and_the_open_one_slowly(quick: Centre) -> None:
    closed(quick)
    quick.tick(4)
    with quick.store.write() as tx:
        afterwards.look_now(tx, quick.run_id)
    quick.tick(6)
    asked = "SELECT count(*) FROM bus_message WHERE kind = 'bank.statement'"
    with quick.store.read() as view:
        first = view.scalar(sa.text(asked))
    quick.tick(10)
    with quick.store.read() as view:
        assert view.scalar(sa.text(asked)) == first
    with quick.store.write() as tx:
        afterwards.look_now(tx, quick.run_id)
    quick.tick(4)
    with quick.store.read() as view:
        assert view.scalar(sa.text(asked)) == first + 1  # today's alone
    assert [each.closed_us is not None for each in quick.rows(leg)] == [True]


def test_without_our_number_two_people_say_whose_it_is(centre: Centre) -> None:
    closed(centre)
    centre.icbc.book("", FEN, kind=EntryKind.RETURN, account="6222A1")
    read(centre)
    read(centre)
    assert centre.rows(adjustment) == []
    assert {o for _, o, _ in centre.items().values()} == {"SUCCEEDED"}
    with centre.store.read() as view:
        (one,) = proposals(view, centre.run_id)
        (e7, _) = adjusted_equations(view, centre.run_id, read_totals(view, centre.run_id))
    assert one.items == (centre.number("A1"),)
    assert e7.remainder.fen == FEN  # it stands there until somebody has said whose it is
    with pytest.raises(DoesNotFit), centre.store.write() as tx:
        claim_return(tx, centre.office, one.entry, centre.number("A0"), "yes")
    with centre.store.write() as tx:
        claim_return(tx, centre.office, one.entry, centre.number("A1"), "yes")
    centre.until(lambda: adjusted(centre))
    read(centre)
    assert centre.items()["A1"] == ("reconciled", "RETURNED", "")
    assert centre.differences() == {}


def test_before_the_close_without_our_number(centre: Centre) -> None:
    paid(centre)
    centre.icbc.book("", FEN, kind=EntryKind.REVERSAL, account="6222A2")
    read(centre)
    assert not centre.closed()
    with centre.store.read() as view:
        (one,) = proposals(view, centre.run_id)
    with centre.store.write() as tx:
        run_id = claim_return(tx, centre.office, one.entry, centre.number("A2"), "yes")
        look_again(tx, run_id, "ICBC")
    centre.until(centre.closed)
    assert centre.items()["A2"] == ("reconciled", "RETURNED", "")
    with centre.store.read() as view:
        assert proposals(view, centre.run_id) == []


def test_a_day_another_month_reads_finds_its_own_run(quick: Centre) -> None:
    """October's money comes back on a day of November's run: an adjustment of October's."""
    closed(quick)
    october, number = quick.run_id, quick.number("A1")
    quick.clock.moment += timedelta(days=32)
    quick.icbc.today = quick.clock.moment.date()
    with quick.store.write() as tx:
        quick.run_id = runs.open_run(
            tx, quick.office, Period(2025, 11), ("ICBC",), read_policy(None), wave_wait_s=0.0,
            data_digest="", actor="t",
        )  # fmt: skip
    quick.until(lambda: "trial" in quick.states("offset_wave"))
    quick.approve()
    quick.icbc.book(number, FEN, kind=EntryKind.RETURN)
    quick.until(lambda: adjusted(quick) and quick.states("offset_run") == {"closed"})
    (made,) = quick.rows(adjustment)
    assert (made.run_id, made.number) == (october, number)
    assert quick.differences() == {}
    (change,) = quick.rows(agreement_change)
    assert change.first_period == "2025-12"  # November's plan stood when it was found
    assert [e.run_id for e in quick.rows(statement_entry) if e.kind == "return"] == [october]


@pytest.mark.parametrize(
    ("kind", "fen", "found"),
    [(EntryKind.CREDIT, FEN, "double_credit"), (EntryKind.RETURN, 1, "amount")],
)
def test_what_is_no_whole_return_is_a_difference(
    quick: Centre, kind: EntryKind, fen: int, found: str
) -> None:
    closed(quick)
    number = quick.number("A1")
    quick.icbc.book(number, fen, kind=kind)
    quick.until(lambda: bool(quick.differences()))
    assert set(quick.differences()) == {(found, number)}
    assert quick.rows(adjustment) == []
    assert quick.closed()


def test_a_double_credit_after_the_close_is_tied_to_its_return(quick: Centre) -> None:
    closed(quick)
    number = quick.number("A1")
    quick.icbc.book(number, FEN)
    quick.until(lambda: bool(quick.differences()))
    back = quick.icbc.book(number, FEN, kind=EntryKind.RETURN)
    read(quick)
    (one,) = quick.rows(difference)
    with quick.store.write() as tx:
        settle(tx, quick.office, outlook(tx, one.id, Way.TIED, back), "退回一笔", TWO)
    read(quick)
    assert (quick.differences(), quick.rows(adjustment)) == ({}, [])
    assert quick.items()["A1"] == ("reconciled", "SUCCEEDED", "")
    with quick.store.read() as view:
        after = adjusted_equations(view, quick.run_id, read_totals(view, quick.run_id))
    assert all(e7.balanced for e7 in after)


def test_a_stranger_after_the_close(quick: Centre) -> None:
    closed(quick)
    quick.icbc.book("25100000000000000099", 77)
    quick.until(lambda: bool(quick.differences()))
    assert set(quick.differences()) == {("unknown_instruction", "25100000000000000099")}


def test_the_run_cannot_be_read_open_again(quick: Centre) -> None:
    closed(quick)
    with pytest.raises(closing.RunIsClosed), quick.store.write() as tx:
        closing.read_again(tx, quick.run_id)
