"""企业缴存公积金信息查询: a firm's record from the copy of the core's registry, and as of when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.core.copy_tables import registry_entry, registry_feed, registry_unit
from hub.kernel.clocks import from_us
from hub.kernel.identity import normal_unit_name, normal_uscc
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.typed import read_json
from hub.ports.query import (
    Arrears,
    Contribution,
    EnterpriseAnswer,
    EnterpriseQuestion,
    Penalty,
    QueryWord,
    UnitFacts,
)
from hub.ports.registry import RecordKind
from hub.store.prepared import Prepared
from hub.store.vault import Vault

_CURED, _FULFILLED, _REVOKED = "02", "02", "03"
"""QJZT 已补缴, CFZT 已履行, 已撤销: contracts_spec/core/registry §5.2."""

_u, _e = registry_unit.c, registry_entry.c
_UNITS = Prepared(
    sa.select(
        _u.unit_token, _u.state, _u.paid_until, _u.people, _u.opened_on, _u.closed_on, _u.flaw,
        _u.key_id, _u.sealed, registry_feed.c.caught_up_us,
    )
    .join_from(
        registry_feed, registry_unit, _u.uscc_token == sa.bindparam("b_uscc"), isouter=True
    )
    .where(registry_feed.c.interface == sa.bindparam("b_interface"))
    .order_by(_u.opened_on, _u.unit_token)
)  # fmt: skip
"""The firm's units and where the feed stands, in one: a row without a unit when it has none."""
_ENTRIES = Prepared(
    sa.select(
        _e.kind, _e.first_month, _e.last_month, _e.state, _e.kind_code, _e.on_day, _e.due_people,
        _e.paid_people, _e.months, _e.due_fen, _e.paid_fen, _e.flaw, _e.key_id, _e.sealed,
    )
    .where(_e.unit_token == sa.bindparam("b_unit"))
    .order_by(_e.kind, _e.first_month, _e.entry_token)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """A contract's: the oldest copy in seconds, most units of a firm, most rows of a unit."""

    max_age_s: int
    units: int
    rows: int


@dataclass(frozen=True, slots=True)
class Found:
    """``answer`` stands with ANSWERED alone."""

    word: QueryWord
    answer: EnterpriseAnswer | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of registry_entry."""

    kind: str
    first: int
    last: int
    state: str
    kind_code: str
    on_day: int
    due_people: int
    paid_people: int
    months: int
    due: int
    paid: int
    flaw: str
    key_id: int
    sealed: bytes


class Enterprises:
    """Answers from one core's copy.  Safe across threads."""

    def __init__(self, vault: Vault, interface: str) -> None:
        self._vault = vault
        self._interface = interface

    def uscc_token(self, uscc: str) -> str:
        """Under which calls about one firm are found again."""
        return self._vault.tokens.whole("uscc", normal_uscc(uscc))

    def find(
        self, view: Connection, asked: EnterpriseQuestion, limits: Limits, now: datetime
    ) -> Found:
        """``now`` is business time.

        A firm whose units all bear another name is NAME_MISMATCH, whose record holds what cannot
        be read UNSOUND.
        """
        units = _UNITS.rows(view, b_uscc=self.uscc_token(asked.uscc), b_interface=self._interface)
        caught_up_us = units[0][9] if units else None
        as_of = None if caught_up_us is None else from_us(caught_up_us)
        if as_of is None or now - as_of > timedelta(seconds=limits.max_age_s):
            return Found(QueryWord.TRY_LATER)
        if units[0][0] is None:
            return Found(QueryWord.ANSWERED, EnterpriseAnswer(as_of, ()))
        if len(units) > limits.units or any(unit[6] for unit in units):
            return Found(QueryWord.UNSOUND)
        said = [self._fields(view, unit[7], unit[8]) for unit in units]
        wanted = normal_unit_name(asked.name)
        if not any(normal_unit_name(one["DWMC"]) == wanted for one in said):
            return Found(QueryWord.NAME_MISMATCH)
        facts = []
        for unit, fields in zip(units, said, strict=True):
            entries = [_Entry(*row) for row in _ENTRIES.rows(view, b_unit=unit[0])]
            made = self._facts(view, unit, fields, entries, asked)
            most = max(len(made.arrears), len(made.penalties))
            if most > limits.rows or any(one.flaw for one in entries):
                return Found(QueryWord.UNSOUND)
            facts.append(made)
        return Found(QueryWord.ANSWERED, EnterpriseAnswer(as_of, tuple(facts)))

    def _facts(
        self, view: Connection, unit: Sequence[Any], fields: Mapping[str, str],
        entries: Sequence[_Entry], asked: EnterpriseQuestion,
    ) -> UnitFacts:  # fmt: skip
        arrears = [one for one in entries if one.kind == RecordKind.ARREARS]
        open_ones = [one for one in arrears if one.state != _CURED]
        return UnitFacts(
            account=fields["DWZH"], name=fields["DWMC"], state=unit[1], opened_on=unit[4],
            closed_on=unit[5], paid_until=_period(unit[2]), people=unit[3],
            contributions=tuple(
                Contribution(
                    _month(one.first), one.due_people, one.paid_people, Fen(one.due), Fen(one.paid)
                )
                for one in entries
                if one.kind == RecordKind.CONTRIBUTION and asked.begin and _within(one, asked)
            ),
            arrears=tuple(
                Arrears(
                    _month(one.first), _month(one.last), one.months, Fen(one.due),
                    one.state == _CURED,
                )
                for one in (arrears if asked.begin else open_ones)
                if _within(one, asked)
            ),
            penalties=tuple(
                self._penalty(view, one)
                for one in entries
                if one.kind == RecordKind.PENALTY and one.state != _REVOKED
                and (_within(one, asked) or not one.on_day)
            ),
            owed=Fen(sum(one.due for one in open_ones)),
        )  # fmt: skip

    def _penalty(self, view: Connection, one: _Entry) -> Penalty:
        fields = self._fields(view, one.key_id, one.sealed)
        return Penalty(
            one.kind_code, fields["WSH"], one.on_day, fields["SY"], Fen(one.due),
            one.state == _FULFILLED,
        )  # fmt: skip

    def _fields(self, view: Connection, key_id: int, sealed: bytes) -> dict[str, str]:
        found: dict[str, str] = read_json(self._vault.open(view, key_id, sealed), dict[str, str])
        return found


def _within(one: _Entry, asked: EnterpriseQuestion) -> bool:
    """Whether it lies in, or reaches into, the months asked for; all do when none are."""
    if asked.begin is None or asked.end is None:
        return True
    return one.first <= int(asked.end.compact) and one.last >= int(asked.begin.compact)


def _month(number: int) -> Period:
    return Period(number // 100, number % 100)


def _period(number: int) -> Period | None:
    return _month(number) if number else None
