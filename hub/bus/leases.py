"""Leases: a message belongs to one worker for a while, and the epoch says which while.

Times are the database's.  Claiming holds the channel's row (PostgreSQL: FOR UPDATE SKIP LOCKED,
SQLite: the one write lock), so a stop that has committed is seen by every later claim, and the
channel's concurrency is counted right.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.moves import HAS_EFFECT, take_each
from hub.bus.places import DOUBTFUL, call_back
from hub.bus.rows import HEAD, claimed
from hub.bus.tables import attempt, channel, message
from hub.bus.values import Claim, Lane
from hub.bus.words import Cause, Effect, MessageState
from hub.kernel.clocks import monotonic
from hub.store.prepared import Prepared

if TYPE_CHECKING:
    from hub.bus.bus import Bus


_READY = Prepared(
    sa.select(channel.c.interface)
    .where(
        channel.c.rest_until_us <= sa.bindparam("b_now"),
        sa.exists().where(
            message.c.interface == channel.c.interface,
            message.c.ready_us <= sa.bindparam("b_now"),
            sa.or_(channel.c.stopped == 0, message.c.effect == Effect.READ.value),
        ),
    )
    .order_by(channel.c.interface)
)
_CHANNEL = Prepared(
    sa.select(channel)
    .where(
        channel.c.interface == sa.bindparam("b_interface"),
        channel.c.rest_until_us <= sa.bindparam("b_now"),
    )
    .with_for_update(skip_locked=True)
)
_IN_FLIGHT = Prepared(
    sa.select(sa.func.count())
    .select_from(message)
    .where(
        message.c.state == MessageState.IN_FLIGHT.value,
        message.c.interface == sa.bindparam("b_interface"),
    )
)
_ORDERED_BY, _ORDERED_WHY = (
    HEAD.index(column) for column in (message.c.ordered_by, message.c.ordered_why)
)
_START = Prepared(sa.insert(attempt))


SHUT_S = 60.0
"""How long what may not go out now is put off, so that nobody looks at it all night; when it may,
``reopen`` brings it forward, and should nobody call that, this does."""


@lru_cache(maxsize=128)
def _wanted(
    kinds: frozenset[str], shut: frozenset[str], *, stopped: bool, switched: bool
) -> Prepared:
    wanted = (
        sa.select(*HEAD, message.c.key_id, message.c.payload)
        .where(
            message.c.interface == sa.bindparam("b_interface"),
            message.c.ready_us <= sa.bindparam("b_now"),
        )
        .order_by(message.c.ready_us, message.c.id)
        .limit(sa.bindparam("b_limit", type_=sa.Integer))
        .with_for_update(skip_locked=True)
    )
    if kinds:
        wanted = wanted.where(sa.or_(*(message.c.kind == kind for kind in sorted(kinds))))
    if shut:
        wanted = wanted.where(sa.and_(*(message.c.kind != kind for kind in sorted(shut))))
    if stopped:
        wanted = wanted.where(~HAS_EFFECT)
    if switched:  # one that came back from flight just now is called back at the next claim
        wanted = wanted.where(
            sa.not_(sa.and_(DOUBTFUL, message.c.queued_us <= sa.bindparam("b_since")))
        )
    return Prepared(wanted)


def ready(bus: "Bus", tx: Connection) -> list[str]:
    """See Bus.ready."""
    return [interface for (interface,) in _READY.rows(tx, b_now=bus.now(tx))]


def claim(
    bus: "Bus", tx: Connection, holder: str, lanes: Sequence[Lane], kinds: Collection[str]
) -> list[Claim]:
    """See Bus.claim."""
    asked = sorted((lane for lane in lanes if lane.limit > 0), key=lambda lane: lane.interface)
    if not asked:
        return []
    began = monotonic()
    now = bus.now(tx)
    may_act = bus.may_act(tx)
    claims: list[Claim] = []
    for lane in asked:
        row = _CHANNEL.one(tx, b_interface=lane.interface, b_now=now).one_or_none()
        if row is None:
            continue
        if row.place_us is not None:
            call_back(bus, tx, lane.interface, row.place_us, now)
        # A partner that could not be reached is tried with one message, not with all.
        most = 1 if row.misses else lane.concurrency
        ((flying,),) = _IN_FLIGHT.rows(tx, b_interface=lane.interface)
        free = min(lane.limit, most - int(flying))
        shut = bus.shut(tx, lane.interface)
        if shut:
            _put_off(tx, lane.interface, shut, now)
        if free > 0:
            claims += _take(
                tx, holder, lane, row, free=free, now=now, began=began, kinds=frozenset(kinds),
                shut=shut, may_act=may_act,
            )  # fmt: skip
    if claims:
        _START.many(tx, [_attempt_row(one, now) for one in claims])
    return claims


def _take(
    tx: Connection,
    holder: str,
    lane: Lane,
    row: sa.Row[Any],
    *,
    free: int,
    now: int,
    began: float,
    kinds: frozenset[str],
    shut: frozenset[str],
    may_act: bool,
) -> list[Claim]:
    switched = row.place_us is not None
    wanted = _wanted(kinds, shut, stopped=bool(row.stopped) or not may_act, switched=switched)
    since = {"b_since": row.place_us} if switched else {}
    rows = wanted.rows(tx, b_interface=lane.interface, b_now=now, b_limit=free, **since)
    if not rows:
        return []
    until = now + int(lane.lease_s * 1_000_000)
    moved = take_each(tx, [one[0] for one in rows], holder, until)
    if moved != len(rows):  # the rows are locked: nobody can have moved one
        raise AssertionError(f"claimed {moved} of {len(rows)} locked messages")
    return [
        Claim(
            message=claimed(one),
            ordered_by=one[_ORDERED_BY],
            ordered_why=one[_ORDERED_WHY],
            payload_key=one[-2],
            payload=one[-1],
            holder=holder,
            lease_s=lane.lease_s,
            deadline=began + lane.lease_s,
            channel_misses=row.misses,
            place=row.place,
        )
        for one in rows
    ]


def _put_off(tx: Connection, interface: str, shut: frozenset[str], now: int) -> None:
    tx.execute(
        sa.update(message)
        .where(message.c.interface == interface, message.c.ready_us <= now)
        .where(message.c.kind.in_(sorted(shut)))
        .values(ready_us=now + int(SHUT_S * 1_000_000))
    )


def reopen(bus: "Bus", tx: Connection, interface: str, kind: str) -> int:
    """See Bus.reopen."""
    now = bus.now(tx)
    here = sa.and_(
        message.c.interface == interface, message.c.kind == kind, message.c.ready_us.is_not(None)
    )
    # One that may have been sent keeps its time: a switch of the address is judged by it.
    tx.execute(sa.update(message).where(here, message.c.maybe_sent == 0).values(queued_us=now))
    return tx.execute(sa.update(message).where(here).values(ready_us=now)).rowcount


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
        "ended_us": None,
        "verdict": "",
        "late": 0,
        "error_code": "",
        "error_text": "",
        "place": one.place,
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
