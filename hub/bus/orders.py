"""What people and the machine's rules order of messages and channels: settle, repeat, stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.bus.intake import BY_THE_STOP, RING, ensure_channels
from hub.bus.moves import HAS_EFFECT, RUNG_ORDER, move, queue_again
from hub.bus.places import asked_enough, let_go
from hub.bus.tables import attempt, channel, message
from hub.bus.values import InquiryFirst, Message, WrongState
from hub.bus.words import Cause, Effect, MessageState, Rung, Verdict
from hub.kernel.errors import Refused

if TYPE_CHECKING:
    from hub.bus.bus import Bus

S = MessageState


class NotSettled(Refused):
    """A message is settled as delivered or as rejected, nothing else."""

    code = "bus.not_settled"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a stop did: ``in_flight`` had started before its commit and may still arrive."""

    parked: int
    in_flight: int


def settle(bus: "Bus", tx: Connection, message_id: int, verdict: Verdict, why: str) -> bool:
    """See Bus.settle."""
    ends = {Verdict.DELIVERED: S.DELIVERED, Verdict.REJECTED: S.REJECTED}
    if verdict not in ends:
        raise NotSettled(f"{verdict.value} settles nothing")
    climbed: dict[str, Any] = {"rung": Rung.RESULT.value} if verdict is Verdict.DELIVERED else {}
    moved = move(
        tx,
        ends[verdict],
        message.c.id == message_id,
        # A repeat that has not started is called back by what the inquiry found.
        sa.or_(message.c.state == S.UNKNOWN.value, message.c.maybe_sent == 1),
        now_us=bus.now(tx),
        start=(S.UNKNOWN, S.QUEUED, S.WAITING, S.PARKED, S.DEAD),
        **climbed,
    )
    if moved:
        _note(tx, "bus.settle", "hub", message_id, f"{verdict.value}: {why}")
    return bool(moved)


def adopt(bus: "Bus", tx: Connection, message_id: int, why: str) -> bool:
    """See Bus.adopt."""
    moved = move(
        tx,
        S.DELIVERED,
        message.c.id == message_id,
        now_us=bus.now(tx),
        start=(S.UNKNOWN, S.QUEUED, S.WAITING, S.PARKED, S.DEAD),
        maybe_sent=1,
    )
    if moved:
        _note(tx, "bus.adopt", "hub", message_id, why)
    return bool(moved)


def send_again(bus: "Bus", tx: Connection, message_id: int, why: str, asked_us: int | None) -> bool:
    """See Bus.send_again."""
    if asked_us is not None:
        since = (
            sa.select(channel.c.place_us)
            .join(message, message.c.interface == channel.c.interface)
            .where(message.c.id == message_id)
            .with_for_update(of=channel)  # a switch comes before this, or calls it back
        )
        if (tx.scalar(since) or 0) > asked_us:
            return False
    moved = queue_again(
        tx,
        message.c.id == message_id,
        now_us=bus.now(tx),
        start=(S.UNKNOWN,),
        cause=Cause.AGAIN,
        actor="hub",
        why=why,
    )
    if moved:
        tx.info[RING] = True
        _note(tx, "bus.send_again", "hub", message_id, why)
    return bool(moved)


def resend(
    bus: "Bus", tx: Connection, message_id: int, *, actor: str, reason: str, inquiry: int | None
) -> None:
    """See Bus.resend."""
    one = bus.message(tx, message_id)
    start = {S.UNKNOWN, S.DEAD, S.PARKED}
    if one.effect is Effect.MONEY:
        _demand_inquiry(bus, tx, one, inquiry)
    else:
        start |= {S.DELIVERED, S.REJECTED}
    moved = queue_again(
        tx,
        message.c.id == message_id,
        message.c.epoch == one.epoch,
        now_us=bus.now(tx),
        start=start,
        cause=Cause.RESEND,
        actor=actor,
        why=reason,
    )
    if not moved:
        raise WrongState(f"message {message_id} is {one.state.value}: it cannot be resent")
    tx.info[RING] = True
    _note(tx, "bus.resend", actor, message_id, reason, one=one)


def _demand_inquiry(bus: "Bus", tx: Connection, one: Message, inquiry: int | None) -> None:
    if one.state in (S.DELIVERED, S.REJECTED):
        raise WrongState(f"message {one.id} moved money or was refused: that takes a new item")
    if inquiry is None:
        raise InquiryFirst(f"message {one.id} moves money: name the inquiry that asked about it")
    asked = bus.message(tx, inquiry)
    last = tx.scalar(
        sa.select(sa.func.max(attempt.c.ended_us)).where(attempt.c.message_id == one.id)
    )
    grounded = not one.maybe_sent or asked_enough(tx, one.id, one.interface, asked)
    fits = (
        grounded
        and asked.interface == one.interface
        and asked.effect is Effect.READ
        and asked.state is S.DELIVERED
        and asked.created_us >= (last or 0)
    )
    if not fits:
        raise InquiryFirst(
            f"message {inquiry} is no answered inquiry at {one.interface} made since the last "
            f"attempt of message {one.id} ended, answered at every address where it may lie"
        )


