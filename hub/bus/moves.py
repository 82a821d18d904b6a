"""The one place where a message's state is written after its insert, and which moves there are.

Every move is a conditional update: what somebody else has moved on meanwhile stays as it is and
the count says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.tables import message
from hub.bus.words import CLAIMABLE, Cause, Effect, MessageState, Rung
from hub.store.prepared import Prepared

S = MessageState
FROM: dict[MessageState, frozenset[MessageState]] = {
    # UNKNOWN by rule 3's repeat; the others by a person's resend, unpark or resume.
    S.QUEUED: frozenset({S.UNKNOWN, S.PARKED, S.DEAD, S.DELIVERED, S.REJECTED}),
    S.IN_FLIGHT: frozenset(CLAIMABLE),
    # From DELIVERED, REJECTED and DEAD only inside the finishing transaction, when a handler
    # could not take the result in.
    S.WAITING: frozenset({S.IN_FLIGHT, S.DELIVERED, S.REJECTED, S.DEAD}),
    # From QUEUED, WAITING and PARKED when the channel goes over to another address: a repeat's
    # ground, what one side did not find, is none for the other.
    S.UNKNOWN: frozenset(
        {S.IN_FLIGHT, S.DELIVERED, S.REJECTED, S.DEAD, S.QUEUED, S.WAITING, S.PARKED}
    ),
    # Beside the attempt's end: settled by an inquiry, a result or a statement.
    S.DELIVERED: frozenset({S.IN_FLIGHT, S.UNKNOWN, S.QUEUED, S.WAITING, S.PARKED, S.DEAD}),
    S.REJECTED: frozenset({S.IN_FLIGHT, S.UNKNOWN, S.QUEUED, S.WAITING, S.PARKED, S.DEAD}),
    S.DEAD: frozenset({S.IN_FLIGHT, S.DELIVERED, S.REJECTED}),
    S.PARKED: frozenset(CLAIMABLE),
    S.CLOSED: frozenset({S.DEAD, S.PARKED}),
}
"""Outbound: to which state from which."""

_ENDED = frozenset({S.DELIVERED, S.REJECTED, S.DEAD, S.CLOSED})


def move(
    tx: Connection,
    to: MessageState,
    *where: sa.ColumnElement[bool],
    now_us: int,
    start: Iterable[MessageState] | None = None,
    ready_us: int | None = None,
    **values: Any,
) -> int:
    """Move the messages that ``where`` picks to a state; answers how many moved.

    ``start`` narrows the states to move from.  ``ready_us`` is for claimable states alone.
    """
    allowed = FROM[to] if start is None else FROM[to] & frozenset(start)
    fixed: dict[str, Any] = {
        "state": to.value,
        "ready_us": ready_us if to in CLAIMABLE else None,
        "ended_us": now_us if to in _ENDED else None,
    }
    if to is not S.IN_FLIGHT:
        fixed |= {"holder": None, "lease_until_us": None}
    statement = (
        sa.update(message)
        .where(message.c.state.in_([state.value for state in sorted(allowed)]), *where)
        .values(**fixed | values)
    )
    return tx.execute(statement).rowcount


_TAKE = Prepared(
    sa.update(message)
    .where(
        message.c.id == sa.bindparam("b_id"),
        sa.or_(*(message.c.state == state.value for state in sorted(FROM[S.IN_FLIGHT]))),
    )
    .values(
        state=S.IN_FLIGHT.value,
        ready_us=None,
        ended_us=None,
        epoch=message.c.epoch + 1,
        try_no=message.c.try_no + 1,
        tries=message.c.tries + 1,
        holder=sa.bindparam("b_holder"),
        lease_until_us=sa.bindparam("b_until_us"),
    )
)


def take_each(tx: Connection, message_ids: Sequence[int], holder: str, until_us: int) -> int:
    """Put messages in flight under a lease; answers how many moved."""
    return _TAKE.many(
        tx, [{"b_id": one, "b_holder": holder, "b_until_us": until_us} for one in message_ids]
    ).rowcount


_END_EACH = Prepared(
    sa.update(message)
    .where(
        message.c.id == sa.bindparam("b_id"),
        message.c.state == S.IN_FLIGHT.value,
        message.c.epoch == sa.bindparam("b_epoch"),
        message.c.holder == sa.bindparam("b_holder"),
    )
    .values(
        state=sa.bindparam("b_state"),
        rung=sa.bindparam("b_rung"),
        ready_us=sa.bindparam("b_ready_us"),
        ended_us=sa.bindparam("b_ended_us"),
        maybe_sent=sa.bindparam("b_maybe_sent"),
        error_code=sa.bindparam("b_error_code"),
        error_text=sa.bindparam("b_error_text"),
        holder=None,
        lease_until_us=None,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where an attempt's end moves its message, and the lease under which it may."""

    message_id: int
    epoch: int
    holder: str
    state: MessageState
    rung: Rung
    retry_us: int
    maybe_sent: bool
    error_code: str
    error_text: str


def end_each(tx: Connection, ends: Sequence[End], *, now_us: int) -> int:
    """Move messages out of flight, each under its own lease; answers how many moved."""
    rows = [
        {
            "b_id": end.message_id,
            "b_epoch": end.epoch,
            "b_holder": end.holder,
            "b_state": end.state.value,
            "b_rung": end.rung.value,
            "b_ready_us": end.retry_us if end.state in CLAIMABLE else None,
            "b_ended_us": now_us if end.state in _ENDED else None,
            "b_maybe_sent": int(end.maybe_sent),
            "b_error_code": end.error_code,
            "b_error_text": end.error_text[:200],
        }
        for end in ends
        if S.IN_FLIGHT in FROM[end.state]
    ]
    return _END_EACH.many(tx, rows).rowcount if rows else 0


def queue_again(
    tx: Connection,
    *where: sa.ColumnElement[bool],
    now_us: int,
    start: Iterable[MessageState],
    cause: Cause | None,
    actor: str = "",
    why: str = "",
) -> int:
    """Put messages back into the queue with a fresh ceiling; ``cause`` None keeps the old one."""
    order = (
        {}
        if cause is None
        else {"cause": cause.value, "ordered_by": actor, "ordered_why": why[:200]}
    )
    return move(
        tx,
        S.QUEUED,
        *where,
        now_us=now_us,
        start=start,
        ready_us=now_us,
        queued_us=now_us,
        tries=0,
        parked_by="",
        **order,
    )


HAS_EFFECT = message.c.effect != Effect.READ.value
"""Messages a stop switch holds back."""

RUNG_ORDER = tuple(Rung)
"""The ladder, lowest first."""
