"""Closed runs are looked after: the paying account's statement is read on, and what came back is
reversed in the core and seen to be."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.periods import Period
from hub.offset.booking import command_some
from hub.offset.closing import LOOK_AGAIN_US
from hub.offset.ledger import ask_ledger
from hub.offset.nets import nets
from hub.offset.office import Office, day_number, day_of
from hub.offset.statement import read_day
from hub.offset.tables import core_posting, item, leg, run, statement_day
from hub.offset.tables_after import adjustment
from hub.offset.words import ItemState, RunState
from hub.ports.core import CommandKind
from hub.store import database_now_us


def step(office: Office) -> bool:
    """The next steps of closed runs; True when something was done."""
    with office.store.read() as view:
        due = view.execute(_due(database_now_us(view))).all()
        unfinished = view.execute(
            sa.select(adjustment.c.run_id, adjustment.c.bank, run.c.period)
            .join(run, run.c.id == adjustment.c.run_id)
            .where(adjustment.c.state == "open")
            .distinct()
        ).all()
    done = False
    for each in due:
        done |= _read_on(office, each)
    for each in unfinished:
        done |= _reverse(office, int(each.run_id), Period.parse(each.period), each.bank)
    return done


def _due(now_us: int) -> sa.Select[Any]:
    """Legs of closed runs whose statement is to be looked at; of each bank the newest alone."""
    newer_run, newer = run.alias("newer_run"), leg.alias("newer")
    overtaken = (
        sa.select(newer.c.id)
        .join(newer_run, newer_run.c.id == newer.c.run_id)
        .where(newer.c.bank == leg.c.bank, newer_run.c.period > run.c.period)
        .where(newer_run.c.state == RunState.CLOSED.value)
    )
    return (
        sa.select(leg, run.c.period)
        .join(run, run.c.id == leg.c.run_id)
        .where(run.c.state == RunState.CLOSED.value, leg.c.read_next_us <= now_us)
        .where(~overtaken.exists())
        .order_by(leg.c.bank)
    )


def look_now(tx: Connection, run_id: int, bank: str = "") -> int:
    """Read the statements of a closed run at the next step, of all banks or of one; legs."""
    here = leg.c.bank == bank if bank else sa.true()
    done = tx.execute(sa.update(leg).where(leg.c.run_id == run_id, here).values(read_next_us=0))
    return done.rowcount


def _read_on(office: Office, each: sa.Row[Any]) -> bool:
    """Order every day since the first instruction that was not read after its close."""
    period, done = Period.parse(each.period), False
    with office.store.write() as tx:
        for day in _unread(tx, office, int(each.run_id), each.bank):
            done |= read_day(tx, office, int(each.run_id), period, each.bank, day)
        tx.execute(
            sa.update(leg)
            .where(leg.c.id == each.id)
            .values(read_next_us=database_now_us(tx) + LOOK_AGAIN_US)
        )
    return done


def _unread(tx: Connection, office: Office, run_id: int, bank: str) -> list[int]:
    day, last = statement_day.c, office.clock.today()
    here = sa.and_(day.run_id == run_id, day.bank == bank)
    first = tx.scalar(sa.select(sa.func.min(day.day)).where(here))
    if first is None:
        return []  # nothing was ever instructed at this bank
    # Days that a run under way reads are not read twice: an entry finds its own run by itself.
    taken = tx.scalar(
        sa.select(sa.func.min(item.c.instructed_on))
        .join(run, run.c.id == item.c.run_id)
        .where(item.c.bank == bank, run.c.state != RunState.CLOSED.value)
    )
    if taken is not None:
        last = min(last, day_of(int(taken)) - timedelta(days=1))
    done = set(tx.scalars(sa.select(day.day).where(here, day.closed == 1, day.state == "read")))
    return [number for number in _span(int(first), day_number(last)) if number not in done]


def _span(first: int, last: int) -> list[int]:
    found, day = [], day_of(first)
    while day_number(day) <= last:
        found.append(day_number(day))
        day += timedelta(days=1)
    return found


# --- the reversal ---


def _reverse(office: Office, run_id: int, period: Period, bank: str) -> bool:
    """Order what waits to be reversed, then look at the core's books until they show it."""
    with office.store.write() as tx:
        if command_some(tx, office, run_id, period, bank, CommandKind.REVERSE):
            return True
        finished = _finish(tx, office, run_id, bank)
        here = tx.execute(sa.select(leg).where(leg.c.run_id == run_id, leg.c.bank == bank)).one()
        # Once each time the books of the core have moved (``asked_us`` is the last look).
        unseen = (here.moved_us or 0) >= (here.asked_us or 0)
        if not unseen or here.core_open or not _reversed_unseen(tx, run_id, bank):
            return finished
        ask_ledger(tx, office, run_id, period, bank)
        tx.execute(sa.update(leg).where(leg.c.id == here.id).values(asked_us=database_now_us(tx)))
    return True


def _reversed_unseen(tx: Connection, run_id: int, bank: str) -> bool:
    query = (
        sa.select(adjustment.c.id)
        .join(item, item.c.number == adjustment.c.number)
        .where(adjustment.c.run_id == run_id, adjustment.c.bank == bank)
        .where(adjustment.c.state == "open", item.c.state == ItemState.REVERSED.value)
    )
    return tx.scalar(query.limit(1)) is not None


def _finish(tx: Connection, office: Office, run_id: int, bank: str) -> bool:
    """Adjustments whose reversal the core's books show are done."""
    rows = tx.execute(
        sa.select(
            adjustment.c.id, adjustment.c.number, sa.func.max(core_posting.c.serial).label("serial")
        )
        .join(item, item.c.number == adjustment.c.number)
        .join(core_posting, core_posting.c.number == adjustment.c.number)
        .where(adjustment.c.run_id == run_id, adjustment.c.bank == bank)
        .where(adjustment.c.state == "open", core_posting.c.reversal == 1)
        .where(item.c.state == ItemState.REVERSED.value, item.c.disputed == 0)
        .group_by(adjustment.c.id, adjustment.c.number)
    ).all()
    shown = nets(tx, [row.number for row in rows])
    even = [row for row in rows if shown[row.number].core == 0]
    for row in even:
        tx.execute(
            sa.update(adjustment)
            .where(adjustment.c.id == row.id)
            .values(state="done", reversal=row.serial)
        )
        tx.execute(
            sa.update(item)
            .where(item.c.number == row.number)
            .values(state=ItemState.RECONCILED.value, reconciled_us=office.now_us())
        )
    return bool(even)
