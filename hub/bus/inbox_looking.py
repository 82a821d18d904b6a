"""What came in as operators look at it: a list by keyset that stays fast, and one message.

The list is newest first.  Each pair of state and interface lies in the order of its numbers in one
index; a page is the newest of the pairs that are asked for, so no filter runs over the table.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.instants import NumberAt, window
from hub.bus.tables import inbound
from hub.bus.values import NoSuchMessage
from hub.bus.words import MessageState

STATES = tuple(
    state.value
    for state in (
        MessageState.RECEIVED, MessageState.ACCEPTED, MessageState.REFUSED, MessageState.HANDLED,
    )
)  # fmt: skip
_LONGEST_ID = 18
_TOP = "\U0010ffff"
_SEALED = {"body", "key_id", "answer", "answer_key", "raw", "raw_key", "vault_month"}
_HEAD = [column for column in inbound.c if column.name not in _SEALED]
_NUMBERS = NumberAt(inbound.c.id, inbound.c.received_us)


@dataclass(frozen=True, slots=True)
class InboundFilter:
    """What to list; empty is anything.  ``text``: our number, or how the sender's begins.
    ``since_us`` and ``until_us`` in µs UTC of the database's clock."""

    interface: str = ""
    state: str = ""
    text: str = ""
    since_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class InboundSeen:
    """One message that came in.  ``repeats``: how often the same came again, ``conflicts``: how
    often its id came with something else.  ``answer_code``: our word; ``why``: of a refusal."""

    id: int
    interface: str
    kind: str
    sender_id: str
    state: str
    received_us: int
    answered_us: int | None
    handled_us: int | None
    repeats: int
    conflicts: int
    answer_code: str
    why: str
    contract_version: str


@dataclass(frozen=True, slots=True)
class InboundPage:
    """Newest first; ``older``: give this as ``before`` to go on, None at the end."""

    rows: tuple[InboundSeen, ...]
    older: int | None


def list_inbound(
    tx: Connection, wanted: InboundFilter, interfaces: Collection[str], *,
    before: int | None = None, size: int = 50,
) -> InboundPage:  # fmt: skip
    """One page of messages with numbers below ``before``; ``interfaces`` are those there are."""
    low, high = window(_NUMBERS, tx, wanted.since_us, wanted.until_us)
    here = [inbound.c.id >= low, *_moments(wanted)]
    here += [inbound.c.id < top for top in (before, high) if top is not None]
    if wanted.text.strip():
        here.append(_by_text(tx, wanted.text.strip(), interfaces))
    elif not (wanted.interface or wanted.state):
        return _page(_newest(tx, here, size), size)
    elif not wanted.text:
        return _page(list(_by_pairs(tx, wanted, interfaces, here, size)), size)
    for column, value in (
        (inbound.c.interface, wanted.interface), (inbound.c.state, wanted.state)
    ):  # fmt: skip
        here += [column == value] if value else []
    return _page(_newest(tx, here, size), size)


def see_inbound(tx: Connection, number: int) -> InboundSeen:
    """Raises NoSuchMessage."""
    row = tx.execute(sa.select(*_HEAD).where(inbound.c.id == number)).one_or_none()
    if row is None:
        raise NoSuchMessage(f"there is no inbound message {number}")
    return _seen(row)


def _by_pairs(
    tx: Connection, wanted: InboundFilter, interfaces: Collection[str],
    here: list[sa.ColumnElement[bool]], size: int,
) -> list[InboundSeen]:  # fmt: skip
    """The newest of each pair of state and interface, along the index (state, interface, id)."""
    rows: list[InboundSeen] = []
    for state in [wanted.state] if wanted.state else STATES:
        for interface in [wanted.interface] if wanted.interface else sorted(interfaces):
            pair = [inbound.c.state == state, inbound.c.interface == interface]
            rows += _newest(tx, [*pair, *here], size)
    return sorted(rows, key=lambda one: -one.id)


def _by_text(
    tx: Connection, text: str, interfaces: Collection[str]
) -> sa.ColumnElement[bool]:  # fmt: skip
    """Our number, or the beginning of the sender's, through the unique index."""
    begins = (
        sa.select(inbound.c.id)
        .where(inbound.c.interface.in_(sorted(interfaces)))
        .where(inbound.c.kind.in_(_kinds(tx, interfaces)))
        .where(inbound.c.sender_id >= text, inbound.c.sender_id < text + _TOP)
        .limit(_MOST)
    )
    numbers = list(tx.scalars(begins))
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID:
        numbers.append(int(text))
    return inbound.c.id.in_(numbers)


_MOST = 1000
"""Most messages one text finds."""


def _kinds(tx: Connection, interfaces: Collection[str]) -> list[str]:
    """The kinds there are, by hopping along the unique index."""
    found: set[str] = set()
    for interface in sorted(interfaces):
        last: str | None = ""
        while last is not None:
            last = tx.scalar(
                sa.select(sa.func.min(inbound.c.kind)).where(
                    inbound.c.interface == interface, inbound.c.kind > last
                )
            )
            found |= {last} if last is not None else set()
    return sorted(found)


def _moments(wanted: InboundFilter) -> list[sa.ColumnElement[bool]]:
    moment = sa.func.coalesce(inbound.c.received_us, 0)
    found: list[sa.ColumnElement[bool]] = []
    if wanted.since_us is not None:
        found.append(moment >= wanted.since_us)
    if wanted.until_us is not None:
        found.append(moment < wanted.until_us)
    return found


def _newest(
    tx: Connection, where: list[sa.ColumnElement[bool]], size: int
) -> list[InboundSeen]:  # fmt: skip
    query = sa.select(*_HEAD).where(*where).order_by(inbound.c.id.desc()).limit(size + 1)
    return [_seen(row) for row in tx.execute(query)]


def _page(rows: list[InboundSeen], size: int) -> InboundPage:
    return InboundPage(tuple(rows[:size]), rows[size - 1].id if len(rows) > size else None)


def _seen(row: "sa.Row[Any]") -> InboundSeen:
    return InboundSeen(**row._mapping)