def stop(bus: "Bus", tx: Connection, interface: str, actor: str, reason: str) -> Stopped:
    """See Bus.stop."""
    ensure_channels(tx, [interface])
    now = bus.now(tx)
    tx.execute(
        sa.update(channel)
        .where(channel.c.interface == interface)
        .values(stopped=1, stopped_us=now, stopped_by=actor, stopped_why=reason[:200])
    )
    parked = move(
        tx,
        S.PARKED,
        message.c.interface == interface,
        HAS_EFFECT,
        now_us=now,
        parked_by=BY_THE_STOP,
    )
    flying = tx.scalar(
        sa.select(sa.func.count())
        .select_from(message)
        .where(message.c.state == S.IN_FLIGHT.value, message.c.interface == interface, HAS_EFFECT)
    )
    record(
        tx,
        act="bus.stop",
        actor=actor,
        subject=f"channel:{interface}",
        detail=f"parked {parked}, in flight {flying}: {reason}"[:400],
        count=parked,
    )
    return Stopped(parked, int(flying or 0))


def resume(bus: "Bus", tx: Connection, interface: str, actor: str, reason: str) -> int:
    """See Bus.resume."""
    ensure_channels(tx, [interface])
    tx.execute(
        sa.update(channel)
        .where(channel.c.interface == interface)
        .values(stopped=0, stopped_us=None, stopped_by="", stopped_why="")
    )
    back = let_go(bus, tx, message.c.interface == interface, message.c.parked_by == BY_THE_STOP)
    freed = queue_again(
        tx,
        message.c.interface == interface,
        message.c.parked_by == BY_THE_STOP,
        now_us=bus.now(tx),
        start=(S.PARKED,),
        cause=None,
    )
    tx.info[RING] = True
    record(
        tx,
        act="bus.resume",
        actor=actor,
        subject=f"channel:{interface}",
        detail=f"queued again {freed}, to be asked about {back}: {reason}"[:400],
        count=freed,
    )
    return freed


def stopped(tx: Connection, interface: str) -> bool:
    """See Bus.stopped."""
    found = tx.scalar(sa.select(channel.c.stopped).where(channel.c.interface == interface))
    return bool(found)


def park(bus: "Bus", tx: Connection, message_id: int, actor: str, reason: str) -> bool:
    """See Bus.park."""
    now = bus.now(tx)
    moved = move(tx, S.PARKED, message.c.id == message_id, now_us=now, parked_by=actor)
    if not moved:
        # One that the stopped channel holds is taken over, so that a resume leaves it alone.
        moved = tx.execute(
            sa.update(message)
            .where(
                message.c.id == message_id,
                message.c.state == S.PARKED.value,
                message.c.parked_by == BY_THE_STOP,
            )
            .values(parked_by=actor)
        ).rowcount
    if moved:
        _note(tx, "bus.park", actor, message_id, reason)
    return bool(moved)


def unpark(bus: "Bus", tx: Connection, message_id: int, actor: str, reason: str) -> bool:
    """See Bus.unpark."""
    moved = let_go(bus, tx, message.c.id == message_id) or queue_again(
        tx,
        message.c.id == message_id,
        now_us=bus.now(tx),
        start=(S.PARKED,),
        cause=None,
    )
    if moved:
        tx.info[RING] = True
        _note(tx, "bus.unpark", actor, message_id, reason)
    return bool(moved)


def close_dead(bus: "Bus", tx: Connection, message_id: int, actor: str, reason: str) -> bool:
    """See Bus.close_dead."""
    moved = move(tx, S.CLOSED, message.c.id == message_id, now_us=bus.now(tx), start=(S.DEAD,))
    if moved:
        _note(tx, "bus.close_dead", actor, message_id, reason)
    return bool(moved)


def cancel(bus: "Bus", tx: Connection, message_id: int, actor: str, reason: str) -> bool:
    """See Bus.cancel."""
    moved = move(
        tx,
        S.CLOSED,
        message.c.id == message_id,
        message.c.maybe_sent == 0,
        now_us=bus.now(tx),
    )
    if moved:
        _note(tx, "bus.cancel", actor, message_id, reason)
    return bool(moved)


def climb(tx: Connection, message_ids: Sequence[int], rung: Rung) -> int:
    """See Bus.climb."""
    lower = [below.value for below in RUNG_ORDER[: RUNG_ORDER.index(rung)]]
    raised = 0
    for start in range(0, len(message_ids), 500):
        raised += tx.execute(
            sa.update(message)
            .where(
                message.c.id.in_(list(message_ids[start : start + 500])),
                message.c.rung.in_(lower),
            )
            .values(rung=rung.value)
        ).rowcount
    return raised


def _note(
    tx: Connection, act: str, actor: str, message_id: int, why: str, *, one: Message | None = None
) -> None:
    record(
        tx,
        act=act,
        actor=actor,
        subject=f"message:{message_id}",
        detail=why[:400],
        count=one.items if one else 0,
        fen=one.fen if one else 0,
    )
