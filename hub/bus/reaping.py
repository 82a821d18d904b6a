"""The reaper's work: messages in flight whose worker is gone.

Nobody can know afterwards whether a dead worker's effect call had begun, so money becomes
unknown, and is never sent again by this; reads and commands wait for their repeat.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from msgspec import structs
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.bus.attempts import Outcome, next_state
from hub.bus.finishing import NotTakenIn, tell
from hub.bus.holder import surely_dead
from hub.bus.moves import move
from hub.bus.rows import HEAD, to_message
from hub.bus.tables import attempt, message
from hub.bus.values import Handler, Message
from hub.bus.words import Effect, MessageState, Verdict

if TYPE_CHECKING:
    from hub.bus.bus import Bus

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stranded:
    """A message in flight with nobody to finish it."""

    message: Message
    holder: str
    why: str


def stranded(bus: "Bus", tx: Connection) -> list[Stranded]:
    """Those whose lease is over by the database's time, or whose process is provably dead."""
    now = bus.now(tx)
    rows = tx.execute(sa.select(*HEAD).where(message.c.state == MessageState.IN_FLIGHT.value)).all()
    dead = {holder: surely_dead(holder) for holder in {row.holder for row in rows}}
    return [
        Stranded(to_message(row), row.holder, "its process died" if dead[row.holder] else "late")
        for row in rows
        if dead[row.holder] or row.lease_until_us < now
    ]


def reap(bus: "Bus", tx: Connection, handlers: Mapping[str, Handler]) -> int:
    """See Bus.reap."""
    taken = 0
    for one in stranded(bus, tx):
        handler = handlers.get(one.message.kind)
        if handler is None:
            log.error("bus.no_handler", message=one.message.id, kind=one.message.kind)
            continue
        try:
            with tx.begin_nested():
                taken += _take_back(bus, tx, one, handler)
        except NotTakenIn as error:
            log.error("bus.not_reaped", message=one.message.id, why=str(error))
    return taken


def _take_back(bus: "Bus", tx: Connection, one: Stranded, handler: Handler) -> int:
    now = bus.now(tx)
    before = one.message
    text = "the worker's process died in flight" if one.why != "late" else "the lease ran out"
    maybe_sent = before.effect is not Effect.READ
    state = next_state(
        before, Verdict.UNKNOWN, bus.policy(before.interface), maybe_sent=maybe_sent, now_us=now
    )
    moved = move(
        tx,
        state,
        message.c.id == before.id,
        message.c.epoch == before.epoch,
        message.c.holder == one.holder,
        now_us=now,
        start=(MessageState.IN_FLIGHT,),
        ready_us=now + bus.policy(before.interface).retry_us(before.tries),
        # Whoever still believes to hold it finds another epoch.
        epoch=message.c.epoch + 1,
        maybe_sent=int(maybe_sent),
        error_code="bus.reaped",
        error_text=text,
    )
    if not moved:
        return 0
    after = structs.replace(before, state=state, maybe_sent=maybe_sent, error_code="bus.reaped")
    if tell(tx, handler, after, Outcome(verdict=Verdict.UNKNOWN)) is not None:
        raise NotTakenIn(f"its handler could not be told that it is {state.value}")
    tx.execute(
        sa.update(attempt)
        .where(attempt.c.message_id == before.id, attempt.c.try_no == before.try_no)
        .values(
            ended_us=now,
            verdict=Verdict.UNKNOWN.value,
            error_code="bus.reaped",
            error_text=text,
        )
    )
    record(
        tx,
        act="bus.reap",
        actor="hub",
        subject=f"message:{before.id}",
        detail=f"{before.kind} attempt {before.try_no}: {text}, now {state.value}",
        count=before.items,
        fen=before.fen,
    )
    return 1
