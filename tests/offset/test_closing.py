"""A run is added up in a view and closed in a short transaction, unless something has moved."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset import closing
from hub.offset.tables import item, leg, run, statement_entry
from hub.offset.words import RunState
from tests.offset.kit import Centre
from tests.offset.test_reconcile import paid


def state(centre: Centre) -> str:
    with centre.store.read() as view:
        return str(view.scalar(sa.select(run.c.state).where(run.c.id == centre.run_id)))


def reconciled(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three people paid, and everything there for the close but the close."""
    with monkeypatch.context() as patch:
        patch.setattr(closing, "_read_balance", lambda _view, _run: None)
        paid(centre)
        centre.until(lambda: state(centre) == RunState.RECONCILED)


def another_credit(tx: Connection) -> None:
    """The bank's statement, read for another run, shows one more credit under our number."""
    (row,) = tx.execute(sa.select(statement_entry).limit(1)).all()
    values: dict[str, Any] = row._asdict() | {"serial": "late"}
    del values["id"]
    tx.execute(sa.insert(statement_entry).values(values))


def an_item_moves(tx: Connection) -> None:
    (number,) = tx.scalars(sa.select(item.c.number).limit(1)).all()
    tx.execute(sa.update(item).where(item.c.number == number).values(state="returned"))


def a_leg_opens(tx: Connection) -> None:
    tx.execute(sa.update(leg).values(closed_us=None))


@pytest.mark.parametrize("moves", [another_credit, an_item_moves, a_leg_opens])
def test_what_moves_after_it_was_added_up_keeps_it_open(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, moves: Callable[[Connection], None]
) -> None:
    reconciled(centre, monkeypatch)
    read = closing._read_balance

    def meanwhile(view: Connection, run_id: int) -> Any:
        found = read(view, run_id)
        assert found is not None
        with centre.store.write() as tx:
            moves(tx)
        return found

    monkeypatch.setattr(closing, "_read_balance", meanwhile)
    assert not closing.close_run(centre.office, centre.run_id)
    assert state(centre) == RunState.RECONCILED


def test_with_nothing_moved_it_closes(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    reconciled(centre, monkeypatch)
    assert closing.close_run(centre.office, centre.run_id)
    assert state(centre) == RunState.CLOSED
    assert not closing.close_run(centre.office, centre.run_id)


def test_nothing_is_added_up_while_it_writes(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciled(centre, monkeypatch)
    asked: list[bool] = []
    add_up = closing.read_totals

    def looked(view: Connection, run_id: int) -> Any:
        asked.append(bool(view.get_execution_options().get("hub_write", False)))
        return add_up(view, run_id)

    monkeypatch.setattr(closing, "read_totals", looked)
    assert closing.close_run(centre.office, centre.run_id)
    assert asked == [False]
