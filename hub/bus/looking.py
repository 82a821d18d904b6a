"""Messages as operators look for them: a list by keyset that stays fast at 10⁷ rows, and one
message with every attempt and call.

The list is newest first.  One *driver* condition finds rows through an index, the others are
checked on what it finds; a driver that could run over millions of rows looks at a window of
numbers at a time and says how far it has looked.  Text is compared as it stands: ``%`` is a sign
like any other.
"""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.instants import NumberAt, window
from hub.bus.rows import HEAD, to_message
from hub.bus.tables import attempt, call, channel, message
from hub.bus.values import Message, NoSuchMessage
from hub.bus.words import MessageState
from hub.store import among

S = MessageState
WINDOW = 100_000
"""Most message numbers that one look without an index runs over."""

_FEW = frozenset(
    state.value
    for state in (S.QUEUED, S.WAITING, S.IN_FLIGHT, S.UNKNOWN, S.PARKED, S.DEAD, S.REJECTED)
)
"""States few messages are in at a time: their index finds them."""
KEYS_MOST = 1000
"""Most keys one text may find."""

_LONGEST_ID = 18
_TOP = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What to list; empty is anything.  ``text``: a message's number, or how its key begins (a
    batch's number, say).  ``since_us`` and ``until_us``: put from then on, and before then, in
    µs UTC of the database's clock."""

    interface: str = ""
    kind: str = ""
    state: str = ""
    group: str = ""
    text: str = ""
    since_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Rows newest first.  ``older``: give this as ``before`` to go on, None at the end;
    ``looked_to`` is the lowest number looked at when a window ended before the page was full.
    ``too_many``: the text begins more keys than are looked at; more of it finds the others."""

    rows: tuple[Message, ...]
    older: int | None
    looked_to: int | None = None
    too_many: bool = False


def list_messages(
    tx: Connection, wanted: MessageFilter, *, before: int | None = None, size: int = 50
) -> MessagePage:
    """One page of messages with numbers below ``before``."""
    newest = tx.scalar(sa.select(sa.func.max(message.c.id))) or 0
    low, high = window(_NUMBERS, tx, wanted.since_us, wanted.until_us)
    top = min(each for each in (before, newest + 1, high) if each is not None)
    if wanted.text.strip():
        return _by_text(tx, wanted, low, top, size)
    if wanted.group:
        driver = [message.c.msg_group == wanted.group, *_rest(wanted, "group")]
        return _page(tx, driver, low, top, size)
    if wanted.state in _FEW:
        driver = [message.c.state == wanted.state, *_rest(wanted, "state")]
        return _page(tx, driver, low, top, size)
    if wanted.kind:
        numbers = _few_of_kind(tx, wanted)
        if numbers is not None:
            return _page(tx, [among(tx, message.c.id, numbers), *_rest(wanted)], low, top, size)
    only_interface = wanted.interface and not (wanted.kind or wanted.state)
    if only_interface and wanted.since_us is None and wanted.until_us is None:
        return _by_interface(tx, wanted.interface, top, size)
    return _window(tx, _rest(wanted), low, top, size)


_NUMBERS = NumberAt(message.c.id, message.c.created_us)


def _few_of_kind(tx: Connection, wanted: MessageFilter) -> list[int] | None:
    """All numbers of a kind that is rare, through the unique index (interface, kind, key); None
    when there are too many to hold: then they are met soon along the numbers."""
    everywhere = sa.select(channel.c.interface)
    interfaces = [wanted.interface] if wanted.interface else list(tx.scalars(everywhere))
    query = (
        sa.select(message.c.id)
        .where(message.c.interface.in_(interfaces), message.c.kind == wanted.kind)
        .limit(KEYS_MOST + 1)
    )
    numbers = list(tx.scalars(query))
    return numbers if len(numbers) <= KEYS_MOST else None


def newest_delivered(tx: Connection, interface: str, kind: str) -> int:
    """The number of the last message of a kind that was delivered, 0 for none: of a rare kind all
    are looked at, a common one is met soon from the newest down."""
    few = _few_of_kind(tx, MessageFilter(interface=interface, kind=kind))
    where = _rest(MessageFilter(interface=interface, kind=kind, state=S.DELIVERED.value))
    if few is not None:
        where.append(among(tx, message.c.id, few))
    newest = sa.select(message.c.id).where(*where).order_by(message.c.id.desc()).limit(1)
    return int(tx.scalar(newest) or 0)


def _rest(wanted: MessageFilter, *but: str) -> list[sa.ColumnElement[bool]]:
    """The other conditions, out of any index's sight: the planner must not choose one of them to
    drive, for each may fit most of the table."""
    columns = {
        "interface": message.c.interface, "kind": message.c.kind, "state": message.c.state,
        "group": message.c.msg_group,
    }  # fmt: skip
    conditions = [
        sa.func.coalesce(column, "") == getattr(wanted, name)
        for name, column in columns.items()
        if getattr(wanted, name) and name not in but
    ]
    moment = sa.func.coalesce(message.c.created_us, 0)
    if wanted.since_us is not None:
        conditions.append(moment >= wanted.since_us)
    if wanted.until_us is not None:
        conditions.append(moment < wanted.until_us)
    return conditions


def _by_text(tx: Connection, wanted: MessageFilter, low: int, top: int, size: int) -> MessagePage:
    """By number, or by the key's beginning through the unique index (interface, kind, key)."""
    text = wanted.text.strip()
    interfaces = list(tx.scalars(sa.select(channel.c.interface)))
    begins = (
        sa.select(message.c.id)
        .where(message.c.interface.in_(interfaces), message.c.kind.in_(_kinds(tx, interfaces)))
        .where(message.c.msg_key >= text, message.c.msg_key < text + _TOP)
        .limit(KEYS_MOST + 1)
    )
    found = list(tx.scalars(begins))
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID:
        found.append(int(text))
    numbers = sorted({number for number in found if number < top}, reverse=True)[:KEYS_MOST]
    page = _page(tx, [message.c.id.in_(numbers), *_rest(wanted)], low, top, size)
    return replace(page, too_many=len(found) > KEYS_MOST)


