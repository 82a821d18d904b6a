"""Asking on a person's order what became of one batch, at once and beside the inquiries that come
of themselves; and whether such an answer is there, fresh enough to resend on.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Bus, Message
from hub.bus.places import asked_enough, maybe_at
from hub.bus.tables import attempt, message
from hub.bus.words import MessageState
from hub.kernel.errors import NotFound
from hub.kernel.periods import Period
from hub.offset.inquiry import INQUIRY, RESULTS
from hub.offset.instruct import NEVER_US
from hub.offset.letters import InquiryAsk, pack
from hub.offset.office import Office
from hub.offset.tables import batch, item, run
from hub.offset.words import ItemState
from hub.store import database_now_us

_MAY_MOVE = (ItemState.HELD.value, ItemState.INSTRUCTED.value, ItemState.UNKNOWN.value)
_GOING = (MessageState.QUEUED, MessageState.WAITING, MessageState.IN_FLIGHT)


class NotAboutABatch(NotFound):
    """Only a message that carries a batch of instructions can be asked about."""

    code = "offset.no_batch_of_message"
    hint = "Commands to the core are settled by the same again, readings are made anew."


def batch_of(tx: Connection, number: int, *, lock: bool = False) -> sa.Row[Any] | None:
    """The batch a message carries, None for any other message."""
    query = sa.select(batch, run.c.period).join(run, run.c.id == batch.c.run_id)
    key = sa.select(message.c.msg_key).where(message.c.id == number).scalar_subquery()
    query = query.where(batch.c.number == key, batch.c.message_id == number)
    return tx.execute(query.with_for_update(of=batch) if lock else query).one_or_none()


def ask_about_batch(tx: Connection, office: Office, number: int) -> list[int]:
    """Ask the bank now about every row of a message's batch that is not final; the inquiries.

    An inquiry that is already on its way is the answer to the order: it is not doubled.  Raises
    NotAboutABatch.
    """
    found = batch_of(tx, number, lock=True)
    if found is None:
        raise NotAboutABatch(f"message {number} carries no batch of instructions")
    going = open_inquiries(tx, office.bus, number)
    if going:
        return [one.id for one in going]
    rows = list(
        tx.scalars(
            sa.select(item.c.number)
            .where(item.c.batch == found.number, item.c.state.in_(_MAY_MOVE))
            .order_by(item.c.row_no)
        )
    )
    seat, asks = office.seat(found.bank), found.asks + 1
    limit = seat.port.inquiry_limit
    parts = [rows[start : start + limit] for start in range(0, len(rows), limit)]
    places = sorted(maybe_at(tx, [number]))
    numbers = [
        office.to_bank(
            tx, found.bank, INQUIRY, f"{found.number}:{asks}:{place}",
            pack(InquiryAsk(found.number, part, places)), period=Period.parse(found.period),
            subject=f"查证 批次 {found.number}", items=len(part), endless=True,
        )
        for place, part in enumerate(parts)
    ]  # fmt: skip
    tx.execute(
        sa.update(batch)
        .where(batch.c.number == found.number)
        .values(asks=asks, asks_open=batch.c.asks_open + len(parts), next_ask_us=NEVER_US)
    )
    return numbers


def open_inquiries(tx: Connection, bus: Bus, number: int) -> list[Message]:
    """Inquiries about a message's batch that are not answered yet, made since its last attempt."""
    return [one for one in _inquiries(tx, bus, number) if one.state in _GOING]


def answered_inquiry(tx: Connection, bus: Bus, number: int) -> int | None:
    """The last inquiry about a message's batch, if it was made since the last attempt and all its
    parts are answered, at every address where the batch may lie; None otherwise."""
    found = _inquiries(tx, bus, number)
    if not found:
        return None
    last = found[0].key.rpartition(":")[0]
    parts = [one for one in found if one.key.rpartition(":")[0] == last]
    if any(one.state is not MessageState.DELIVERED for one in parts):
        return None
    asked = bus.message(tx, number)
    if asked.maybe_sent and not all(
        asked_enough(tx, number, asked.interface, one) for one in parts
    ):
        return None
    return parts[0].id


def _inquiries(tx: Connection, bus: Bus, number: int) -> list[Message]:
    """Questions about a message's batch since its last attempt ended, newest first."""
    one = bus.message(tx, number)
    ended = sa.select(sa.func.max(attempt.c.ended_us)).where(attempt.c.message_id == number)
    since = tx.scalar(ended) or 0
    query = (
        sa.select(message.c.id)
        .where(message.c.interface == one.interface, message.c.kind.in_([RESULTS, INQUIRY]))
        # Between "number:" and "number;" lie the keys that begin so, and an index finds them.
        .where(message.c.msg_key >= f"{one.key}:", message.c.msg_key < f"{one.key};")
        .where(message.c.created_us >= since)
        .order_by(message.c.id.desc())
    )
    return [bus.message(tx, found) for found in tx.scalars(query)]


def ripe_in_s(tx: Connection, office: Office, found: sa.Row[Any]) -> int:
    """Seconds until a batch that may have been sent could no longer be under way; 0 when so."""
    if found.unknown_us is None:
        return 0
    ripe_us = found.unknown_us + int(office.seat(found.bank).port.settle_after_s * 1_000_000)
    return int(max(0, -((database_now_us(tx) - ripe_us) // 1_000_000)))


def states_of(tx: Connection, number: str) -> dict[str, int]:
    """How many rows of a batch stand in which state."""
    query = (
        sa.select(item.c.state, sa.func.count())
        .where(item.c.batch == number)
        .group_by(item.c.state)
    )
    return {str(state): int(count) for state, count in tx.execute(query)}
