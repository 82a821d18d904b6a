"""The core's wire as the core reads and writes it: JSON, money as integers, nothing unknown.

Source: contracts_spec/core/reference/schemas.  Checked by hand here, not by the schema files:
the hub's side is checked by those, and two readings find what one would miss.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from mocks.core.reference.ledger import Item

PREFIX = "/core/v1/"
COMMANDS = ("hold", "post", "release", "reverse")
OPERATIONS: Mapping[str, str] = {
    **{f"{PREFIX}commands/{name}": name for name in COMMANDS},
    f"{PREFIX}accounts/query": "accounts",
    f"{PREFIX}postings/query": "postings",
    f"{PREFIX}holds/query": "holds",
    f"{PREFIX}registry/changes": "changes",
    f"{PREFIX}probe": "probe",
}
MOST_ITEMS = 1000
MOST_ACCOUNTS = 2000
MOST_CHANGES = 2000
MOST_PAYERS = 10
PAGE_ROWS = 2000
LARGEST = 2**53 - 1

BAD_MESSAGE = "1004"
TOO_MANY = "1005"


class Malformed(Exception):
    """The request is not what the contract says; ``code`` is the FHM to answer."""

    def __init__(self, text: str, code: str = BAD_MESSAGE) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class PageAsked:
    """A page of postings or live holds: period YYYYMM, bank, last serial seen (0: none)."""

    period: str
    bank: str
    after: int


@dataclass(frozen=True, slots=True)
class ChangesAsked:
    """Changes after a number, at most ``limit``."""

    after: int
    limit: int


_MATCH: Mapping[str, Callable[[str], object]] = {
    name: re.compile(pattern).fullmatch
    for name, pattern in {
        "QQLSH": r"[0-9A-Za-z]{1,32}",
        "MXBH": r"[0-9A-Za-z]{8,32}",
        "QCNY": r"20[0-9]{2}(0[1-9]|1[0-2])",
        "YHJC": r"[A-Z]{2,8}",
        "XYBH": r"[!-~]{1,30}",
        "JZRQ": r"20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",
        "GRZH": r"[!-~]{1,20}",
        "YB": r"[0-9]{1,19}",
    }.items()
}
_ITEM_FIELDS = ("MXBH", "QCNY", "YHJC", "XYBH", "JZRQ")
_ITEM_ALL = (*_ITEM_FIELDS, "FKR")


def _no_float(text: str) -> object:
    raise Malformed(f"金额必须是整数，不能写成 {text[:24]}")


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a request; numbers with a point or an exponent are refused."""
    try:
        found = json.loads(body.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Malformed(f"不是 UTF-8 的 JSON：{type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Malformed("报文必须是 JSON 对象")
    return found


@lru_cache(maxsize=32)
def _named(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


def _only(raw: object, names: tuple[str, ...], place: str) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.keys() != _named(names):
        raise Malformed(f"{place} 的字段必须恰好是 {'、'.join(names)}")
    return raw


def _text(raw: Mapping[str, Any], name: str, place: str) -> str:
    value = raw[name]
    if not isinstance(value, str) or _MATCH[name](value) is None:
        raise Malformed(f"{place}.{name} 不合规范")
    return value


def _integer(raw: Mapping[str, Any], name: str, least: int, most: int, place: str) -> int:
    value = raw[name]
    if type(value) is not int or not least <= value <= most:
        raise Malformed(f"{place}.{name} 必须是 {least} 到 {most} 的整数")
    return value


def read_items(raw: dict[str, Any]) -> list[Item]:
    """The items of a command."""
    _only(raw, ("QQLSH", "MX"), "报文")
    listed = raw["MX"]
    if not isinstance(listed, list) or not listed:
        raise Malformed("MX 必须是非空数组")
    if len(listed) > MOST_ITEMS:
        raise Malformed(f"MX 最多 {MOST_ITEMS} 条", TOO_MANY)
    items = [_item(each, f"MX[{place}]") for place, each in enumerate(listed)]
    if len({item.number for item in items}) != len(items):
        raise Malformed("同一请求里 MXBH 重复")
    return items


def _item(each: object, place: str) -> Item:
    raw = _only(each, _ITEM_ALL, place)
    number, period, bank, agreement, day = (_text(raw, name, place) for name in _ITEM_FIELDS)
    payers = raw["FKR"]
    if not isinstance(payers, list) or not 1 <= len(payers) <= MOST_PAYERS:
        raise Malformed(f"{place}.FKR 必须是 1 到 {MOST_PAYERS} 个付款账户")
    given = []
    for one in payers:
        payer = _only(one, ("GRZH", "FSEFEN"), f"{place}.FKR")
        amount = _integer(payer, "FSEFEN", 1, LARGEST, f"{place}.FKR")
        given.append((_text(payer, "GRZH", f"{place}.FKR"), amount))
    return Item(number, period, bank, agreement, tuple(given), day)


def read_accounts(raw: dict[str, Any]) -> list[str]:
    """The account numbers asked for."""
    _only(raw, ("QQLSH", "GRZH"), "报文")
    listed = raw["GRZH"]
    if not isinstance(listed, list) or not listed:
        raise Malformed("GRZH 必须是非空数组")
    if len(listed) > MOST_ACCOUNTS:
        raise Malformed(f"GRZH 最多 {MOST_ACCOUNTS} 个", TOO_MANY)
    numbers = [_text({"GRZH": each}, "GRZH", "GRZH[]") for each in listed]
    if len(set(numbers)) != len(numbers):
        raise Malformed("GRZH 重复")
    return numbers


def read_page(raw: dict[str, Any]) -> PageAsked:
    """Which page of postings or holds."""
    _only(raw, ("QQLSH", "QCNY", "YHJC", "YB"), "报文")
    after = 0 if raw["YB"] is None else int(_text(raw, "YB", "报文"))
    return PageAsked(_text(raw, "QCNY", "报文"), _text(raw, "YHJC", "报文"), after)


def read_changes(raw: dict[str, Any]) -> ChangesAsked:
    """From which change on."""
    _only(raw, ("QQLSH", "XH", "TS"), "报文")
    return ChangesAsked(
        _integer(raw, "XH", 0, LARGEST, "报文"), _integer(raw, "TS", 1, MOST_CHANGES, "报文")
    )


def read_probe(raw: dict[str, Any]) -> None:
    """A probe says nothing."""
    _only(raw, ("QQLSH",), "报文")


def serial(raw: Mapping[str, Any]) -> str:
    """QQLSH where it can be read, else "0"."""
    value = raw.get("QQLSH")
    return value if isinstance(value, str) and _MATCH["QQLSH"](value) else "0"


def write(code: str, text: str, asked: str, now: datetime, data: Mapping[str, object]) -> bytes:
    """A reply: the common fields, then ``data``."""
    head = {"FHM": code, "FHXX": text, "QQLSH": asked, "HXSJ": now.isoformat("T", "milliseconds")}
    return msgspec.json.encode({**head, **data})