def _by_interface(tx: Connection, interface: str, top: int, size: int) -> MessagePage:
    """Along the index (interface, ready_us, id): what has ended has no ready_us and lies there in
    the order of its numbers; what may be claimed is little and sorted on the spot."""
    here = sa.select(*HEAD).where(message.c.interface == interface, message.c.id < top)
    ended = (
        here.where(message.c.ready_us.is_(None))
        .order_by(message.c.ready_us.desc(), message.c.id.desc())
        .limit(size + 1)
    )
    waits = here.where(message.c.ready_us >= 0).order_by(message.c.id.desc()).limit(size + 1)
    rows = [to_message(row) for query in (ended, waits) for row in tx.execute(query)]
    rows.sort(key=lambda one: -one.id)
    return MessagePage(tuple(rows[:size]), rows[size - 1].id if len(rows) > size else None)


def _kinds(tx: Connection, interfaces: list[str]) -> list[str]:
    """The kinds there are, by hopping along the unique index: one look a kind, not one a row."""
    found: set[str] = set()
    for interface in interfaces:
        last = ""
        while True:
            query = (
                sa.select(message.c.kind)
                .where(message.c.interface == interface, message.c.kind > last)
                .order_by(message.c.interface, message.c.kind)
                .limit(1)
            )
            kind = tx.scalar(query)
            if kind is None:
                break
            last = str(kind)
            found.add(last)
    return sorted(found)


def kinds(tx: Connection) -> list[str]:
    """Every kind of message there is."""
    return _kinds(tx, list(tx.scalars(sa.select(channel.c.interface))))


