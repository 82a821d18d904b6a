"""What comes after the close (关账之后): entries of closed runs.

The run stays closed and its totals as they were.  A whole return is an adjustment with a date of
its own: the item becomes RETURNED and is reversed in the core, its agreement rests from the
period after the newest plan, and E7 is printed again beside the old one.  Anything else is a
difference for people.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.periods import Period
from hub.offset.changes import RETURNED, Ground, suspend
from hub.offset.differences import Finding, note, open_difference
from hub.offset.nets import BACK, nets
from hub.offset.office import Office
from hub.offset.tables import difference, item, run, statement_entry, wave
from hub.offset.tables_after import adjustment
from hub.offset.words import DifferenceKind, ItemState, Outcome
from hub.ports.bank import EntryKind


def take_late(tx: Connection, office: Office, entry_ids: Sequence[int]) -> None:
    """Take entries of closed runs into the books: whole returns become adjustments, what fits
    nothing a difference.  A return without our number waits for a person."""
    rows = tx.execute(
        sa.select(statement_entry)
        .where(statement_entry.c.id.in_(entry_ids), statement_entry.c.late == 1)
        .order_by(statement_entry.c.id)
    ).all()
    for entry in rows:
        back = entry.kind in BACK
        if back and entry.number == "":
            continue
        if back and _adjust(tx, office, entry):
            continue
        if back or entry.kind == EntryKind.CREDIT.value:
            _differs(tx, office, entry)


def _adjust(tx: Connection, office: Office, entry: sa.Row[Any]) -> bool:
    """The whole credit of a paid item came back: RETURNED, and the reversal is ordered."""
    net = nets(tx, [entry.number])[entry.number]
    found = tx.execute(
        sa.update(item)
        .where(
            item.c.number == entry.number, item.c.fen == entry.fen, item.c.disputed == 0,
            item.c.state == ItemState.RECONCILED.value, item.c.fen == net.credited,
            item.c.outcome == Outcome.SUCCEEDED.value, item.c.fen == net.back,
        )
        .values(
            state=ItemState.RETURNED.value, outcome=Outcome.RETURNED.value, detail=RETURNED,
            reconciled_us=None,
        )
        .returning(item.c.agreement_id)
    ).first()  # fmt: skip
    if found is None:
        return False
    tx.execute(
        sa.insert(adjustment).values(
            run_id=entry.run_id, bank=entry.bank, number=entry.number, made_on=office.today(),
            booked_on=entry.day, shape=entry.kind, fen=entry.fen, serial=entry.serial,
            state="open", reversal="",
        )
    )  # fmt: skip
    ground = Ground(found.agreement_id, f"{entry.bank} {entry.day} {entry.serial}")
    suspended = suspend(tx, [ground], RETURNED, found_in=_newest_plan(tx), now_us=office.now_us())
    audit.record(
        tx, act="offset.adjusted", actor="hub", subject=entry.number,
        detail={"suspended": suspended, "serial": entry.serial, "shape": entry.kind}, count=1,
        fen=int(entry.fen),
    )  # fmt: skip
    return True


def _newest_plan(tx: Connection) -> Period:
    """The last period that has a plan: what is found now never alters it."""
    query = sa.select(sa.func.max(run.c.period)).join(wave, wave.c.run_id == run.c.id)
    return Period.parse(str(tx.scalar(query)))


def _differs(tx: Connection, office: Office, entry: sa.Row[Any]) -> None:
    ours = tx.execute(
        sa.select(item.c.fen, item.c.outcome).where(item.c.number == entry.number)
    ).first()
    net = nets(tx, [entry.number]).get(entry.number)
    bank_fen = entry.fen if net is None or not entry.number else net.bank
    if ours is None:
        kind, said = DifferenceKind.UNKNOWN_INSTRUCTION, "关账后出现，本中心没有发出过这个指令"
    elif entry.kind in BACK:
        kind, said = DifferenceKind.AMOUNT, "关账后退回，金额与指令不符"
    elif ours.outcome == Outcome.SUCCEEDED.value:
        kind, said = DifferenceKind.DOUBLE_CREDIT, "关账后又入账一次"
    else:
        kind, said = DifferenceKind.CONTRADICTION, "关账后入账，原已判划款失败或已退票"
    said = f"银行流水 {entry.serial}：{said}"
    held_by = None if ours is None else _open_of(tx, entry.number)
    if held_by is not None:  # it is settled only when all that bank and core show comes out even
        note(tx, held_by, "hub", "found_again", said, office.now_us())
        return
    finding = Finding(
        kind, entry.bank, entry.number or entry.serial, 0 if ours is None else int(ours.fen),
        int(bank_fen), 0 if net is None else net.core, said,
    )  # fmt: skip
    open_difference(tx, int(entry.run_id), finding, office.now_us(), again=True)


def _open_of(tx: Connection, number: str) -> int | None:
    """The difference that holds an item now."""
    query = sa.select(difference.c.id).where(
        difference.c.number == number, difference.c.state == "open"
    )
    return tx.scalar(query.order_by(difference.c.id).limit(1))
