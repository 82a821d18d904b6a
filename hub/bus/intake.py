"""Messages come in with the business change that causes them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.bus.tables import channel, message
from hub.bus.values import NewMessage, NoSuchMessage, SameKeyOtherBody
from hub.bus.words import Cause, Effect, MessageState, Rung
from hub.store.prepared import Prepared

if TYPE_CHECKING:
    from hub.bus.bus import Bus

RING = "hub_bus_ring"
"""Set in a connection's ``info`` by a put; its check-in, after the commit, rings the bell."""

IN_RING = "hub_bus_in_ring"
"""The same for what came in and was accepted."""

VAULT_KIND = "message"
"""Under which kind of data key payloads, requests and replies are sealed."""

BY_THE_STOP = "channel"
"""``parked_by`` of what a stopped channel holds back."""

_CHUNK = 500
_Key = tuple[str, str, str]


def put(bus: "Bus", tx: Connection, messages: Sequence[NewMessage]) -> list[int]:
    """See Bus.put."""
    if not messages:
        return []
    stopped = dict(_channels(tx, {m.interface for m in messages}))
    fresh: dict[_Key, NewMessage] = {}
    for one in messages:
        twin = fresh.setdefault(_key(one), one)
        if twin.payload != one.payload:
            raise SameKeyOtherBody(f"{one.interface} {one.kind} {one.key}: two bodies at once")
    if tx.dialect.name == "sqlite":
        known = _insert_or_find(bus, tx, fresh, stopped)
    else:
        known = _known(bus, tx, fresh)
        missing = [one for key, one in fresh.items() if key not in known]
        if missing:
            known |= _insert(bus, tx, missing, stopped)
    tx.info[RING] = True
    return [known[_key(one)] for one in messages]


def payload(bus: "Bus", tx: Connection, message_id: int) -> bytes:
    """See Bus.payload."""
    row = tx.execute(
        sa.select(message.c.key_id, message.c.payload).where(message.c.id == message_id)
    ).one_or_none()
    if row is None:
        raise NoSuchMessage(f"there is no message {message_id}")
    return bus.vault.open(tx, row.key_id, row.payload)


def ensure_channels(tx: Connection, interfaces: Iterable[str]) -> None:
    """A row per interface, which claiming and stopping lock."""
    for _ in _channels(tx, set(interfaces)):
        pass


_CHANNEL = Prepared(
    sa.select(channel.c.stopped).where(channel.c.interface == sa.bindparam("b_interface"))
)


def _channels(tx: Connection, interfaces: set[str]) -> list[tuple[str, bool]]:
    found = []
    for interface in sorted(interfaces):
        rows = _CHANNEL.rows(tx, b_interface=interface)
        if rows:
            found.append((interface, bool(rows[0][0])))
            continue
        try:
            with tx.begin_nested():
                tx.execute(
                    sa.insert(channel).values(
                        interface=interface,
                        stopped=0,
                        stopped_by="",
                        stopped_why="",
                        misses=0,
                        rest_until_us=0,
                    )
                )
        except IntegrityError:
            continue  # somebody else was first; a stop in that instant is seen by the claim
    return found


def _key(one: NewMessage) -> _Key:
    return one.interface, one.kind, one.key


def _known(bus: "Bus", tx: Connection, wanted: dict[_Key, NewMessage]) -> dict[_Key, int]:
    """The numbers of those that exist; a same key with another body is an error."""
    by_kind: dict[tuple[str, str], list[str]] = {}
    for interface, kind, key in wanted:
        by_kind.setdefault((interface, kind), []).append(key)
    known: dict[_Key, int] = {}
    for (interface, kind), keys in by_kind.items():
        for start in range(0, len(keys), _CHUNK):
            rows = tx.execute(
                sa.select(message.c.id, message.c.msg_key, message.c.key_id, message.c.payload)
                .where(message.c.interface == interface, message.c.kind == kind)
                .where(message.c.msg_key.in_(keys[start : start + _CHUNK]))
            )
            for row in rows:
                found = (interface, kind, row.msg_key)
                stored = bus.vault.open(tx, row.key_id, row.payload)
                if stored != wanted[found].payload:
                    raise SameKeyOtherBody(
                        f"message {row.id} ({interface} {kind} {row.msg_key}) has another body"
                    )
                known[found] = row.id
    return known


_STORE = Prepared(
    sqlite_insert(message).on_conflict_do_nothing().returning(message.c.id),
    [column.name for column in message.c if column.name != "id"],
)


def _insert_or_find(
    bus: "Bus", tx: Connection, fresh: dict[_Key, NewMessage], stopped: dict[str, bool]
) -> dict[_Key, int]:
    """SQLite's way: with the write lock held nobody else inserts, so what does not go in is
    there already.  One short statement a row costs less than one long one."""
    now = bus.now(tx)
    rows = [
        _row(bus, tx, one, now, held=stopped.get(one.interface, False)) for one in fresh.values()
    ]
    ids = dict(zip(fresh, _STORE.answers(tx, rows), strict=True))
    there = {key: fresh[key] for key, number in ids.items() if number is None}
    return {key: number for key, number in ids.items() if number is not None} | (
        _known(bus, tx, there) if there else {}
    )


def _insert(
    bus: "Bus", tx: Connection, missing: list[NewMessage], stopped: dict[str, bool]
) -> dict[_Key, int]:
    now = bus.now(tx)
    rows = [_row(bus, tx, one, now, held=stopped.get(one.interface, False)) for one in missing]
    try:
        with tx.begin_nested():
            ids = tx.scalars(
                sa.insert(message).returning(message.c.id, sort_by_parameter_order=True), rows
            ).all()
    except IntegrityError:
        # Two transactions put the same key at once; the other has committed, so it is known now.
        known = _known(bus, tx, {_key(one): one for one in missing})
        rest = [one for one in missing if _key(one) not in known]
        if len(rest) == len(missing):
            raise
        return known | (_insert(bus, tx, rest, stopped) if rest else {})
    return {_key(one): number for one, number in zip(missing, ids, strict=True)}


def _row(bus: "Bus", tx: Connection, one: NewMessage, now: int, *, held: bool) -> dict[str, Any]:
    parked = held and one.effect is not Effect.READ
    due = now + int(one.delay_s * 1_000_000)
    sealed = bus.vault.seal(tx, VAULT_KIND, one.month, one.payload)
    return {
        "interface": one.interface,
        "kind": one.kind,
        "msg_key": one.key,
        "effect": one.effect.value,
        "state": (MessageState.PARKED if parked else MessageState.QUEUED).value,
        "rung": Rung.NONE.value,
        "msg_group": one.group,
        "subject": one.subject[:120],
        "vault_month": one.month,
        "contract_version": one.contract_version,
        "items": one.items,
        "fen": one.fen,
        "endless": int(one.endless),
        "try_no": 0,
        "tries": 0,
        "epoch": 0,
        "maybe_sent": 0,
        "cause": Cause.FIRST.value,
        "ordered_by": "",
        "ordered_why": "",
        "parked_by": BY_THE_STOP if parked else "",
        "created_us": now,
        "queued_us": due,
        "ready_us": None if parked else due,
        "ended_us": None,
        "holder": None,
        "lease_until_us": None,
        "error_code": "",
        "error_text": "",
        "key_id": sealed.key_id,
        "payload": sealed.blob,
    }
