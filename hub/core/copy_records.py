"""Records of the feed as rows of the copy.  Source: contracts_spec/core/registry README §5.2."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub.core.copy_tables import registry_entry, registry_person, registry_unit
from hub.crypto.tokens import Tokens
from hub.kernel.identity import comparable_id, normal_uscc
from hub.ports.registry import RecordKind

_MONTH = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])")
_DAY = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_COUNT = re.compile(r"[0-9]{1,9}")
_FEN = re.compile(r"-?[0-9]{1,16}")
_CODE = re.compile(r"[0-9]{2}")


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
        "balance_fen": said.fen("DWZHYEFEN"),
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
    if kind.table is registry_entry:
        row["kind"] = code
    try:
        row |= kind.figures(said, tokens)
    except FieldFlawed as flaw:
        row["flaw"] = flaw.name
    return row