def _page(
    tx: Connection, where: list[sa.ColumnElement[bool]], low: int, top: int, size: int
) -> MessagePage:
    query = sa.select(*HEAD).where(*where, message.c.id >= low, message.c.id < top)
    rows = [
        to_message(row) for row in tx.execute(query.order_by(message.c.id.desc()).limit(size + 1))
    ]
    return MessagePage(tuple(rows[:size]), rows[size - 1].id if len(rows) > size else None)


def _window(
    tx: Connection, where: list[sa.ColumnElement[bool]], low: int, top: int, size: int
) -> MessagePage:
    """Along the numbers; without a condition every row fits and the window never ends it."""
    bottom = max(top - WINDOW, low)
    found = _page(tx, where, bottom, top, size)
    if found.older is not None or bottom == low:
        return found
    return replace(found, older=bottom, looked_to=bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSeen:
    """One call on the wire.  Sizes in bytes; what was said is opened elsewhere."""

    call_no: int
    step: str
    effect: bool
    target: str
    started_us: int
    ended_us: int
    status: int
    outcome: str
    error: str
    request_bytes: int
    reply_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSeen:
    """One try; ``verdict`` is empty while it is in flight, ``late``: its lease was lost."""

    try_no: int
    parent_no: int | None
    epoch: int
    holder: str
    cause: str
    ordered_by: str
    ordered_why: str
    started_us: int
    ended_us: int | None
    verdict: str
    late: bool
    error_code: str
    error_text: str
    calls: tuple[CallSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSeen:
    """A message with all that became of it.  Instants are µs UTC of the database's clock."""

    message: Message
    parked_by: str
    holder: str
    lease_until_us: int | None
    ended_us: int | None
    ordered_by: str
    ordered_why: str
    attempts: tuple[AttemptSeen, ...]


def see_message(tx: Connection, number: int) -> MessageSeen:
    """Raises NoSuchMessage."""
    row = tx.execute(sa.select(*HEAD).where(message.c.id == number)).one_or_none()
    if row is None:
        raise NoSuchMessage(f"there is no message {number}")
    return MessageSeen(
        message=to_message(row), parked_by=row.parked_by, holder=row.holder or "",
        lease_until_us=row.lease_until_us, ended_us=row.ended_us, ordered_by=row.ordered_by,
        ordered_why=row.ordered_why, attempts=_attempts(tx, number),
    )  # fmt: skip


def _attempts(tx: Connection, number: int) -> tuple[AttemptSeen, ...]:
    calls: dict[int, list[CallSeen]] = {}
    columns = [c for c in call.c if c.name not in {"key_id", "request", "reply"}]
    sizes = (sa.func.length(call.c.request).label("out"), sa.func.length(call.c.reply).label("in_"))
    query = sa.select(*columns, *sizes).where(call.c.message_id == number)
    for row in tx.execute(query.order_by(call.c.try_no, call.c.call_no)):
        calls.setdefault(row.try_no, []).append(_call(row))
    tries = sa.select(attempt).where(attempt.c.message_id == number).order_by(attempt.c.try_no)
    return tuple(
        AttemptSeen(
            try_no=row.try_no, parent_no=row.parent_no, epoch=row.epoch, holder=row.holder,
            cause=row.cause, ordered_by=row.ordered_by, ordered_why=row.ordered_why,
            started_us=row.started_us, ended_us=row.ended_us, verdict=row.verdict,
            late=bool(row.late), error_code=row.error_code, error_text=row.error_text,
            calls=tuple(calls.get(row.try_no, ())),
        )
        for row in tx.execute(tries)
    )  # fmt: skip


def _call(row: "sa.Row[Any]") -> CallSeen:
    return CallSeen(
        call_no=row.call_no, step=row.step, effect=bool(row.effect), target=row.target,
        started_us=row.started_us, ended_us=row.ended_us, status=row.status, outcome=row.outcome,
        error=row.error, request_bytes=row.out or 0, reply_bytes=row.in_ or 0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """The bytes of one call, opened."""

    request: bytes
    reply: bytes
