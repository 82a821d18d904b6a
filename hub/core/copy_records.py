"""Records of the feed as rows of the copy.  Source: contracts_spec/core/registry README §5.2."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from hub.core.copy_tables import registry_entry, registry_fact, registry_person, registry_unit
from hub.crypto.tokens import Tokens
from hub.kernel.identity import comparable_id, normal_uscc
from hub.ports.registry import RecordKind

_MONTH = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])")
_DAY = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_COUNT = re.compile(r"[0-9]{1,9}")
_FEN = re.compile(r"-?[0-9]{1,16}")
_CODE = re.compile(r"[0-9]{2}")
_REVERSAL = "02"
"""CZBZ 冲账."""


class FieldFlawed(Exception):
    """A field that is not there or is none of its kind; says which, never what it held."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Fields:
    """A record's fields by standard name."""

    raw: Mapping[str, str]

    def text(self, name: str) -> str:
        """What must be there."""
        found = self.raw.get(name, "").strip()
        if not found:
            raise FieldFlawed(name)
        return found

    def code(self, name: str) -> str:
        """Two digits."""
        return self._match(name, _CODE)

    def month(self, name: str) -> int:
        """YYYYMM, 0 when empty."""
        return int(self._match(name, _MONTH, empty="0"))

    def day(self, name: str) -> int:
        """YYYYMMDD, 0 when empty."""
        return int(self._match(name, _DAY, empty="0"))

    def count(self, name: str) -> int:
        """Whole, not negative."""
        return int(self._match(name, _COUNT))

    def fen(self, name: str) -> int:
        """分."""
        return int(self._match(name, _FEN))

    def short(self, name: str, most: int) -> str:
        """What may be missing; at most so many characters."""
        found = self.raw.get(name, "").strip()
        if len(found) > most:
            raise FieldFlawed(name)
        return found

    def _match(self, name: str, pattern: "re.Pattern[str]", empty: str = "") -> str:
        found = self.raw.get(name, "").strip()
        if not found and name in self.raw and empty:
            return empty
        if not (found.isascii() and pattern.fullmatch(found)):
            raise FieldFlawed(name)
        return found


Row = dict[str, Any]
_Make = Callable[[Fields, Tokens], Row]


@dataclass(frozen=True, slots=True)
class CopyKind:
    """Where records of one kind go.  ``key``: the column of its token; ``tokens`` are found even
    in a record that has a flaw, for its owner must be known; ``figures`` are not."""

    table: sa.Table
    key: str
    key_kind: str
    tokens: _Make
    figures: _Make


def _unit_tokens(said: Fields, tokens: Tokens) -> Row:
    return {"uscc_token": tokens.whole("uscc", normal_uscc(said.raw.get("ZZJGDM", "")))}


def _unit(said: Fields, _tokens: Tokens) -> Row:
    said.text("DWMC")
    return {
        "state": said.code("DWZHZT"), "paid_until": said.month("JZNY"),
        "people": said.count("DWJCRS"), "sealed_people": said.count("DWFCRS"),
        "opened_on": said.day("DWKHRQ"), "closed_on": said.day("DWXHRQ"),
        "balance_fen": said.fen("DWZHYEFEN"), "office": said.short("JGBM", 12),
        "economy": said.short("DWJJLX", 4), "trade": said.short("DWSSHY", 4),
    }  # fmt: skip


def _person_tokens(said: Fields, tokens: Tokens) -> Row:
    paper = comparable_id(said.raw.get("ZJHM", ""), said.raw.get("ZJLX", ""))
    return _of_unit(said, tokens) | {"id_token": tokens.whole("id", paper)}


def _person(said: Fields, _tokens: Tokens) -> Row:
    said.text("ZJHM")
    return {
        "state": said.code("GRZHZT"), "paid_until": said.month("JZNY"),
        "base_fen": said.fen("GRJCJSFEN"), "person_fen": said.fen("GRYJCEFEN"),
        "unit_fen": said.fen("DWYJCEFEN"), "balance_fen": said.fen("GRZHYEFEN"),
        "frozen_fen": said.fen("DJJEFEN"), "opened_on": said.day("KHRQ"),
        "closed_on": said.day("XHRQ"),
    }  # fmt: skip


def _of_unit(said: Fields, tokens: Tokens) -> Row:
    return {"unit_token": tokens.whole("unit", said.raw.get("DWZH", "").strip())}


def _contribution(said: Fields, _tokens: Tokens) -> Row:
    month = said.month("HJNY")
    if not month:
        raise FieldFlawed("HJNY")
    return {
        "first_month": month, "last_month": month, "on_day": said.day("JZRQ"),
        "due_people": said.count("YJRS"), "paid_people": said.count("SJRS"),
        "due_fen": said.fen("YJJEFEN"), "paid_fen": said.fen("SJJEFEN"), "months": 1,
    }  # fmt: skip


def _arrears(said: Fields, _tokens: Tokens) -> Row:
    first, last = said.month("QSNY"), said.month("ZZNY")
    if not 0 < first <= last:
        raise FieldFlawed("QSNY")
    return {
        "first_month": first, "last_month": last, "months": said.count("QJYS"),
        "due_fen": said.fen("QJJEFEN"), "state": said.code("QJZT"),
    }  # fmt: skip


