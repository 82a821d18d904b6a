"""The desk behind the audit's page."""

import json

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.app.standing import read_standing
from hub.audit.tables import audit_entry
from hub.web.audit import AuditPage, AuditWanted, EntryLine
from hub.web.desk import watch
from hub.web.desk.shift import Shift
from hub.web.show import moment

NEWEST = 20_000
"""Entries among which acts and people are looked for: neither has an index, and the table grows
for as long as the hub lives.  A subject has one."""


class StoreAudit:
    """:class:`hub.web.audit.AuditDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def audit(self, wanted: AuditWanted, before: int | None, size: int) -> AuditPage:
        standing = read_standing(self._hub)
        with self._hub.store.read() as view:
            shift = Shift.now(self._hub, view)
            rows = view.execute(_query(view, wanted, before, size)).all()
            head = watch.audit(self._hub, view, shift)
        lines = tuple(_line(row, shift) for row in rows[:size])
        older = lines[-1].id if len(rows) > size else None
        return AuditPage(lines, older, head, standing.good, standing.text)


def _query(
    view: Connection, wanted: AuditWanted, before: int | None, size: int
) -> "sa.Select[tuple[object, ...]]":
    e = audit_entry.c
    query = sa.select(audit_entry).order_by(e.id.desc()).limit(size + 1)
    if before is not None:
        query = query.where(e.id < before)
    if wanted.subject:
        query = query.where(e.subject == wanted.subject)
    elif wanted.act or wanted.actor:
        newest = view.scalar(sa.select(sa.func.max(e.id))) or 0
        query = query.where(e.id > int(newest) - NEWEST)
    if wanted.act:
        query = query.where(e.act == wanted.act)
    return query.where(e.actor == wanted.actor) if wanted.actor else query


def _line(row: "sa.Row[tuple[object, ...]]", shift: Shift) -> EntryLine:
    detail = json.loads(row.detail or "{}")
    return EntryLine(
        id=row.id, at_us=shift(row.instant_us), act=row.act, actor=row.actor, subject=row.subject,
        count=row.quantity, fen=row.fen,
        detail=tuple((str(name), _said(str(name), value)) for name, value in detail.items()),
        seq=row.seq, chain=row.chain or "",
    )  # fmt: skip


def _said(name: str, value: object) -> str:
    if name.endswith("_us") and isinstance(value, int):
        return moment(value)
    plain = isinstance(value, str | int | float)
    return (str(value) if plain else json.dumps(value, ensure_ascii=False))[:200]
