"""Calls of published queries: who is calling, what was answered before, and the row of each.

A call's row, its audit entry and what must be told of it stand in one transaction, committed
before the caller has its answer; calls at once share a commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub import audit
from hub.bus import drifts
from hub.crypto import sm3
from hub.kernel.typed import read_msgpack
from hub.ports.line import Drift
from hub.ports.query import Claim, QueryWord
from hub.queries.tables import query_call, query_caller, query_grant, query_secret
from hub.store import Store, database_now_us
from hub.store.prepared import Prepared
from hub.store.vault import Sealed, Vault

VAULT_KIND = "query"

_c, _s, _g, _k = query_caller.c, query_secret.c, query_grant.c, query_call.c
_CALLER = Prepared(
    sa.select(
        _c.id, _c.rid, _c.addresses, _c.per_minute, _c.per_day, _s.id, _s.key_id, _s.sealed,
        _g.id, _g.purpose, _g.shown, _g.until_day,
    )
    .join_from(query_caller, query_secret, _c.id == _s.caller_id)
    .join(
        query_grant,
        sa.and_(
            _g.caller_id == _c.id, _g.interface == sa.bindparam("b_interface"),
            _g.revoked_us.is_(None),
        ),
        isouter=True,
    )
    .where(_c.rid == sa.bindparam("b_rid"))
    .where(sa.or_(_s.until_us.is_(None), _s.until_us > sa.bindparam("b_now")))
    .order_by(_s.id.desc())
)  # fmt: skip
_BEFORE = Prepared(
    sa.select(_k.id, _k.body_digest, _k.word, _k.http_status, _k.key_id, _k.sealed).where(
        _k.mark == sa.bindparam("b_mark")
    )
)
_COLUMNS = tuple(column.name for column in query_call.columns if column.name != "id")
_INSERT = Prepared(sa.insert(query_call).inline(), _COLUMNS)


@dataclass(frozen=True, slots=True)
class Grant:
    """What holds for one caller and interface.  ``until_day`` YYYYMMDD."""

    id: int
    purpose: str
    shown: frozenset[str]
    until_day: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody registered.  ``secrets``: sealed, those in force, the newest first; ``grant``: for
    the interface asked, not revoked, but it may be over."""

    id: int
    rid: str
    addresses: str
    per_minute: int
    per_day: int
    secrets: tuple[tuple[int, Sealed], ...]
    grant: Grant | None


