"""The end of an attempt: what it did to the message, and its evidence.

The message moves, the handler takes the result in, attempt, calls, drifts and the audit entry
are written: all in one transaction, or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from msgspec import structs
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from hub.bus import evidence
from hub.bus.attempts import Outcome, next_state
from hub.bus.moves import End, end_each, move
from hub.bus.places import switch_by_itself
from hub.bus.tables import channel, message
from hub.bus.values import Claim, Handler, LeaseLost, Message
from hub.bus.words import Effect, MessageState, Rung, Verdict
from hub.wire.recorder import CallOutcome

if TYPE_CHECKING:
    from hub.bus.bus import Bus

log = structlog.get_logger(__name__)
S = MessageState
_TOLD = (S.DELIVERED, S.REJECTED, S.DEAD)
"""States a handler is told of; when it cannot take that in, the message goes on instead."""


class NotTakenIn(Exception):
    """The handler could not even be told that the outcome is unknown: nothing may be moved."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One attempt to be finished, and the handler of its kind."""

    claim: Claim
    outcome: Outcome
    handler: Handler


class NotTogether(Exception):
    """A group cannot be finished as one: each has to be finished by itself."""


def finish(
    bus: "Bus", tx: Connection, claim: Claim, outcome: Outcome, handler: Handler
) -> MessageState:
    """See Bus.finish."""
    now = bus.now(tx)
    after = _after(bus, claim, outcome, now)
    if not end_each(tx, [_end(bus, claim, after, now)], now_us=now):
        raise LeaseLost(
            f"the lease on message {after.id} (epoch {claim.message.epoch}) is not ours"
        )
    state = after.state
    trouble = tell(tx, handler, after, outcome)
    if trouble is not None:
        outcome = _kept(outcome, trouble)
        state = _instead(bus, tx, handler, after, outcome=outcome, now=now)
    evidence.store(bus, tx, [(claim, outcome)], now_us=now)
    _channels(bus, tx, [(claim, outcome)], now)
    return state


def finish_together(bus: "Bus", tx: Connection, endings: Sequence[Ending]) -> None:
    """Finish many in a few statements.  Raises NotTogether when one of them is not plain:
    a lease that was lost, a handler that raises; then nothing of this transaction may stay.
    """
    now = bus.now(tx)
    moved = [_after(bus, one.claim, one.outcome, now) for one in endings]
    ends = [_end(bus, one.claim, after, now) for one, after in zip(endings, moved, strict=True)]
    if end_each(tx, ends, now_us=now) != len(endings):
        raise NotTogether("a lease was lost")
    for one, after in zip(endings, moved, strict=True):
        try:
            _tell(tx, one.handler, after, one.outcome)
        except OperationalError:
            raise
        except Exception as error:
            raise NotTogether(f"message {after.id}: {type(error).__name__}") from error
    pairs = [(one.claim, one.outcome) for one in endings]
    evidence.store(bus, tx, pairs, now_us=now)
    _channels(bus, tx, pairs, now)


def _after(bus: "Bus", claim: Claim, outcome: Outcome, now: int) -> Message:
    """The message as this attempt's end makes it."""
    before = claim.message
    state = next_state(
        before,
        outcome.verdict,
        bus.policy(before.interface),
        maybe_sent=outcome.maybe_sent,
        now_us=now,
    )
    return structs.replace(
        before,
        state=state,
        rung=Rung.ACCEPTED if state is S.DELIVERED else before.rung,
        maybe_sent=before.maybe_sent or outcome.maybe_sent,
        error_code=outcome.error_code,
        error_text=outcome.error_text[:200],
    )


def _end(bus: "Bus", claim: Claim, after: Message, now: int) -> End:
    return End(
        message_id=after.id,
        epoch=claim.message.epoch,
        holder=claim.holder,
        state=after.state,
        rung=after.rung,
        retry_us=now + bus.policy(after.interface).retry_us(after.tries),
        maybe_sent=after.maybe_sent,
        error_code=after.error_code,
        error_text=after.error_text,
    )


def tell(tx: Connection, handler: Handler, one: Message, outcome: Outcome) -> Exception | None:
    """Tell the handler what became of its message; an error of its own undoes what it did."""
    try:
        with tx.begin_nested():
            _tell(tx, handler, one, outcome)
    except OperationalError:
        raise  # the database's trouble (away, deadlock), not the handler's: all is tried again
    except Exception as error:
        log.exception("bus.handler_failed", message=one.id, kind=one.kind, state=one.state.value)
        return error
    return None


def _tell(tx: Connection, handler: Handler, one: Message, outcome: Outcome) -> None:
    match one.state:
        case S.DELIVERED:
            handler.apply(tx, one, outcome.result)
        case S.REJECTED if outcome.refusal is not None:
            handler.refused(tx, one, outcome.refusal)
        case S.UNKNOWN:
            handler.unknown(tx, one)
        case S.DEAD:
            handler.died(tx, one)
        case _:
            pass


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
            maybe_sent=int(one.maybe_sent or state is S.UNKNOWN),
            error_code=outcome.error_code,
            error_text=outcome.error_text[:200],
        )
        if moved and tell(tx, handler, structs.replace(one, state=state), outcome) is None:
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


def _of_another(claim: Claim, outcome: Outcome) -> bool:
    """Whether what was heard or missed is of another address: it tells nothing of the one in
    use."""
    calls = outcome.calls
    if outcome.unreachable:
        return bool(calls) and calls[-1].place != claim.place
    here = [one for one in calls if one.place == claim.place]
    away = all(one.outcome is CallOutcome.NOT_SENT for one in here)
    return away and len(here) < len(calls)


def _channels(bus: "Bus", tx: Connection, pairs: Sequence[tuple[Claim, Outcome]], now: int) -> None:
    """An unreachable partner rests the whole channel; an answer ends the rest."""
    seen: dict[str, tuple[bool, int]] = {}
    at: dict[str, int] = {}
    for claim, outcome in pairs:
        if _of_another(claim, outcome):
            continue
        name = claim.message.interface
        at[name] = max(at.get(name, 0), claim.place)
        away, misses = seen.get(name, (True, 0))
        seen[name] = (away and outcome.unreachable, max(misses, claim.channel_misses))
    for name, (away, misses) in sorted(seen.items()):
        here = channel.c.interface == name
        if away:
            rest = bus.policy(name).rest_us(misses + 1)
            values = {"misses": misses + 1, "rest_until_us": now + rest}
            tx.execute(sa.update(channel).where(here, channel.c.place == at[name]).values(**values))
            switch_by_itself(bus, tx, name, at[name], misses + 1, now)
        elif misses:
            tx.execute(sa.update(channel).where(here).values(misses=0, rest_until_us=0))
