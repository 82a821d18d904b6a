"""The first answer to an application, by units and accounts as they are now, and its effect.

Source: contracts_spec/core/registry/ordering.yaml, ``first``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mocks.core.registry import rules
from mocks.core.registry.storage import Register

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ID_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_SEALED, _NORMAL, _CLOSED_UNIT, _OPENED_UNIT = "02", "01", "04", "02"
_IN_UNITS = {"DWMC": "dwmc", "DWDZ": "dwdz", "DWFRDBXM": "dwfrdbxm", "DWFRDBZJHM": "dwfrdbzjhm"}
_IN_ACCOUNTS = {
    "DWFRDBZJLX": "dwfrdbzjlx", "DWYB": "dwyb", "DWDZXX": "dwdzxx", "JBRXM": "jbrxm",
    "JBRSJHM": "jbrsjhm",
}  # fmt: skip


@dataclass(slots=True)
class First:
    """A code, the state it leads to (None: nothing is recorded), and what the answer tells."""

    code: str
    state: str | None
    told: dict[str, Any] = field(default_factory=dict)
    account: str = ""


def _refused(code: str, **told: Any) -> First:
    return First(code, rules.REFUSED, told)


def good_uscc(code: str) -> bool:
    """GB 32100's check character."""
    total = sum(_USCC.index(c) * w for c, w in zip(code[:17], _USCC_WEIGHTS, strict=True))
    return _USCC[-total % 31] == code[17]


def long_id(number: str, kind: str) -> str:
    """An ID card's 18-character form (GB 11643); other papers trimmed and in upper case."""
    clean = number.strip().upper()
    if kind == "01" and len(clean) == 15 and clean.isdigit():
        first = clean[:6] + "19" + clean[6:]
        check = sum(int(d) * w for d, w in zip(first, _ID_WEIGHTS, strict=True)) % 11
        return first + "10X98765432"[check]
    return clean