def _penalty(said: Fields, _tokens: Tokens) -> Row:
    day = said.day("JDRQ")
    return {
        "first_month": day // 100, "last_month": day // 100, "on_day": day,
        "due_fen": said.fen("JEFEN"), "state": said.code("CFZT"), "kind_code": said.code("CFLX"),
    }  # fmt: skip


def _loan(said: Fields, _tokens: Tokens) -> Row:
    return {
        "office": said.short("JGBM", 12), "on_day": said.day("DKFFRQ"),
        "since_day": said.day("YQKSRQ"), "days": _between(said.day("DYSLRQ"), said.day("DYBJRQ")),
        "code": said.code("DKDBLX"), "reason": said.short("DKFXDJ", 2),
        "amount_of": said.count("DQYQQS"), "fen": said.fen("DKFFEFEN"),
        "balance_fen": said.fen("DKYEFEN"), "overdue_fen": said.fen("YQBJZEFEN"),
        "interest_fen": said.fen("YQLXZEFEN"),
    }  # fmt: skip


def _business(said: Fields, _tokens: Tokens) -> Row:
    sign = -1 if said.code("CZBZ") == _REVERSAL else 1
    return {
        "office": said.short("JGBM", 12), "on_day": _must(said, "JZRQ"),
        "family": said.code("YWFL"), "code": said.code("YWLX"), "reason": said.short("TQYY", 2),
        "channel": said.short("BLQD", 2), "amount_of": sign, "fen": sign * said.fen("FSEFEN"),
        "balance_fen": sign * said.fen("BJEFEN"), "interest_fen": sign * said.fen("LXEFEN"),
    }  # fmt: skip


def _settlement(said: Fields, _tokens: Tokens) -> Row:
    return {
        "office": said.short("JGBM", 12), "on_day": _must(said, "JSFSRQ"),
        "at_time": said.short("JSFSSJ", 6), "family": said.short("SZFX", 2),
        "code": said.code("ZJYWLX"), "channel": said.short("BLQD", 2),
        "bank": said.short("JSYHDM", 3), "amount_of": 1, "fen": said.fen("FSEFEN"),
    }  # fmt: skip


def _fund(said: Fields, _tokens: Tokens) -> Row:
    return {
        "family": said.code("ZHXZ"), "code": said.code("ZHLX"), "bank": said.short("YHDM", 3),
        "amount_of": 1, "fen": said.fen("YEFEN"),
    }  # fmt: skip


def _service(said: Fields, _tokens: Tokens) -> Row:
    return {
        "on_day": _must(said, "RQ"), "family": said.code("FWLB"), "code": said.short("FL", 10),
        "amount_of": said.count("SL"),
    }  # fmt: skip


def _must(said: Fields, name: str) -> int:
    day = said.day(name)
    if not day:
        raise FieldFlawed(name)
    return day


def _between(first: int, last: int) -> int:
    """Days from YYYYMMDD to YYYYMMDD; -1 when one of them is not there, or they are turned."""
    try:
        days = (_date(last) - _date(first)).days
    except ValueError:
        return -1
    return max(days, -1)


def _date(day: int) -> date:
    return date(day // 10000, day // 100 % 100, day % 100)


def _no_tokens(_said: Fields, _tokens: Tokens) -> Row:
    return {}


def _fact(tokens: "_Make", figures: "_Make") -> "CopyKind":
    return CopyKind(registry_fact, "fact_token", "fact", tokens, figures)


KINDS: Mapping[str, CopyKind] = {
    RecordKind.UNIT: CopyKind(registry_unit, "unit_token", "unit", _unit_tokens, _unit),
    RecordKind.PERSON: CopyKind(
        registry_person, "account_token", "account", _person_tokens, _person
    ),
    RecordKind.CONTRIBUTION: CopyKind(
        registry_entry, "entry_token", "entry", _of_unit, _contribution
    ),
    RecordKind.ARREARS: CopyKind(registry_entry, "entry_token", "entry", _of_unit, _arrears),
    RecordKind.PENALTY: CopyKind(registry_entry, "entry_token", "entry", _of_unit, _penalty),
    RecordKind.LOAN: _fact(_of_unit, _loan),
    RecordKind.BUSINESS: _fact(_of_unit, _business),
    RecordKind.SETTLEMENT: _fact(_no_tokens, _settlement),
    RecordKind.FUND: _fact(_no_tokens, _fund),
    RecordKind.SERVICE: _fact(_no_tokens, _service),
}


def row_of(kind: CopyKind, code: str, key: str, raw: Mapping[str, str], tokens: Tokens) -> Row:
    """The row but for seal, sequence and time; what cannot be read makes a row with a flaw."""
    said = Fields(raw)
    row: Row = {
        column.name: "" if isinstance(column.type, sa.String) else 0
        for column in kind.table.columns
        if column.name not in ("seq", "changed_us", "key_id", "sealed")
    }
    row[kind.key] = tokens.whole(kind.key_kind, key.strip())
    row |= kind.tokens(said, tokens)
    if kind.table in (registry_entry, registry_fact):
        row["kind"] = code
    try:
        row |= kind.figures(said, tokens)
    except FieldFlawed as flaw:
        row["flaw"] = flaw.name
    return row
