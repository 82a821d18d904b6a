"""Figures and lists from the copy of the core's tables, and as of when.

A look names columns of a source by the words below and nothing else: what an adapter's data says
never becomes SQL by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.core.copy_tables import (
    registry_entry,
    registry_fact,
    registry_feed,
    registry_person,
    registry_unit,
)
from hub.kernel.clocks import from_us
from hub.kernel.errors import Misconfigured
from hub.kernel.typed import read_json
from hub.ports.figures import (
    Cut,
    Figure,
    FiguresAnswer,
    FiguresQuestion,
    Look,
    Reading,
    Reckoning,
    Source,
)
from hub.ports.query import QueryWord
from hub.ports.registry import RecordKind
from hub.queries.enterprise import Limits
from hub.store.vault import Vault

_RECORD = "record:"
_Column = sa.ColumnElement[Any]
_u, _p, _e, _f = registry_unit.c, registry_person.c, registry_entry.c, registry_fact.c
_EMPTY: _Column = sa.literal_column("''")
"""No bound value: PostgreSQL must see the same expression selected and grouped by."""
_OF_UNIT: Mapping[str, _Column] = {
    name: sa.func.coalesce(_u[name], _EMPTY) for name in ("office", "economy", "trade")
}
_FACT: Mapping[str, _Column] = {
    name: _f[name]
    for name in (
        "office", "on_day", "at_time", "since_day", "days", "family", "code", "reason", "channel",
        "bank", "amount_of", "fen", "balance_fen", "overdue_fen", "interest_fen",
    )
} | {
    "economy": _OF_UNIT["economy"], "trade": _OF_UNIT["trade"], "unit": _f.unit_token,
    "due_fen": _f.overdue_fen + _f.interest_fen,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """A source: its rows' table, which kind of them, its day, its columns by our words."""

    table: sa.Table
    kind: str
    day: _Column
    order: _Column
    columns: Mapping[str, _Column]


def _entry(kind: str) -> _Table:
    return _Table(
        registry_entry, kind, _e.on_day, _e.entry_token,
        {
            **_OF_UNIT, "unit": _e.unit_token, "due_people": _e.due_people,
            "paid_people": _e.paid_people, "due_fen": _e.due_fen, "paid_fen": _e.paid_fen,
            "state": _e.state, "year": _e.first_month // sa.literal_column("100"),
            "month": _e.first_month, "on_day": _e.on_day,
        },
    )  # fmt: skip


def _fact(kind: str) -> _Table:
    return _Table(registry_fact, kind, _f.on_day, _f.fact_token, _FACT)


