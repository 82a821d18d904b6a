"""The end of a run: statements and the core's books are read, matched, and what balances closes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Rung
from hub.kernel.errors import Refused
from hub.kernel.periods import Period
from hub.offset.differences import count_open
from hub.offset.ledger import ask_ledger
from hub.offset.marking import mark_reconciled
from hub.offset.office import Office, day_number, day_of
from hub.offset.reconcile import fail_not_credited, find_differences
from hub.offset.returns import take_returns
from hub.offset.second import holds_open
from hub.offset.statement import answer_from_kept, read_day
from hub.offset.tables import batch, difference, item, leg, run, statement_day, statement_entry
from hub.offset.totals import equations, read_totals
from hub.offset.waiting import any_in
from hub.offset.words import ItemState, RunState
from hub.store import database_now_us

_FIRST_READ_AFTER_US = 30_000_000
"""Rows still open this long after their batch was sent make us look at the statement too."""
_READ_AGAIN_US = 4_000_000
_READ_SLOWLY_US = 60_000_000
_EAGER_READS = 20
LOOK_AGAIN_US = 600_000_000
"""How often the open banking day is read once a run is closed; closed days are read once."""

_BETWEEN = (
    ItemState.PLANNED, ItemState.HELD, ItemState.SUCCEEDED, ItemState.FAILED, ItemState.RETURNED,
)  # fmt: skip
_OPEN = (ItemState.INSTRUCTED, ItemState.UNKNOWN)
_AT_REST = (ItemState.RECONCILED, ItemState.REFUSED)


def reconcile_leg(office: Office, run_id: int, period: Period, each: sa.Row[Any]) -> bool:
    """One step towards a leg's close; True when something was done."""
    with office.store.read() as view:  # nearly every look ends here: it takes no lock
        if any_in(view, run_id, each.bank, _BETWEEN):
            return False
    with office.store.write() as tx:
        if any_in(tx, run_id, each.bank, _BETWEEN):
            return False
        still_open = any_in(tx, run_id, each.bank, _OPEN)
        if still_open and not _open_for_long(tx, run_id, each.bank):
            return False
        here = tx.execute(sa.select(leg).where(leg.c.id == each.id)).one()
        if _reading(tx, run_id, here):
            return False
        fresh = here.core_seen_us is not None and here.core_seen_us > (here.matched_us or 0)
        # An item that was still open may have been booked while bank and core were being read:
        # what was read does not show it, and matching it would find differences that are none.
        stale = (here.moved_us or 0) >= (here.asked_us or 0)
        if stale or not fresh:
            return _read(tx, office, run_id, period, here)
        tx.execute(sa.update(leg).where(leg.c.id == each.id).values(matched_us=database_now_us(tx)))
    _match(office, run_id, period, each)
    return True


def _open_for_long(tx: Connection, run_id: int, bank: str) -> bool:
    """No batch of this leg is on its way out, and none was heard of lately."""
    b = batch.c
    sent_us = sa.func.coalesce(b.unknown_us, 0)
    lately = sa.or_(b.state.in_(["cut", "again"]), b.asks < 6)
    open_rows = sa.select(item.c.number).where(
        item.c.batch == b.number, item.c.state.in_([state.value for state in _OPEN])
    )
    recent = sent_us > database_now_us(tx) - _FIRST_READ_AFTER_US
    query = (
        sa.select(b.number)
        .where(b.run_id == run_id, b.bank == bank, sa.exists(open_rows))
        .where(sa.or_(lately, recent))
    )
    return tx.scalar(query.limit(1)) is None


def _reading(tx: Connection, run_id: int, here: sa.Row[Any]) -> bool:
    if here.core_open > 0:
        return True
    query = sa.select(statement_day.c.id).where(
        statement_day.c.run_id == run_id,
        statement_day.c.bank == here.bank,
        statement_day.c.state == "reading",
    )
    return tx.scalar(query.limit(1)) is not None


