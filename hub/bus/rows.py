"""Rows of bus_message as values."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.bus.tables import message
from hub.bus.values import Message
from hub.bus.words import Cause, Effect, MessageState, Rung

HEAD = tuple(column for column in message.c if column.name not in {"payload", "key_id"})
"""Everything but the payload."""

_EFFECTS = {one.value: one for one in Effect}
_RUNGS = {one.value: one for one in Rung}
_CAUSES = {one.value: one for one in Cause}


def to_message(row: sa.Row[Any]) -> Message:
    """One row (``HEAD`` or more) as a value."""
    return _message(row, MessageState(row.state), 0, row.ready_us)


def claimed(row: Sequence[Any]) -> Message:
    """The message as its claim makes it: in flight, one epoch and one try further.  ``row``
    begins with ``HEAD``."""
    return _message(row, MessageState.IN_FLIGHT, 1, None)


def _message(row: Sequence[Any], state: MessageState, more: int, ready_us: int | None) -> Message:
    # By place: to look up two dozen names in a row takes longer than to store it.
    (
        number, interface, kind, key, effect, _, rung, group, subject, month, version, items, fen,
        endless, try_no, tries, epoch, maybe_sent, cause, _, _, _, created_us, queued_us, _, _, _,
        _, error_code, error_text,
    ) = row[: len(HEAD)]  # fmt: skip
    return Message(
        id=number,
        interface=interface,
        kind=kind,
        key=key,
        effect=_EFFECTS[effect],
        state=state,
        rung=_RUNGS[rung],
        group=group,
        subject=subject,
        month=month,
        contract_version=version,
        items=items,
        fen=fen,
        endless=bool(endless),
        try_no=try_no + more,
        tries=tries + more,
        epoch=epoch + more,
        maybe_sent=bool(maybe_sent),
        cause=_CAUSES[cause],
        created_us=created_us,
        queued_us=queued_us,
        ready_us=ready_us,
        error_code=error_code,
        error_text=error_text,
    )