_TABLES: Mapping[Source, _Table] = {
    Source.UNIT: _Table(
        registry_unit, "", _u.opened_on, _u.unit_token,
        {**_OF_UNIT, "unit": _u.unit_token, "state": _u.state, "people": _u.people,
         "sealed_people": _u.sealed_people, "balance_fen": _u.balance_fen},
    ),
    Source.PERSON: _Table(
        registry_person, "", _p.opened_on, _p.account_token,
        {**_OF_UNIT, "unit": _p.unit_token, "state": _p.state, "balance_fen": _p.balance_fen,
         "frozen_fen": _p.frozen_fen, "base_fen": _p.base_fen},
    ),
    Source.CONTRIBUTION: _entry(RecordKind.CONTRIBUTION),
    Source.ARREARS: _entry(RecordKind.ARREARS),
    Source.LOAN: _fact(RecordKind.LOAN),
    Source.BUSINESS: _fact(RecordKind.BUSINESS),
    Source.SETTLEMENT: _fact(RecordKind.SETTLEMENT),
    Source.FUND: _fact(RecordKind.FUND),
    Source.SERVICE: _fact(RecordKind.SERVICE),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundFigures:
    """``answer`` stands with ANSWERED alone."""

    word: QueryWord
    answer: FiguresAnswer | None = None


class Figures:
    """Answers from one core's copy.  Safe across threads."""

    def __init__(self, vault: Vault, interface: str) -> None:
        self._vault = vault
        self._interface = interface

    def find(
        self, view: Connection, asked: FiguresQuestion, limits: Limits, now: datetime
    ) -> FoundFigures:
        """``now`` is business time.  UNSOUND with more unreadable records than ``limits.rows``
        (fewer are counted in the answer), and where the core has told no record of a source at
        all: 0 would be a figure that nobody has counted.  Raises Misconfigured for a word nobody
        knows.
        """
        caught_up_us = view.scalar(
            sa.select(registry_feed.c.caught_up_us).where(
                registry_feed.c.interface == self._interface
            )
        )
        as_of = None if caught_up_us is None else from_us(caught_up_us)
        if as_of is None or now - as_of > timedelta(seconds=limits.max_age_s):
            return FoundFigures(QueryWord.TRY_LATER)
        sources = {look.source for look in asked.looks}
        left_out = sum(_flawed(view, _TABLES[source]) for source in sources)
        told = all(_told(view, _TABLES[source]) for source in sources)
        if left_out > limits.rows or not told:
            return FoundFigures(QueryWord.UNSOUND)
        day = int(f"{as_of:%Y%m%d}")
        readings = tuple(self._read(view, look, day) for look in asked.looks)
        return FoundFigures(QueryWord.ANSWERED, FiguresAnswer(as_of, asked, readings, left_out))

    def _read(self, view: Connection, look: Look, day: int) -> Reading:
        return self._listed(view, look) if look.fields else _added_up(view, look, day)

    def _listed(self, view: Connection, look: Look) -> Reading:
        table = _TABLES[look.source]
        rows = _rows_of(look, table)
        total = int(view.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0)
        plain = [name for name in look.fields if not name.startswith(_RECORD)]
        wanted = rows.with_only_columns(
            table.table.c.key_id, table.table.c.sealed, *(_column(table, name) for name in plain)
        ).order_by(*_newest(table, look.source), table.order)
        if look.most:
            wanted = wanted.offset(look.first).limit(look.most)
        found = []
        for key_id, sealed, *values in view.execute(wanted):
            said = dict(zip(plain, values, strict=True))
            if len(plain) < len(look.fields):
                fields = read_json(self._vault.open(view, key_id, sealed), dict[str, str])
                said |= {f"{_RECORD}{name}": value for name, value in fields.items()}
            found.append(tuple(said.get(name, "") for name in look.fields))
        return Reading(tuple(found), total)


def _newest(table: _Table, source: Source) -> Sequence[_Column]:
    if source is Source.SETTLEMENT:
        return (table.day.desc(), _f.at_time.desc())
    return (table.day.desc(),)


def _added_up(view: Connection, look: Look, day: int) -> Reading:
    """Of no rows a sum is 0; a stock of other days than the copy's own is None."""
    table = _TABLES[look.source]
    groups = [_column(table, name) for name in look.by]
    stands = (not look.begin or look.begin <= day) and (not look.end or look.end >= day)
    figures = [
        sa.null().label(each.name) if each.stock and not stands
        else _figure(table, look, each).label(each.name)
        for each in look.figures
    ]  # fmt: skip
    days_apart = bool(figures) and all(each.stock for each in look.figures)
    rows = _rows_of(look, table, any_day=days_apart)
    wanted = rows.with_only_columns(*groups, *figures)
    if groups:
        wanted = wanted.group_by(*groups).order_by(*groups)
    found = tuple(tuple(_plain(value) for value in row) for row in view.execute(wanted))
    page = found[look.first : look.first + look.most] if look.most else found
    return Reading(page, len(found))


def _plain(value: Any) -> Any:
    """PostgreSQL adds integers up to Decimal, which here is always whole."""
    return value if value is None or isinstance(value, str) else int(value)


def _figure(table: _Table, look: Look, one: Figure) -> _Column:
    cuts = [_cut(table, cut) for cut in one.cuts]
    if not one.stock and any(each.stock for each in look.figures):
        cuts += _within(table, look)
    here = sa.and_(sa.true(), *cuts)
    if one.how is Reckoning.COUNT:
        return sa.func.coalesce(sa.func.sum(sa.case((here, 1), else_=0)), 0)
    column = _column(table, one.column)
    if one.how is Reckoning.SUM:
        return sa.func.coalesce(sa.func.sum(sa.case((here, column), else_=0)), 0)
    kept = sa.case((here, column))
    if one.how is Reckoning.DISTINCT:
        return sa.func.count(sa.distinct(kept))
    if one.how is Reckoning.LARGEST:
        return sa.func.max(kept)
    total, count = sa.func.sum(kept), sa.func.count(kept)
    return sa.case((count > 0, (2 * total + count) // (2 * sa.func.nullif(count, 0))))


def _rows_of(look: Look, table: _Table, *, any_day: bool = False) -> sa.Select[Any]:
    """A selection of the source's sound rows, its unit's marks beside it."""
    cuts = [table.table.c.flaw == "", *(_cut(table, cut) for cut in look.cuts)]
    if table.kind:
        cuts.append(table.table.c.kind == table.kind)
    mixed = look.figures and any(each.stock for each in look.figures)
    if not any_day and not mixed:
        cuts += _within(table, look)
    joined: Any = table.table
    if table.table is not registry_unit:
        joined = table.table.join(
            registry_unit, registry_unit.c.unit_token == table.table.c.unit_token, isouter=True
        )
    return sa.select(sa.literal(1)).select_from(joined).where(*cuts)


def _within(table: _Table, look: Look) -> list[_Column]:
    cuts: list[_Column] = []
    if look.begin:
        cuts.append(table.day >= look.begin)
    if look.end:
        cuts.append(table.day <= look.end)
    return cuts


def _cut(table: _Table, cut: Cut) -> _Column:
    column = _column(table, cut.column)
    found: list[_Column] = []
    if cut.values:
        found.append(column.in_(cut.values))
    if cut.least is not None:
        found.append(column >= cut.least)
    if cut.below is not None:
        found.append(column < cut.below)
    return sa.and_(sa.true(), *found)


def _column(table: _Table, name: str) -> _Column:
    try:
        return table.columns[name]
    except KeyError:
        raise Misconfigured(f"the copy has no {name!r} in {table.table.name}") from None


def _told(view: Connection, table: _Table) -> bool:
    some = sa.select(sa.literal(1)).select_from(table.table).limit(1)
    if table.kind:
        some = some.where(table.table.c.kind == table.kind)
    return view.scalar(some) is not None


def _flawed(view: Connection, table: _Table) -> int:
    flawed = sa.select(sa.func.count()).where(table.table.c.flaw != "")
    if table.kind:
        flawed = flawed.where(table.table.c.kind == table.kind)
    return int(view.scalar(flawed) or 0)
