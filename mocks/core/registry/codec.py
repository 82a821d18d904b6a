"""The registry's requests, read by hand and not by the schema files: two readings find what one
would miss.  Source: contracts_spec/core/registry/schemas.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mocks.core.reference.codec import LARGEST, TOO_MANY, ChangesAsked, Malformed

PREFIX = "/core/registry/v1/"
APPLY: Mapping[str, str] = {
    "units/open": "unit_open", "units/change": "unit_change", "accounts/seal": "account_seal",
    "accounts/unseal": "account_unseal", "withdrawals/apply": "withdrawal",
}  # fmt: skip
OTHERS: Mapping[str, str] = {
    "applications/cancel": "cancel", "applications/query": "inquire", "persons/query": "persons",
    "changes": "changes", "probe": "probe",
}  # fmt: skip
OPERATIONS = {f"{PREFIX}{path}": f"registry.{name}" for path, name in {**APPLY, **OTHERS}.items()}
WRITES = (*APPLY.values(), "cancel")
MOST_APPLICATIONS = 1000
MOST_PERSONS = 200
MOST_CHANGES = 2000
MOST_FIELDS = 20
CHANGEABLE = (
    "DWMC", "DWDZ", "DWFRDBXM", "DWFRDBZJLX", "DWFRDBZJHM", "DWYB", "DWDZXX", "JBRXM", "JBRSJHM",
)  # fmt: skip

_DAY = r"20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
_TEXT = {
    "SQBH": r"[0-9A-Za-z]{8,32}", "DWZH": r"[!-~]{1,20}", "GRZH": r"[!-~]{1,20}", "RQ": _DAY,
    "ZZJGDM": r"[0-9A-HJ-NPQRTUWXY]{18}", "DWMC": r"(?s).{1,255}", "DWDZ": r"(?s).{0,255}",
    "DWFRDBXM": r"(?s).{1,120}", "DWFRDBZJLX": r"[0-9]{2}", "DWFRDBZJHM": r"(?s).{1,30}",
    "JBRXM": r"(?s).{0,120}", "JBRSJHM": r"(?s).{0,20}", "DWJCBL": r"0\.[0-9]{2}",
    "GRJCBL": r"0\.[0-9]{2}", "YY": r"(?s).{0,100}", "XingMing": r"(?s).{1,120}",
    "ZJLX": r"[0-9]{2}", "ZJHM": r"(?s).{1,30}", "TQYY": r"03|01", "SKZHHM": r"[0-9]{8,30}",
    "SKZHMC": r"(?s).{1,120}", "SKYHMC": r"(?s).{0,255}", "SKYHDM": r"([0-9]{3})?",
    "ZDM": "|".join(CHANGEABLE), "JZ": r"(?s).{0,255}", "XZ": r"(?s).{0,255}",
}  # fmt: skip
_MATCH = {name: re.compile(pattern).fullmatch for name, pattern in _TEXT.items()}
_PART = "01"  # TQYY 购买: a part of the balance
_SEAL = ("GRZH", "DWZH", "YY", "RQ")
_FIELDS: Mapping[str, Sequence[str]] = {
    "unit_open": ("DWMC", "ZZJGDM", "DWDZ", "DWFRDBXM", "DWFRDBZJLX", "DWFRDBZJHM", "JBRXM",
                  "JBRSJHM", "DWJCBL", "GRJCBL"),
    "unit_change": ("DWZH", "BG"),
    "account_seal": _SEAL,
    "account_unseal": _SEAL,
    "withdrawal": ("GRZH", "XingMing", "ZJLX", "ZJHM", "TQYY", "SKZHHM", "SKZHMC", "SKYHMC",
                   "SKYHDM"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One application: ``content`` is everything but its number."""

    number: str
    kind: str
    content: Mapping[str, Any]

    def sameness(self) -> str:
        """What must not differ under a known number."""
        return json.dumps([self.kind, self.content], ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Applications to be cancelled or looked at."""

    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Papers:
    """People asked for: (ZJLX, ZJHM)."""

    papers: tuple[tuple[str, str], ...]


def reader(operation: str) -> Callable[[dict[str, Any]], object]:
    """What reads this operation's request."""
    name = operation.removeprefix("registry.")
    if name in _FIELDS:
        return lambda raw: _applications(name, raw)
    return {"cancel": _numbers, "inquire": _numbers, "persons": _papers, "changes": _changes,
            "probe": _probe}[name]  # fmt: skip


def _only(raw: object, names: Sequence[str], place: str) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.keys() != set(names):
        raise Malformed(f"{place} 的字段必须恰好是 {'、'.join(names)}")
    return raw


def _text(raw: Mapping[str, Any], name: str, place: str) -> str:
    value = raw[name]
    if not isinstance(value, str) or _MATCH[name](value) is None:
        raise Malformed(f"{place}.{name} 不合规范")
    return value


def _listed(raw: dict[str, Any], name: str, most: int, place: str = "报文") -> list[Any]:
    listed = raw[name]
    if not isinstance(listed, list) or not listed:
        raise Malformed(f"{place}.{name} 必须是非空数组")
    if len(listed) > most:
        raise Malformed(f"{place}.{name} 最多 {most} 条", TOO_MANY)
    return listed


def _applications(kind: str, raw: dict[str, Any]) -> list[Asked]:
    _only(raw, ("QQLSH", "SQ"), "报文")
    found = [_application(kind, one) for one in _listed(raw, "SQ", MOST_APPLICATIONS)]
    if len({one.number for one in found}) != len(found):
        raise Malformed("同一请求里 SQBH 重复")
    return found


def _application(kind: str, each: object) -> Asked:
    names = _FIELDS[kind]
    content: dict[str, Any] = {}
    if kind == "withdrawal" and isinstance(each, dict) and each.get("TQYY") == _PART:
        raw = _only(each, ("SQBH", *names, "TQJEFEN"), "SQ")
        if type(raw["TQJEFEN"]) is not int or not 1 <= raw["TQJEFEN"] <= LARGEST:
            raise Malformed("SQ.TQJEFEN 必须是正整数（分）")
        content["TQJEFEN"] = raw["TQJEFEN"]
    else:
        raw = _only(each, ("SQBH", *names), "SQ")
    for name in names:
        if name == "BG":
            rows = [_only(one, ("ZDM", "JZ", "XZ"), "BG") for one in
                    _listed(raw, "BG", MOST_FIELDS, "SQ")]  # fmt: skip
            content["BG"] = [
                {part: _text(one, part, "BG") for part in ("ZDM", "JZ", "XZ")} for one in rows
            ]
        else:
            content[name] = _text(raw, name, "SQ")
    return Asked(_text(raw, "SQBH", "SQ"), kind, content)


def _numbers(raw: dict[str, Any]) -> Numbers:
    _only(raw, ("QQLSH", "SQBH"), "报文")
    listed = _listed(raw, "SQBH", MOST_APPLICATIONS)
    found = tuple(_text({"SQBH": one}, "SQBH", "SQBH[]") for one in listed)
    if len(set(found)) != len(found):
        raise Malformed("SQBH 重复")
    return Numbers(found)


def _papers(raw: dict[str, Any]) -> Papers:
    _only(raw, ("QQLSH", "ZJ"), "报文")
    listed = [_only(one, ("ZJLX", "ZJHM"), "ZJ") for one in _listed(raw, "ZJ", MOST_PERSONS)]
    return Papers(tuple((_text(one, "ZJLX", "ZJ"), _text(one, "ZJHM", "ZJ")) for one in listed))


def _changes(raw: dict[str, Any]) -> ChangesAsked:
    _only(raw, ("QQLSH", "XH", "TS"), "报文")
    for name, least, most in (("XH", 0, LARGEST), ("TS", 1, MOST_CHANGES)):
        if type(raw[name]) is not int or not least <= raw[name] <= most:
            raise Malformed(f"{name} 必须是 {least} 到 {most} 的整数")
    return ChangesAsked(raw["XH"], raw["TS"])


def _probe(raw: dict[str, Any]) -> None:
    _only(raw, ("QQLSH",), "报文")
