"""Audit entries: written in the transaction of the act they tell of.

``record(tx, act="run.approve", actor="zhang.min", subject="2025-10 ICBC", count=4063,
fen=912_345_00, root=merkle_root(digests))``.

An entry holds nothing personal in clear.  Callers hand in masked text and numbers; what still
looks like a document, account or telephone number is masked here by its look
(``hub.kernel.logs.mask_text``: 20-digit instruction numbers and hex digests stay).  It is masked
and not refused, because a slip in an audit text must not undo the act it tells of; for the same
reason over-long text is cut (…) and control characters become blanks.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit.tables import (
    ACT_LENGTH,
    ACTOR_LENGTH,
    DIGEST_LENGTH,
    SUBJECT_LENGTH,
    audit_entry,
)
from hub.kernel.logs import mask_text
from hub.store.prepared import Prepared

Detail = str | Mapping[str, str | int]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SHORTEST_NUMBER = 11
_NOW_US = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
}
"""The database's own time, as hub.store.database_now_us, without a question of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act.  ``count`` and ``fen`` (分) say how much, ``root`` is a Merkle root in hex."""

    act: str
    actor: str
    subject: str
    detail: Detail = field(default_factory=dict)
    count: int = 0
    fen: int = 0
    root: str = ""


def record(
    tx: Connection,
    *,
    act: str,
    actor: str,
    subject: str,
    detail: Detail = "",
    count: int = 0,
    fen: int = 0,
    root: str = "",
) -> None:
    """Write one entry in the caller's transaction.  Plain text as ``detail`` is kept as
    ``{"text": …}``.  Costs one INSERT; the entry is sealed within seconds of the commit."""
    entry = Entry(
        act=act, actor=actor, subject=subject, detail=detail, count=count, fen=fen, root=root
    )
    _insert(tx).run(tx, **_values(entry))


def record_many(tx: Connection, entries: Iterable[Entry]) -> int:
    """Write many entries at once; answers how many.  For one set-based step write *one* entry
    with count, total and root instead."""
    rows = [_values(entry) for entry in entries]
    if rows:
        _insert(tx).many(tx, rows)
    return len(rows)


_FIELDS = ("act", "actor", "subject", "quantity", "fen", "root", "detail")
_INSERTS = {
    name: Prepared(
        sa.insert(audit_entry).values(instant_us=sa.literal_column(now)).inline(), _FIELDS
    )
    for name, now in _NOW_US.items()
}


def _insert(tx: Connection) -> Prepared:
    return _INSERTS.get(tx.dialect.name, _INSERTS["postgresql"])


def _values(entry: Entry) -> dict[str, Any]:
    return {
        "act": _fit(entry.act, ACT_LENGTH),
        "actor": _fit(entry.actor, ACTOR_LENGTH),
        "subject": _fit.__wrapped__(entry.subject, SUBJECT_LENGTH),  # another one nearly each time
        "quantity": int(entry.count),
        "fen": int(entry.fen),
        "root": _fit.__wrapped__(entry.root, DIGEST_LENGTH),
        "detail": _detail(entry.detail),
    }


def _clean(text: str) -> str:
    plain = _CONTROL.sub(" ", text)
    return mask_text(plain) if len(plain) >= _SHORTEST_NUMBER else plain


@lru_cache(maxsize=1024)  # acts, actors and most of what is told of an attempt come again
def _fit(text: str, length: int) -> str:
    clean = _clean(text)
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def _detail(detail: Detail) -> str:
    return _told(detail) if isinstance(detail, str) else _told_of(detail)


@lru_cache(maxsize=1024)
def _told(text: str) -> str:
    return _told_of({"text": text} if text else {})


def _told_of(detail: Mapping[str, str | int]) -> str:
    clean = {
        _clean(name): _clean(value) if isinstance(value, str) else int(value)
        for name, value in detail.items()
    }
    return json.dumps(clean, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