class Deciding:
    """First answers.  ``day`` YYYYMMDD and ``now_us`` are business time."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._storage = register.storage

    def first(self, kind: str, asked: Mapping[str, Any], day: str, now_us: int) -> First:
        """Decide and carry out, inside the caller's transaction."""
        match kind:
            case "unit_open":
                return self._open(asked, day, now_us)
            case "unit_change":
                return self._change(asked, day, now_us)
            case "account_seal":
                return self._seal(asked, _SEALED, day, now_us)
            case "account_unseal":
                return self._seal(asked, _NORMAL, day, now_us)
            case _:
                return self._withdraw(asked)

    def touch(self, table: str, key: str, value: str, now_us: int) -> None:
        """A record changed: it stands in the feed anew."""
        self._storage.run(
            f"UPDATE {table} SET seq = ?, changed_us = ? WHERE {key} = ?",
            (self._register.books.take_sequence(1), now_us, value),
        )

    def _open(self, asked: Mapping[str, Any], day: str, now_us: int) -> First:
        if not good_uscc(asked["ZZJGDM"]):
            return _refused(rules.BAD)
        stands = self._storage.value(
            "SELECT dwzh FROM units WHERE tyshxydm = ? AND dwzhzt <> ?",
            (asked["ZZJGDM"], _CLOSED_UNIT),
        )
        if stands is not None:
            return _refused(rules.ALREADY_OPEN, DWZH=stands)
        last = self._storage.value("SELECT MAX(dwzh) FROM units WHERE dwzh GLOB '5227*'")
        dwzh = f"{int(last or '522700000000') + 1:012d}"
        self._storage.run(
            "INSERT INTO units (dwzh, dwmc, tyshxydm, dwdz, dwfrdbxm, dwfrdbzjhm, dwzhzt, dwjcbl,"
            " grjcbl, jzny, seq, changed_us) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (dwzh, asked["DWMC"], asked["ZZJGDM"], asked["DWDZ"], asked["DWFRDBXM"],
             asked["DWFRDBZJHM"], _OPENED_UNIT, asked["DWJCBL"], asked["GRJCBL"], day[:6],
             self._register.books.take_sequence(1), now_us),
        )  # fmt: skip
        self._storage.run(
            "INSERT INTO unit_accounts (dwzh, dwfrdbzjlx, jbrxm, jbrsjhm, dwkhrq)"
            " VALUES (?,?,?,?,?)",
            (dwzh, asked["DWFRDBZJLX"], asked["JBRXM"], asked["JBRSJHM"], day),
        )
        return First(rules.OK, rules.DONE, {"DWZH": dwzh, "BJRQ": day})

    def _change(self, asked: Mapping[str, Any], day: str, now_us: int) -> First:
        dwzh, changes = asked["DWZH"], asked["BG"]
        state = self._storage.value("SELECT dwzhzt FROM units WHERE dwzh = ?", (dwzh,))
        if state is None:
            return _refused(rules.NOT_FOUND)
        if state == _CLOSED_UNIT:
            return _refused(rules.STATE)
        if len({one["ZDM"] for one in changes}) != len(changes):
            return _refused(rules.BAD)
        self._storage.run("INSERT OR IGNORE INTO unit_accounts (dwzh) VALUES (?)", (dwzh,))
        differ = [
            {"ZDM": one["ZDM"], "JZ": stands, "XZ": one["XZ"]}
            for one in changes
            if (stands := self._field(dwzh, one["ZDM"])) != one["JZ"]
        ]
        if differ:
            return _refused(rules.OLD_VALUE, CY=differ)
        for one in changes:
            table, column = _place(one["ZDM"])
            sql = f"UPDATE {table} SET {column} = ? WHERE dwzh = ?"
            self._storage.run(sql, (one["XZ"], dwzh))
        self.touch("units", "dwzh", dwzh, now_us)
        return First(rules.OK, rules.DONE, {"BJRQ": day})

    def _field(self, dwzh: str, name: str) -> str:
        table, column = _place(name)
        return str(self._storage.value(f"SELECT {column} FROM {table} WHERE dwzh = ?", (dwzh,)))

    def _seal(self, asked: Mapping[str, Any], to: str, day: str, now_us: int) -> First:
        found = self._storage.row("SELECT dwzh, grzhzt FROM persons WHERE grzh = ?",
                                  (asked["GRZH"],))  # fmt: skip
        if found is None or found[0] != asked["DWZH"]:
            return _refused(rules.NOT_FOUND)
        if found[1] not in (_NORMAL, _SEALED):
            return First(rules.STATE, rules.REFUSED, account=asked["GRZH"])
        if found[1] != to:
            sql = "UPDATE persons SET grzhzt = ? WHERE grzh = ?"
            self._storage.run(sql, (to, asked["GRZH"]))
            self.touch("persons", "grzh", asked["GRZH"], now_us)
            self.touch("units", "dwzh", asked["DWZH"], now_us)
        told = {"BJRQ": day, "YZT": found[1]}
        return First(rules.OK, rules.DONE, told, account=asked["GRZH"])

    def _withdraw(self, asked: Mapping[str, Any]) -> First:
        found = self._storage.row(
            "SELECT xingming, zjlx, zjhm, grzhzt, frozen, held, balance FROM persons"
            " WHERE grzh = ?",
            (asked["GRZH"],),
        )
        if found is None:
            return _refused(rules.NOT_FOUND)
        name, kind, number, state, frozen, held, balance = found
        same = (name.strip(), kind, long_id(number, kind)) == (
            asked["XingMing"].strip(), asked["ZJLX"], long_id(asked["ZJHM"], asked["ZJLX"]),
        )  # fmt: skip
        why = "" if same else rules.IDENTITY
        if same and (state not in (_NORMAL, _SEALED) or frozen):
            why = rules.STATE
        if not why and self._under_way(asked["GRZH"]):
            why = rules.IN_PROGRESS
        if not why and asked.get("TQJEFEN", 0) > balance:
            why = rules.BAD
        if why:
            return _refused(why)
        if held:
            return First(rules.HOLD, None)
        self._storage.run("UPDATE persons SET open_case = 1 WHERE grzh = ?", (asked["GRZH"],))
        return First(rules.OK, rules.ACCEPTED, account=asked["GRZH"])

    def _under_way(self, grzh: str) -> bool:
        return bool(
            self._storage.value(
                "SELECT 1 FROM applications WHERE grzh = ? AND kind = 'withdrawal'"
                " AND state IN ('01', '02')",
                (grzh,),
            )
        )


def _place(name: str) -> tuple[str, str]:
    if name in _IN_UNITS:
        return "units", _IN_UNITS[name]
    return "unit_accounts", _IN_ACCOUNTS[name]
