"""Places (线路): which of a partner's addresses a channel uses, and what a switch does to money.

The place is the channel's: a claim reads it under the channel's lock, so nothing starts at the
old address after a switch has committed.  An attempt is stored with its place before it is sent.

One side's "not found" proves nothing about the other side.  So a repeat of money that may have
been sent, ordered on the ground of what was asked before a switch, is called back: it is unknown
again, and asked about anew, at every address where it may lie.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.bus.intake import RING, ensure_channels
from hub.bus.moves import move
from hub.bus.tables import attempt, call, channel, message
from hub.bus.words import CLAIMABLE, Effect, MessageState, Verdict
from hub.kernel.errors import Refused
from hub.wire.recorder import CallOutcome

if TYPE_CHECKING:
    from hub.bus.bus import Bus

S = MessageState
DOUBTFUL = sa.and_(message.c.effect == Effect.MONEY.value, message.c.maybe_sent == 1)
"""Money that may have been sent."""


class NoSuchPlace(Refused):
    """The interface has no such address, or uses it already."""

    code = "bus.no_such_place"
    hint = "`hub line list` shows the addresses of every interface and which is in use."


@dataclass(frozen=True, slots=True)
class Place:
    """Which address is in use: 0 the primary; since when (µs UTC, None: never switched), by whom
    and why."""

    place: int = 0
    since_us: int | None = None
    by: str = ""
    why: str = ""


def place_of(tx: Connection, interface: str) -> Place:
    """A channel's place; the primary for one that was never used."""
    c = channel.c
    query = sa.select(c.place, c.place_us, c.place_by, c.place_why).where(c.interface == interface)
    row = tx.execute(query).one_or_none()
    return Place() if row is None else Place(*row)


def switch(bus: "Bus", tx: Connection, interface: str, place: int, by: str, why: str) -> None:
    """Use another address from this commit on.  Raises NoSuchPlace."""
    ensure_channels(tx, [interface])
    if not 0 <= place < bus.policy(interface).places:
        raise NoSuchPlace(f"{interface} has no address {place}")
    if not _switch(bus, tx, interface, place, by, why, channel.c.place != place):
        raise NoSuchPlace(f"{interface} uses the address {place} already")


def switch_by_itself(
    bus: "Bus", tx: Connection, interface: str, place: int, misses: int, now: int
) -> bool:
    """After ``misses`` calls in a row that surely were not sent at ``place``: the next address,
    if the policy says so.  Whether it switched."""
    policy = bus.policy(interface)
    if policy.places < 2 or not policy.switch_after or misses < policy.switch_after:
        return False
    rested = now - int(policy.switch_again_s * 1_000_000)
    c = channel.c
    return _switch(
        bus, tx, interface, (place + 1) % policy.places, "hub",
        f"{misses} 次连续未送达，自动切换", c.place == place,
        sa.or_(c.place_us.is_(None), c.place_us <= rested),
    )  # fmt: skip


def _switch(
    bus: "Bus", tx: Connection, interface: str, place: int, by: str, why: str,
    *where: sa.ColumnElement[bool],
) -> bool:  # fmt: skip
    now = bus.now(tx)
    moved = tx.execute(
        sa.update(channel)
        .where(channel.c.interface == interface, *where)
        .values(
            place=place, place_us=now, place_by=by, place_why=why[:200], misses=0, rest_until_us=0
        )
    ).rowcount
    if moved:
        tx.info[RING] = True
        back = _call_back(tx, interface, now)
        record(
            tx, act="bus.switch", actor=by, subject=f"channel:{interface}",
            detail=f"address {place}, called back {back}: {why}"[:400], count=back,
        )  # fmt: skip
        bus.switched(tx, interface)
    return bool(moved)


def call_back(bus: "Bus", tx: Connection, interface: str, since_us: int, now: int) -> int:
    """Repeats whose ground is older than the switch at ``since_us``: unknown again; how many.

    Those in flight at the switch that turned out not sent come back this way, when claimed."""
    back = _call_back(tx, interface, now, message.c.queued_us <= since_us)
    if back:
        bus.switched(tx, interface)
    return back


def _call_back(tx: Connection, interface: str, now: int, *where: sa.ColumnElement[bool]) -> int:
    return move(
        tx, S.UNKNOWN, message.c.interface == interface, DOUBTFUL, *where, now_us=now,
        start=CLAIMABLE,
    )  # fmt: skip


def let_go(bus: "Bus", tx: Connection, *where: sa.ColumnElement[bool]) -> int:
    """Parked repeats of channels that were ever switched are asked about before they are sent:
    unknown again; how many."""
    switched = sa.select(channel.c.interface).where(channel.c.place_us.is_not(None))
    here = (DOUBTFUL, message.c.interface.in_(switched), *where)
    found = message.c.state == S.PARKED.value
    names = set(tx.scalars(sa.select(message.c.interface).where(found, *here).distinct()))
    if not names:
        return 0
    back = move(tx, S.UNKNOWN, *here, now_us=bus.now(tx), start=(S.PARKED,), parked_by="")
    for name in sorted(names):
        bus.switched(tx, name)
    return back


def maybe_at(tx: Connection, message_ids: Sequence[int]) -> set[int]:
    """Where these messages may lie: the places of all attempts but those surely not sent."""
    query = (
        sa.select(attempt.c.place)
        .where(
            attempt.c.message_id.in_(list(message_ids)),
            attempt.c.verdict != Verdict.NOT_SENT.value,
        )
        .distinct()
    )
    return {int(place) for place in tx.scalars(query)}


def answered_at(tx: Connection, message_id: int) -> set[int]:
    """Where a message's calls were answered."""
    query = (
        sa.select(call.c.place)
        .where(call.c.message_id == message_id, call.c.outcome == CallOutcome.ANSWERED.value)
        .distinct()
    )
    return {int(place) for place in tx.scalars(query)}


def asked_enough(tx: Connection, about: int, interface: str, inquiry: Any) -> bool:
    """Whether an inquiry (``id``, ``created_us``) was made since the last switch, and answered at
    every address where the message ``about`` may lie, and at the one in use."""
    now = place_of(tx, interface)
    if now.since_us is None:
        return True
    needed = maybe_at(tx, [about]) | {now.place}
    return bool(inquiry.created_us >= now.since_us and needed <= answered_at(tx, inquiry.id))