def _read(tx: Connection, office: Office, run_id: int, period: Period, here: sa.Row[Any]) -> bool:
    now_us = database_now_us(tx)
    if here.read_next_us > now_us:
        return False
    closed = set(
        tx.scalars(
            sa.select(statement_day.c.day).where(
                statement_day.c.run_id == run_id, statement_day.c.bank == here.bank,
                statement_day.c.closed == 1, statement_day.c.state == "read",
            )
        )
    )  # fmt: skip
    for day in _days(tx, office, run_id, here.bank):
        if day not in closed:
            read_day(tx, office, run_id, period, here.bank, day)
    ask_ledger(tx, office, run_id, period, here.bank)
    pause = _READ_AGAIN_US if here.reads < _EAGER_READS else _READ_SLOWLY_US
    tx.execute(
        sa.update(leg)
        .where(leg.c.id == here.id)
        .values(reads=here.reads + 1, read_next_us=now_us + pause, asked_us=now_us)
    )
    return True


class RunIsClosed(Refused):
    """This run is closed."""

    code = "offset.run_closed"
    hint = "What comes after the close is an adjustment with a date of its own."


def read_again(tx: Connection, run_id: int, bank: str = "") -> int:
    """Read statements and the core's books at the next step, not at the next turn; legs.  Of all
    banks, or of one.

    A leg that had closed is open until that reading has been matched, and closes again by itself.
    Raises RunIsClosed.
    """
    if tx.scalar(sa.select(run.c.state).where(run.c.id == run_id)) == RunState.CLOSED:
        raise RunIsClosed
    here = leg.c.bank == bank if bank else sa.true()
    done = tx.execute(
        sa.update(leg)
        .where(leg.c.run_id == run_id, leg.c.wave_id.is_not(None), here)
        .values(read_next_us=0, matched_us=leg.c.core_seen_us, closed_us=None)
    )
    return done.rowcount


def _days(tx: Connection, office: Office, run_id: int, bank: str) -> list[int]:
    """Every calendar day from the first instruction to today."""
    first = tx.scalar(
        sa.select(sa.func.min(item.c.instructed_on)).where(
            item.c.run_id == run_id, item.c.bank == bank
        )
    )
    today = office.clock.today()
    day = today if first is None else min(day_of(int(first)), today)
    days = []
    while day <= today:
        days.append(day_number(day))
        day += timedelta(days=1)
    return days


def _match(office: Office, run_id: int, period: Period, each: sa.Row[Any]) -> None:
    answered = answer_from_kept(office.store, office, run_id, each.bank)
    returned = take_returns(office.store, office, run_id, period, each.bank)
    failed = fail_not_credited(office.store, office, run_id, each.bank)
    found = find_differences(office.store, office, run_id, each.bank)
    agreed = mark_reconciled(office.store, office, run_id, each.bank)
    with office.store.write() as tx:
        audit.record(
            tx, act="offset.reconciled", actor="hub", subject=f"run {run_id} {each.bank}",
            detail={"differences": found, "not_credited": failed, "answered": answered,
                    "returned": returned}, count=agreed,
        )  # fmt: skip
        _close_leg(tx, office, run_id, each)


def _close_leg(tx: Connection, office: Office, run_id: int, each: sa.Row[Any]) -> None:
    """A leg closes when every item is at rest, nothing is held and no difference is open."""
    at_rest = [state.value for state in _AT_REST]
    restless = sa.select(item.c.number).where(
        item.c.run_id == run_id, item.c.bank == each.bank, item.c.state.not_in(at_rest)
    )
    disputed = sa.select(difference.c.id).where(
        difference.c.run_id == run_id, difference.c.bank == each.bank,
        difference.c.state == "open",
    )  # fmt: skip
    if tx.scalar(restless.limit(1)) is not None or tx.scalar(disputed.limit(1)) is not None:
        return
    if holds_open(tx, run_id, each):
        return
    closed = tx.execute(
        sa.update(leg)
        .where(leg.c.id == each.id, leg.c.core_live_holds == 0)
        .values(closed_us=office.now_us())
    )
    if closed.rowcount == 1:
        sent = sa.select(batch.c.message_id).where(
            batch.c.run_id == run_id, batch.c.bank == each.bank, batch.c.state != "withdrawn"
        )
        office.bus.climb(tx, list(tx.scalars(sent)), Rung.RECONCILED)


