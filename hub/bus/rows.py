"""Rows of bus_message as values."""

from typing import Any

import sqlalchemy as sa

from hub.bus.tables import message
from hub.bus.values import Message
from hub.bus.words import Cause, Effect, MessageState, Rung

HEAD = tuple(column for column in message.c if column.name not in {"payload", "key_id"})
"""Everything but the payload."""


def to_message(row: sa.Row[Any]) -> Message:
    """One row (``HEAD`` or more) as a value."""
    return _message(row, MessageState(row.state), 0, row.ready_us)


def claimed(row: sa.Row[Any]) -> Message:
    """The message as its claim makes it: in flight, one epoch and one try further."""
    return _message(row, MessageState.IN_FLIGHT, 1, None)


def _message(row: sa.Row[Any], state: MessageState, more: int, ready_us: int | None) -> Message:
    return Message(
        id=row.id,
        interface=row.interface,
        kind=row.kind,
        key=row.msg_key,
        effect=Effect(row.effect),
        state=state,
        rung=Rung(row.rung),
        group=row.msg_group,
        subject=row.subject,
        month=row.vault_month,
        contract_version=row.contract_version,
        items=row.items,
        fen=row.fen,
        endless=bool(row.endless),
        try_no=row.try_no + more,
        tries=row.tries + more,
        epoch=row.epoch + more,
        maybe_sent=bool(row.maybe_sent),
        cause=Cause(row.cause),
        created_us=row.created_us,
        queued_us=row.queued_us,
        ready_us=ready_us,
        error_code=row.error_code,
        error_text=row.error_text,
    )
