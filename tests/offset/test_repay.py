"""Repaying: a new item with lineage, through hold and instruction like every other."""

from datetime import timedelta

import pytest

from hub.kernel.periods import Period
from hub.offset import runs
from hub.offset.export import export_run
from hub.offset.policy import read_policy
from hub.offset.repay import NoRunToCarry, NotRepayable, RepaidAlready, repay, repayment_of
from hub.offset.tables import item
from hub.offset.totals import equations, read_totals
from hub.ports.bank import EntryKind
from tests.offset.kit import Centre
from tests.offset.test_after_close import adjusted, closed
from tests.offset.test_reconcile import FEN, paid, read


def order(centre: Centre, number: str) -> str:
    """Two people order it; the new item's number."""
    with centre.store.write() as tx:
        asked = repayment_of(tx, number)
        repay(tx, centre.office, asked, actor="yes")
    return asked.number


def returned_while_open(centre: Centre) -> str:
    """A1 came back and is reversed; a stray credit keeps the run open."""
    paid(centre)
    number = centre.number("A1")
    centre.icbc.book(number, FEN, kind=EntryKind.RETURN)
    centre.icbc.book("", 7, kind=EntryKind.RETURN)
    centre.until(lambda: centre.items()["A1"][0] == "reconciled")
    return number


def test_in_its_own_run_while_that_is_open(centre: Centre) -> None:
    parent = returned_while_open(centre)
    child = order(centre, parent)
    centre.until(lambda: {r.number: r.state for r in centre.rows(item)}[child] == "reconciled")
    rows = {r.number: r for r in centre.rows(item)}
    assert (rows[child].parent, rows[child].try_no) == (parent, 2)
    assert (rows[child].outcome, rows[parent].outcome) == ("SUCCEEDED", "RETURNED")
    assert (centre.core.states[child], centre.core.states[parent]) == ("posted", "reversed")
    paid_out = [e.number for e in centre.icbc.entries if e.kind is EntryKind.CREDIT]
    assert sorted(paid_out).count(parent) == 1
    assert paid_out.count(child) == 1
    with centre.store.read() as view:
        totals = read_totals(view, centre.run_id)
        off = {e.name for e in equations(totals) if not e.balanced}
    assert off == {"E7"}  # the stray 7 fen alone
    assert (totals["ICBC"]["repaid"].count, totals["ICBC"]["repaid"].fen) == (1, FEN)
    with pytest.raises(RepaidAlready), centre.store.read() as view:
        repayment_of(view, parent)
    export_run(centre.store, centre.run_id, centre.folder)
    lines = (centre.folder / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("A1,")] == [
        "A1,ICBC,SUCCEEDED,,1000.00,1000.00,0.00"
    ]


def test_of_a_closed_run_it_waits_for_the_next(centre: Centre) -> None:
    """October's item is carried by November's run: its number and its key stay October's."""
    closed(centre)
    october, parent = centre.run_id, centre.number("A1")
    centre.icbc.book(parent, FEN, kind=EntryKind.RETURN)
    centre.until(lambda: adjusted(centre))
    with pytest.raises(NoRunToCarry), centre.store.read() as view:
        repayment_of(view, parent)
    centre.clock.moment += timedelta(days=31)
    centre.icbc.today = centre.clock.moment.date()
    with centre.store.write() as tx:
        centre.run_id = runs.open_run(
            tx, centre.office, Period(2025, 11), ("ICBC",), read_policy(None), wave_wait_s=0.0,
            data_digest="", actor="t",
        )  # fmt: skip
    centre.until(lambda: "trial" in centre.states("offset_wave"))
    centre.approve()
    child = order(centre, parent)
    centre.until(lambda: centre.states("offset_run") == {"closed"})
    (row,) = [r for r in centre.rows(item) if r.number == child]
    assert (row.run_id, row.parent, row.outcome) == (centre.run_id, parent, "SUCCEEDED")
    assert child.startswith("2510")
    assert row.live_key == "2025-10|ICBC|LA1"
    for run_id in (october, centre.run_id):
        with centre.store.read() as view:
            assert [e for e in equations(read_totals(view, run_id)) if not e.balanced] == []
    export_run(centre.store, centre.run_id, centre.folder)
    lines = (centre.folder / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    mine = [line for line in lines if line.startswith("A1,")]
    assert mine == ["A1,ICBC,SKIPPED,agreement_not_in_force,0.00,0.00,0.00"]
    assert centre.differences() == {}


def test_what_is_paid_or_moving_is_not_repaid(quick: Centre) -> None:
    paid(quick, ("LA1", "silent"))
    for who in ("A0", "A1"):
        with pytest.raises(NotRepayable), quick.store.read() as view:
            repayment_of(view, quick.number(who))


def test_a_failed_item_once_its_hold_is_gone(quick: Centre) -> None:
    paid(quick, ("LA1", "refuse"))
    quick.icbc.book("", 7, kind=EntryKind.RETURN)
    parent = quick.number("A1")
    quick.until(lambda: quick.items()["A1"][0] == "reconciled")
    quick.icbc.minds = {}
    child = order(quick, parent)
    quick.until(lambda: {r.number: r.state for r in quick.rows(item)}[child] == "reconciled")
    read(quick)
    assert quick.core.states[child] == "posted"
    assert quick.differences() == {}