@dataclass(frozen=True, slots=True)
class Before:
    """The call that used a signature first."""

    id: int
    body_digest: str
    word: str
    http_status: int
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was believed, answered or refused.  ``asked_us``, ``as_of_us`` business time;
    ``took_us`` from its arrival to just before this is written."""

    claim: Claim
    caller: Caller
    interface: str
    contract_version: str
    grant: Grant | None
    asked_us: int
    as_of_us: int | None
    remote: str
    body: bytes
    body_digest: str
    uscc_token: str
    reference: str
    word: QueryWord
    http_status: int
    answer: bytes
    units: int
    took_us: int
    month: str
    drifts: tuple[Drift, ...] = ()


class _Kept(msgspec.Struct, frozen=True):
    body: bytes
    answer: bytes


def find_caller(view: Connection, rid: str, interface: str, now_us: int) -> Caller | None:
    """By its id, with its secrets that hold at ``now_us`` (business time) and its grant."""
    rows = _CALLER.rows(view, b_rid=rid, b_interface=interface, b_now=now_us)
    if not rows:
        return None
    number, rid, addresses, per_minute, per_day = rows[0][:5]
    grant_id, purpose, shown, until_day = rows[0][8:]
    held = tuple((row[5], Sealed(row[6], bytes(row[7]))) for row in rows)
    grant = None
    if grant_id is not None:
        fields = frozenset(filter(None, shown.split(",")))
        grant = Grant(grant_id, purpose, fields, until_day)
    return Caller(number, rid, addresses, per_minute, per_day, held, grant)


def find_before(view: Connection, mark: str) -> Before | None:
    """The call of this mark."""
    rows = _BEFORE.rows(view, b_mark=mark)
    if not rows:
        return None
    number, digest, word, status, key_id, sealed = rows[0]
    return Before(number, digest, word, status, Sealed(key_id, bytes(sealed)))


def mark_of(interface: str, claim: Claim) -> str:
    """What tells one signed request from all others."""
    return sm3(f"{interface}\n{claim.mark}".encode()).hex()


def digest_of(body: bytes) -> str:
    """SM3 of a body in hex."""
    return sm3(body).hex()


def kept_answer(vault: Vault, view: Connection, before: Before) -> bytes:
    """What was answered then."""
    plain = vault.open(view, *before.sealed)
    return read_msgpack(plain, _Kept).answer


def write_each(store: Store, vault: Vault, found: Sequence[Call]) -> list[bool]:
    """Their rows and audit entries, in one transaction where that can be; False for each whose
    mark was used before, of which nothing is written.  Raises what the store raises."""
    if not found:
        return []
    try:
        with store.write() as tx:
            _write(tx, vault, found)
    except IntegrityError:
        if len(found) == 1:
            return [False]
        return [fresh for one in found for fresh in write_each(store, vault, [one])]
    return [True] * len(found)


def _write(tx: Connection, vault: Vault, found: Sequence[Call]) -> None:
    _INSERT.many(tx, [_row(tx, vault, call) for call in found])
    audit.record_many(tx, [_entry(call) for call in found])
    for call in found:
        _note_drifts(tx, call)


def _row(tx: Connection, vault: Vault, call: Call) -> dict[str, Any]:
    sealed = vault.seal(tx, VAULT_KIND, call.month, msgspec.msgpack.encode(
        _Kept(call.body, call.answer)
    ))  # fmt: skip
    return {
        "mark": mark_of(call.interface, call.claim), "caller_id": call.caller.id,
        "interface": call.interface, "contract_version": call.contract_version,
        "grant_id": None if call.grant is None else call.grant.id, "asked_us": call.asked_us,
        "as_of_us": call.as_of_us, "remote": call.remote[:45],
        "body_digest": call.body_digest, "uscc_token": call.uscc_token,
        "word": call.word.value, "http_status": call.http_status, "units": call.units,
        "took_us": call.took_us, "misused": 0, "key_id": sealed.key_id, "sealed": sealed.blob,
    }  # fmt: skip


def note_call(tx: Connection, call: Call) -> None:
    """The audit entry alone, for an answer that is not kept: a repeat may get another."""
    audit.record_many(tx, [_entry(call)])
    _note_drifts(tx, call)


def _entry(call: Call) -> audit.Entry:
    detail: dict[str, str | int] = {"word": call.word.value, "us": call.took_us}
    if call.grant is not None:
        detail |= {"grant": call.grant.id, "purpose": call.grant.purpose[:80]}
    if call.reference:
        detail["reference"] = call.reference[:60]
    return audit.Entry(
        act="query.answered" if call.word is QueryWord.ANSWERED else "query.refused",
        actor=f"caller:{call.caller.rid}", subject=call.interface, detail=detail,
        count=call.units,
    )  # fmt: skip


def _note_drifts(tx: Connection, call: Call) -> None:
    if call.drifts:
        drifts.store(tx, call.interface, call.contract_version, call.drifts, database_now_us(tx))


def note_misuse(tx: Connection, before: Before, interface: str, caller: Caller) -> None:
    """Somebody used a signature again for another body: on the call's row and in the audit."""
    tx.execute(sa.update(query_call).where(_k.id == before.id).values(misused=1))
    audit.record(
        tx, act="query.replayed", actor=f"caller:{caller.rid}", subject=interface,
        detail={"call": before.id},
    )  # fmt: skip


def used_since(view: Connection, caller_id: int, since_us: int) -> int:
    """Calls of one caller from an instant of business time on."""
    return int(
        view.scalar(
            sa.select(sa.func.count()).where(_k.caller_id == caller_id, _k.asked_us >= since_us)
        )
        or 0
    )


def answered_lately(view: Connection, interface: str, most: int = 1000) -> bool:
    """Whether one of the door's last calls was an answer of this interface."""
    last = sa.select(_k.interface, _k.word).order_by(_k.id.desc()).limit(most).subquery()
    found = sa.select(sa.literal(1)).where(
        last.c.interface == interface, last.c.word == QueryWord.ANSWERED.value
    )
    return view.scalar(found.limit(1)) is not None


def list_calls(view: Connection, caller_id: int, most: int) -> list[Mapping[str, object]]:
    """The last calls of a caller, the newest first, with nothing of what was asked."""
    rows = view.execute(
        sa.select(
            _k.id, _k.interface, _k.asked_us, _k.as_of_us, _k.word, _k.units, _k.took_us,
            _k.remote, _k.grant_id, _k.misused,
        )
        .where(_k.caller_id == caller_id)
        .order_by(_k.id.desc())
        .limit(most)
    )  # fmt: skip
    return [dict(row._mapping) for row in rows]