def close_run(office: Office, run_id: int) -> bool:
    """Move a run on to running, reconciled and closed as its legs allow; True when it moved."""
    with office.store.read() as view:
        state = view.scalar(sa.select(run.c.state).where(run.c.id == run_id))
        if state == RunState.RUNNING and _legs_open(view, run_id):
            return False
        balanced = _read_balance(view, run_id) if state == RunState.RECONCILED else None
        if state == RunState.RECONCILED and balanced is None:
            return False
    with office.store.write() as tx:
        found = tx.execute(sa.select(run).where(run.c.id == run_id)).one()
        if found.state == RunState.APPROVED:
            return _move(tx, run_id, RunState.APPROVED, RunState.RUNNING)
        if found.state == RunState.RUNNING and not _legs_open(tx, run_id):
            return _move(tx, run_id, RunState.RUNNING, RunState.RECONCILED)
        if found.state == RunState.RECONCILED and balanced is not None:
            return _close(tx, office, run_id, balanced)
    return False


@dataclass(frozen=True, slots=True)
class _Balance:
    """A run whose equations balance: what it posted, and the marks it was read with."""

    count: int
    fen: int
    marks: tuple[object, ...]


def _read_balance(view: Connection, run_id: int) -> _Balance | None:
    """Add up a run in a view, for that takes seconds at 10⁶ items; None when it cannot close."""
    if _legs_open(view, run_id) or count_open(view, run_id):
        return None
    totals = read_totals(view, run_id)
    if not all(equation.balanced for equation in equations(totals)):
        return None
    if any(t["unknown"].count for t in totals.values()):
        return None
    return _Balance(
        count=sum(t["posted"].count for t in totals.values()),
        fen=sum(t["posted"].fen for t in totals.values()),
        marks=_marks(view, run_id),
    )


def _marks(tx: Connection, run_id: int) -> tuple[object, ...]:
    """What tells that something a total counts has moved: items by state, entries of the
    statements by kind, both counted in an index alone, and each leg's own marks.

    Amounts of items and entries never change, and what two people settle opens a leg.
    """
    items = (
        sa.select(item.c.bank, item.c.state, sa.func.count())
        .where(item.c.run_id == run_id)
        .group_by(item.c.bank, item.c.state)
        .order_by(item.c.bank, item.c.state)
    )
    s = statement_entry.c
    entries = (
        sa.select(s.bank, s.kind, sa.func.count())
        .where(s.run_id == run_id)
        .group_by(s.bank, s.kind)
        .order_by(s.bank, s.kind)
    )
    legs = (
        sa.select(leg.c.id, leg.c.moved_us, leg.c.asked_us, leg.c.matched_us, leg.c.closed_us)
        .where(leg.c.run_id == run_id)
        .order_by(leg.c.id)
    )
    return tuple(tuple(row) for query in (items, entries, legs) for row in tx.execute(query))


def _close(tx: Connection, office: Office, run_id: int, balanced: _Balance) -> bool:
    if _legs_open(tx, run_id) or count_open(tx, run_id):
        return False  # read_again has opened one
    if _marks(tx, run_id) != balanced.marks:
        return False  # what was added up is not what stands here now: it is added up again
    audit.record(
        tx, act="offset.run_closed", actor="hub", subject=f"run {run_id}",
        count=balanced.count, fen=balanced.fen,
    )  # fmt: skip
    tx.execute(sa.update(run).where(run.c.id == run_id).values(closed_us=office.now_us()))
    # Its statements have just been read.
    tx.execute(
        sa.update(leg)
        .where(leg.c.run_id == run_id, leg.c.asked_us.is_not(None))
        .values(read_next_us=leg.c.asked_us + LOOK_AGAIN_US)
    )
    return _move(tx, run_id, RunState.RECONCILED, RunState.CLOSED)


def _legs_open(tx: Connection, run_id: int) -> bool:
    query = sa.select(leg.c.id).where(leg.c.run_id == run_id, leg.c.closed_us.is_(None))
    return tx.scalar(query.limit(1)) is not None


def _move(tx: Connection, run_id: int, before: RunState, after: RunState) -> bool:
    moved = tx.execute(
        sa.update(run)
        .where(run.c.id == run_id, run.c.state == before.value)
        .values(state=after.value)
    )
    return moved.rowcount == 1
