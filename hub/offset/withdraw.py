"""Withdrawing (撤回): what was planned or held, and surely never sent, is not paid this period.

Two people order it (act ``hold.release``); the caller has their approval.  In one transaction
the message is closed for ever, so that nothing can be sent afterwards, and the items end FAILED
withdrawn: those on hold are released through the core like any other, those before their hold
have nothing to release (E2's not_held).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Message
from hub.bus.words import MessageState
from hub.kernel.errors import NotFound, Refused
from hub.offset.instruct import NEVER_US
from hub.offset.office import Office
from hub.offset.tables import batch, item
from hub.offset.words import ItemState, Outcome, Reason

_STILL_HERE = (MessageState.PARKED, MessageState.DEAD)
_CHUNK = 500


class NoSuchBatch(NotFound):
    """There is no batch with this number."""

    code = "offset.no_such_batch"
    hint = "`hub offset status` lists the batches that wait for a person."


class NotWithdrawable(Refused):
    """What may have left the hub, or is being worked on at this moment, cannot be withdrawn."""

    code = "offset.not_withdrawable"
    hint = "Stop the channel first (it parks what is queued); what was sent is asked about instead."


def withdrawal_of(tx: Connection, office: Office, number: str) -> Mapping[str, str | int]:
    """What two people agree on when they withdraw a batch: its rows, amount and message as they
    are now.  Raises NoSuchBatch, NotWithdrawable."""
    found, message = _batch(tx, office, number, lock=False)  # a look, in a reading transaction too
    return {
        "batch": number, "rows": int(found.rows_count), "fen": int(found.fen),
        "message": message.id, "epoch": message.epoch,
    }  # fmt: skip


def withdraw_batch(tx: Connection, office: Office, number: str, *, actor: str, reason: str) -> int:
    """Withdraw all items of a batch whose message is parked or dead and surely never sent; how
    many.  Raises NoSuchBatch, NotWithdrawable."""
    found, message = _batch(tx, office, number, lock=True)
    here = sa.and_(
        item.c.batch == number, item.c.state == ItemState.HELD.value, item.c.was_instructed == 0
    )
    closed = office.bus.cancel(tx, message.id, actor, reason)
    numbers = _withdraw(tx, office, here, ItemState.FAILED, reason) if closed else []
    if len(numbers) != found.rows_count:
        raise NotWithdrawable(f"batch {number} may have been sent")
    tx.execute(
        sa.update(batch)
        .where(batch.c.number == number)
        .values(state="withdrawn", next_ask_us=NEVER_US)
    )
    _note(tx, number, found.fen, numbers, actor, reason)
    return len(numbers)


def withdraw_items(
    tx: Connection, office: Office, numbers: Sequence[str], *, actor: str, reason: str
) -> int:
    """Withdraw items that are planned, or on hold and in no batch; all of them, or none.

    Raises NotWithdrawable when one of them is further, or is being asked about at the core at
    this moment (then in a moment it is not).
    """
    wanted = sorted(set(numbers))
    done: list[str] = []
    for start in range(0, len(wanted), _CHUNK):
        waits = sa.and_(item.c.number.in_(wanted[start : start + _CHUNK]), item.c.asked == "")
        planned = sa.and_(waits, item.c.state == ItemState.PLANNED.value)
        done += _withdraw(tx, office, planned, ItemState.REFUSED, reason)
        held = sa.and_(waits, item.c.state == ItemState.HELD.value, item.c.batch.is_(None))
        done += _withdraw(tx, office, held, ItemState.FAILED, reason)
    if len(done) != len(wanted):
        further = sorted(set(wanted) - set(done))
        raise NotWithdrawable(f"{len(further)} of {len(wanted)} items, {further[0]} among them")
    fen = tx.scalar(sa.select(sa.func.sum(item.c.fen)).where(item.c.number.in_(wanted)))
    _note(tx, f"{len(wanted)} items", int(fen or 0), wanted, actor, reason)
    return len(done)


def _batch(
    tx: Connection, office: Office, number: str, *, lock: bool
) -> tuple[sa.Row[Any], Message]:
    query = sa.select(batch).where(batch.c.number == number)
    found = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NoSuchBatch(f"there is no batch {number[:20]}")
    message = office.bus.message(tx, found.message_id)
    if message.state not in _STILL_HERE or message.maybe_sent or found.state != "cut":
        raise NotWithdrawable(f"batch {number} is {found.state}, its message {message.state}")
    return found, message


def _withdraw(
    tx: Connection, office: Office, which: sa.ColumnElement[bool], state: ItemState, reason: str
) -> list[str]:
    """A live key is given up with it, and a difference does not stand in the way: whatever froze
    the item, nothing of it was sent."""
    done = tx.scalars(
        sa.update(item)
        .where(which)
        .values(
            state=state.value, outcome=Outcome.FAILED.value, reason=Reason.WITHDRAWN.value,
            detail=reason[:200], was_withdrawn=1, asked="", live_key=None,
            result_us=office.now_us(),
        )
        .returning(item.c.number)
    )  # fmt: skip
    return sorted(done)


def _note(
    tx: Connection, subject: str, fen: int, numbers: Sequence[str], actor: str, reason: str
) -> None:
    audit.record(
        tx, act="offset.withdrawn", actor=actor, subject=subject, detail={"reason": reason},
        count=len(numbers), fen=int(fen),
        root=audit.merkle_root([audit.digest(number.encode()) for number in numbers]),
    )  # fmt: skip
