"""What large months need: rows taken page by page, written in their own order, found by key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.engine import Connection

from hub.offset import ledger, plan, plan_rows
from hub.offset.marking import mark_reconciled
from hub.offset.plan_rows import InOrder
from hub.offset.policy import read_policy
from hub.offset.tables import leg, wave
from tests.offset.kit import HEADER, OCTOBER, Centre
from tests.offset.test_plan import crowd, snapshot
from tests.offset.test_reconcile import paid

whole = st.integers(0, 1 << 40)


@given(rows=st.lists(st.tuples(whole, whole, st.integers(-5, 5))))
def test_rows_come_in_the_order_of_their_first(rows: list[tuple[int, ...]]) -> None:
    ordered = InOrder(width=3)
    for row in rows:
        ordered.add(row)
    assert list(ordered) == sorted(rows)


@pytest.mark.parametrize("page", [1, 2, 3, 7])
def test_a_plan_does_not_depend_on_the_page(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    crowd(centre)
    # A second agreement for a loan, and one for a loan of which the bank says nothing.
    centre.agreements(
        HEADER + "B1,ICBC,LA1,6222A1,52A1,,20230101,1,\nB2,ICBC,LB2,6222A1,52A1,,20230101,1,\n"
    )
    centre.open()
    centre.planned()
    wanted = snapshot(centre)
    monkeypatch.setattr(plan_rows, "PAGE", page)
    monkeypatch.setattr(plan_rows, "CHUNK", 2)
    with centre.store.write() as tx:
        tx.execute(sa.update(wave).values(state="planning", digest=""))
    centre.planned()
    assert snapshot(centre) == wanted


@contextmanager
def views_beside_writes(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many views were open each time a transaction that writes was begun."""
    store, seen, views = centre.store, [], [0]
    read, write = store.read, store.write

    @contextmanager
    def reading() -> Iterator[Connection]:
        views[0] += 1
        try:
            with read() as view:
                yield view
        finally:
            views[0] -= 1

    @contextmanager
    def writing() -> Iterator[Connection]:
        seen.append(views[0])
        with write() as tx:
            yield tx

    with monkeypatch.context() as patch:
        patch.setattr(store, "read", reading)
        patch.setattr(store, "write", writing)
        yield seen


def test_no_view_stays_open_while_a_plan_is_written(
    quick: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(quick)
    quick.open()
    quick.planned()
    monkeypatch.setattr(plan_rows, "PAGE", 2)
    monkeypatch.setattr(plan_rows, "CHUNK", 2)
    (one,) = quick.rows(wave)
    with views_beside_writes(quick, monkeypatch) as seen:
        plan.plan_wave(quick.store, one.id, OCTOBER, read_policy(None))
    assert len(seen) > len(("clear", "classes", "lines"))
    assert set(seen) == {0}


def test_no_view_stays_open_while_items_become_reconciled(
    quick: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("hub.offset.closing.mark_reconciled", lambda *_: 0)
        paid(quick)
        quick.until(lambda: any(row.matched_us for row in quick.rows(leg)))
    with views_beside_writes(quick, monkeypatch) as seen:
        assert mark_reconciled(quick.store, quick.office, quick.run_id, "ICBC") > 0
    assert seen == [0]


def test_a_chunk_of_accounts_is_found_by_key(quick: Centre) -> None:
    """Else each chunk sorts all of the bank's agreements, and 10⁶ of them take minutes."""
    crowd(quick)
    quick.open()
    quick.planned()
    (one,) = quick.rows(wave)
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, values: Any, *_more: Any) -> None:
        if "FROM agreement" in statement and "sealed" in statement:
            asked.append((statement, values))

    with quick.store.write() as tx:
        tx.execute(sa.update(wave).values(last_asked=0))
        event.listen(quick.store.writing, "before_cursor_execute", note)
        try:
            assert ledger.ask_accounts(tx, quick.office, one.id, OCTOBER)
        finally:
            event.remove(quick.store.writing, "before_cursor_execute", note)
        ((statement, values),) = asked
        steps = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    said = " ".join(str(step[3]) for step in steps)
    assert "PRIMARY KEY" in said
    assert "TEMP B-TREE" not in said
