"""The one place where a message's state is written after its insert, and which moves there are.

Every move is a conditional update: what somebody else has moved on meanwhile stays as it is and
the count says so.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.tables import message
from hub.bus.words import CLAIMABLE, Cause, Effect, MessageState, Rung

S = MessageState
FROM: dict[MessageState, frozenset[MessageState]] = {
    # UNKNOWN by rule 3's repeat; the others by a person's resend, unpark or resume.
    S.QUEUED: frozenset({S.UNKNOWN, S.PARKED, S.DEAD, S.DELIVERED, S.REJECTED}),
    S.IN_FLIGHT: frozenset(CLAIMABLE),
    # From DELIVERED, REJECTED and DEAD only inside the finishing transaction, when a handler
    # could not take the result in.
    S.WAITING: frozenset({S.IN_FLIGHT, S.DELIVERED, S.REJECTED, S.DEAD}),
    S.UNKNOWN: frozenset({S.IN_FLIGHT, S.DELIVERED, S.REJECTED, S.DEAD}),
    # Beside the attempt's end: settled by an inquiry, a result or a statement.
    S.DELIVERED: frozenset({S.IN_FLIGHT, S.UNKNOWN, S.QUEUED, S.WAITING, S.PARKED, S.DEAD}),
    S.REJECTED: frozenset({S.IN_FLIGHT, S.UNKNOWN, S.QUEUED, S.WAITING, S.PARKED, S.DEAD}),
    S.DEAD: frozenset({S.IN_FLIGHT, S.DELIVERED, S.REJECTED}),
    S.PARKED: frozenset(CLAIMABLE),
    S.CLOSED: frozenset({S.DEAD}),
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
