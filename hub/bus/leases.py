"""Leases: a message belongs to one worker for a while, and the epoch says which while.

Times are the database's.  Claiming holds the channel's row (PostgreSQL: FOR UPDATE SKIP LOCKED,
SQLite: the one write lock), so a stop that has committed is seen by every later claim, and the
channel's concurrency is counted right.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.moves import HAS_EFFECT, move
from hub.bus.rows import HEAD, to_message
from hub.bus.tables import attempt, channel, message
from hub.bus.values import Claim, Lane, Message
from hub.bus.words import Cause, Effect, MessageState
from hub.kernel.clocks import monotonic

if TYPE_CHECKING:
    from hub.bus.bus import Bus


def ready(bus: "Bus", tx: Connection) -> list[str]:
    """See Bus.ready."""
    now = bus.now(tx)
    due = sa.exists().where(
        message.c.interface == channel.c.interface,
        message.c.ready_us <= now,
        sa.or_(channel.c.stopped == 0, message.c.effect == Effect.READ.value),
    )
    return list(
        tx.scalars(
            sa.select(channel.c.interface)
            .where(channel.c.rest_until_us <= now, due)
            .order_by(channel.c.interface)
        )
    )


def claim(
    bus: "Bus", tx: Connection, holder: str, lanes: Sequence[Lane], kinds: Collection[str]
) -> list[Claim]:
    """See Bus.claim."""
    asked = {lane.interface: lane for lane in lanes if lane.limit > 0}
    if not asked:
        return []
    began = monotonic()
    now = bus.now(tx)
    names = sorted(asked)
    channels = tx.execute(
        sa.select(channel)
        .where(channel.c.interface.in_(names), channel.c.rest_until_us <= now)
        .order_by(channel.c.interface)
        .with_for_update(skip_locked=True)
    ).all()
    flying = _in_flight(tx, names)
    may_act = bus.may_act(tx)
    claims: list[Claim] = []
    for row in channels:
        lane = asked[row.interface]
        # A partner that could not be reached is tried with one message, not with all.
        most = 1 if row.misses else lane.concurrency
        free = min(lane.limit, most - flying.get(row.interface, 0))
        if free > 0:
            claims += _take(
                tx, holder, lane, row, free=free, now=now, began=began, kinds=kinds,
                may_act=may_act,
            )  # fmt: skip
    if claims:
        tx.execute(sa.insert(attempt), [_attempt_row(one, now) for one in claims])
    return claims


def _in_flight(tx: Connection, names: list[str]) -> dict[str, int]:
    rows = tx.execute(
        sa.select(message.c.interface, sa.func.count())
        .where(message.c.state == MessageState.IN_FLIGHT.value, message.c.interface.in_(names))
        .group_by(message.c.interface)
    )
    return {interface: int(count) for interface, count in rows}


def _take(
    tx: Connection,
    holder: str,
    lane: Lane,
    row: sa.Row[Any],
    *,
    free: int,
    now: int,
    began: float,
    kinds: Collection[str],
    may_act: bool,
) -> list[Claim]:
    wanted = (
        sa.select(
            *HEAD, message.c.key_id, message.c.payload, message.c.ordered_by, message.c.ordered_why
        )
        .where(message.c.interface == lane.interface, message.c.ready_us <= now)
        .order_by(message.c.ready_us, message.c.id)
        .limit(free)
        .with_for_update(skip_locked=True)
    )
    if kinds:
        wanted = wanted.where(message.c.kind.in_(sorted(kinds)))
    if row.stopped or not may_act:
        wanted = wanted.where(~HAS_EFFECT)
    rows = tx.execute(wanted).all()
    if not rows:
        return []
    until = now + int(lane.lease_s * 1_000_000)
    moved = move(
        tx,
        MessageState.IN_FLIGHT,
        message.c.id.in_([one.id for one in rows]),
        now_us=now,
        epoch=message.c.epoch + 1,
        try_no=message.c.try_no + 1,
        tries=message.c.tries + 1,
        holder=holder,
        lease_until_us=until,
    )
    if moved != len(rows):  # the rows are locked: nobody can have moved one
        raise AssertionError(f"claimed {moved} of {len(rows)} locked messages")
    return [
        Claim(
            message=_claimed(one),
            ordered_by=one.ordered_by,
            ordered_why=one.ordered_why,
            payload_key=one.key_id,
            payload=one.payload,
            holder=holder,
            lease_s=lane.lease_s,
            deadline=began + lane.lease_s,
            channel_misses=row.misses,
        )
        for one in rows
    ]


def _claimed(row: sa.Row[Any]) -> Message:
    """The message as its claim has made it."""
    one = to_message(row)
    return replace(
        one,
        state=MessageState.IN_FLIGHT,
        epoch=one.epoch + 1,
        try_no=one.try_no + 1,
        tries=one.tries + 1,
        ready_us=None,
    )


def _attempt_row(one: Claim, now: int) -> dict[str, Any]:
    told = one.message.tries == 1  # what was ordered is the first attempt of its round
    return {
        "message_id": one.message.id,
        "try_no": one.message.try_no,
        "parent_no": one.message.try_no - 1 or None,
        "epoch": one.message.epoch,
        "holder": one.holder,
        "cause": (one.message.cause if told else Cause.RETRY).value,
        "ordered_by": one.ordered_by if told else "",
        "ordered_why": one.ordered_why if told else "",
        "started_us": now,
        "verdict": "",
        "late": 0,
        "error_code": "",
        "error_text": "",
    }


def extend(bus: "Bus", tx: Connection, one: Claim, lease_s: float) -> bool:
    """See Bus.extend."""
    until = bus.now(tx) + int(lease_s * 1_000_000)
    done = tx.execute(sa.update(message).where(*held(one)).values(lease_until_us=until))
    return bool(done.rowcount)


def held(one: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition under which a claim still counts."""
    return (
        message.c.id == one.message.id,
        message.c.state == MessageState.IN_FLIGHT.value,
        message.c.epoch == one.message.epoch,
        message.c.holder == one.holder,
    )
