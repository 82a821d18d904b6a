"""The end of an attempt: what it did to the message, and its evidence.

The message moves, the handler takes the result in, attempt, calls, drifts and the audit entry
are written: all in one transaction, or nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from hub.bus import evidence
from hub.bus.attempts import Outcome, next_state
from hub.bus.leases import held
from hub.bus.moves import move
from hub.bus.tables import channel, message
from hub.bus.values import Claim, Handler, LeaseLost, Message
from hub.bus.words import Effect, MessageState, Rung, Verdict

if TYPE_CHECKING:
    from hub.bus.bus import Bus

log = structlog.get_logger(__name__)
S = MessageState
_TOLD = (S.DELIVERED, S.REJECTED, S.DEAD)
"""States a handler is told of; when it cannot take that in, the message goes on instead."""


class NotTakenIn(Exception):
    """The handler could not even be told that the outcome is unknown: nothing may be moved."""


def finish(
    bus: "Bus", tx: Connection, claim: Claim, outcome: Outcome, handler: Handler
) -> MessageState:
    """See Bus.finish."""
    now = bus.now(tx)
    before = claim.message
    state = next_state(
        before,
        outcome.verdict,
        bus.policy(before.interface),
        maybe_sent=outcome.maybe_sent,
        now_us=now,
    )
    maybe_sent = before.maybe_sent or outcome.maybe_sent
    if not move(
        tx,
        state,
        *held(claim),
        **_values(bus, before, outcome, state, now=now, maybe_sent=maybe_sent),
    ):
        raise LeaseLost(f"the lease on message {before.id} (epoch {before.epoch}) is not ours")
    after = replace(
        before,
        state=state,
        maybe_sent=maybe_sent,
        error_code=outcome.error_code,
        error_text=outcome.error_text[:200],
    )
    trouble = tell(tx, handler, after, outcome)
    if trouble is not None:
        outcome = _kept(outcome, trouble)
        state = _instead(bus, tx, handler, after, outcome=outcome, now=now)
    evidence.store(bus, tx, claim, outcome, now_us=now)
    _channel(bus, tx, claim, outcome, now)
    return state


def tell(tx: Connection, handler: Handler, one: Message, outcome: Outcome) -> Exception | None:
    """Tell the handler what became of its message; an error of its own undoes what it did."""
    match one.state:
        case S.DELIVERED:
            return _guard(tx, one, lambda: handler.apply(tx, one, outcome.result))
        case S.REJECTED if outcome.refusal is not None:
            refusal = outcome.refusal
            return _guard(tx, one, lambda: handler.refused(tx, one, refusal))
        case S.UNKNOWN:
            return _guard(tx, one, lambda: handler.unknown(tx, one))
        case S.DEAD:
            return _guard(tx, one, lambda: handler.died(tx, one))
        case _:
            return None


def _guard(tx: Connection, one: Message, act: Callable[[], None]) -> Exception | None:
    try:
        with tx.begin_nested():
            act()
    except OperationalError:
        raise  # the database's trouble (away, deadlock), not the handler's: all is tried again
    except Exception as error:
        log.exception("bus.handler_failed", message=one.id, kind=one.kind, state=one.state.value)
        return error
    return None


def _instead(
    bus: "Bus", tx: Connection, handler: Handler, one: Message, *, outcome: Outcome, now: int
) -> MessageState:
    """Where a message goes whose result its handler could not take in.

    Never silently delivered: money ends unknown, so that an inquiry brings the result again;
    what may be repeated waits for its repeat.
    """
    for state in _ways_on(bus, one, now):
        moved = move(
            tx,
            state,
            message.c.id == one.id,
            message.c.epoch == one.epoch,
            now_us=now,
            start=(*_TOLD, S.WAITING),
            ready_us=now + bus.policy(one.interface).retry_us(one.tries),
            rung=Rung.NONE.value,
            error_code=outcome.error_code,
            error_text=outcome.error_text[:200],
        )
        if moved and tell(tx, handler, replace(one, state=state), outcome) is None:
            return state
    raise NotTakenIn(f"message {one.id}: its handler can be told nothing, not even unknown")


def _ways_on(bus: "Bus", one: Message, now: int) -> tuple[MessageState, ...]:
    """Where to go instead, best first; empty when there is nothing left."""
    if one.state is S.UNKNOWN:
        return ()
    if one.effect is Effect.MONEY and (one.maybe_sent or one.state is not S.DEAD):
        return (S.UNKNOWN,)
    if one.state is S.DEAD:
        return (S.WAITING,)
    state = next_state(
        one, Verdict.UNKNOWN, bus.policy(one.interface), maybe_sent=False, now_us=now
    )
    return (state,) if state is S.WAITING else (state, S.WAITING)


def _kept(outcome: Outcome, trouble: Exception) -> Outcome:
    """The attempt's end as it goes into the record: its result came, and was not taken in."""
    verdict = outcome.verdict.value
    return replace(
        outcome,
        verdict=Verdict.UNKNOWN if outcome.verdict is Verdict.DELIVERED else outcome.verdict,
        error_code="bus.not_applied",
        error_text=f"{verdict}, but not taken in: {type(trouble).__name__} (see log)",
    )


def _values(
    bus: "Bus", one: Message, outcome: Outcome, state: MessageState, *, now: int, maybe_sent: bool
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "now_us": now,
        "maybe_sent": int(maybe_sent),
        "error_code": outcome.error_code,
        "error_text": outcome.error_text[:200],
    }
    if state is S.WAITING:
        values["ready_us"] = now + bus.policy(one.interface).retry_us(one.tries)
    if state is S.DELIVERED:
        values["rung"] = Rung.ACCEPTED.value
    return values


def _channel(bus: "Bus", tx: Connection, claim: Claim, outcome: Outcome, now: int) -> None:
    """An unreachable partner rests the whole channel; an answer ends the rest."""
    here = channel.c.interface == claim.message.interface
    if outcome.unreachable:
        misses = claim.channel_misses + 1
        rest = bus.policy(claim.message.interface).rest_us(misses)
        tx.execute(sa.update(channel).where(here).values(misses=misses, rest_until_us=now + rest))
    elif claim.channel_misses:
        tx.execute(sa.update(channel).where(here).values(misses=0, rest_until_us=0))
