"""The core's own part of the control plane: accounts, units, planted postings, CSV, day-end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mocks.core.reference.load import yuan_to_fen
from mocks.core.reference.rules import CLOSED, State
from mocks.core.reference.storage import Books
from mocks.core.reference.views import Views, serial_text
from mocks.kit.messages import Answer
from mocks.kit.partner import Control, ControlCall, ControlError, answer_csv, answer_json

OPEN = "01"
DAY_END = "02"
_CORE_STATE = "core_state"
_PERSON = {
    "XingMing": "xingming", "ZJLX": "zjlx", "ZJHM": "zjhm", "SJHM": "sjhm", "GRZHZT": "grzhzt",
    "GRZHYE": "balance", "DJJE": "frozen", "case": "open_case",
}  # fmt: skip
_UNIT = {
    "DWMC": "dwmc", "TYSHXYDM": "tyshxydm", "DWDZ": "dwdz", "DWFRDBXM": "dwfrdbxm",
    "DWFRDBZJHM": "dwfrdbzjhm", "DWZHZT": "dwzhzt",
}  # fmt: skip
_POSTING = ("number", "GRZH", "amount_fen", "CZBZ", "booked_on", "bank", "period")


class CoreControl:
    """What a tester may do to the core's books."""

    def __init__(self, books: Books, views: Views, now_us: Callable[[], int]) -> None:
        self._books = books
        self._storage = books.storage
        self._views = views
        self._now_us = now_us

    def routes(self) -> Sequence[Control]:
        """The routes, with what each expects."""
        return tuple(
            Control(*one)
            for one in (
                ("GET", "/postings.csv", "全部入账流水", self._postings),
                ("GET", "/holds.csv", "在途占用，每付款账户一行", self._holds),
                ("GET", "/items.csv", "全部明细及状态", self._items),
                ("GET", "/accounts/{GRZH}", "一个账户", self._account),
                ("POST", "/accounts",
                 '改账户：{"set": [{"GRZH", "GRZHYE", "DJJE", "GRZHZT", "case", …}], '
                 '"force": false}；金额为元', self._set_accounts),
                ("POST", "/units", '改单位：{"set": [{"DWZH", "DWZHZT", …}]}', self._set_units),
                ("POST", "/postings",
                 '植入一笔没有指令的流水：{"number", "GRZH", "amount_fen", "CZBZ", '
                 '"booked_on", "bank", "period"}', self._plant),
                ("POST", "/core", '{"HXZT": "01"|"02", "accounting_day": "YYYYMMDD"}',
                 self._set_core),
            )
        )  # fmt: skip

    def core_state(self) -> str:
        """HXZT: open, or in its day-end."""
        return self._books.notes.get(_CORE_STATE) or OPEN

    def _postings(self, _: ControlCall) -> Answer:
        return answer_csv(self._views.postings_csv())

    def _holds(self, _: ControlCall) -> Answer:
        return answer_csv(self._views.items_csv(State.HELD))

    def _items(self, _: ControlCall) -> Answer:
        return answer_csv(self._views.items_csv(None))

    def _account(self, call: ControlCall) -> Answer:
        found = self._views.accounts([call.parts["GRZH"]])["ZH"]
        if not isinstance(found, list) or not found:
            raise ControlError("没有这个账户", 404)
        return answer_json(found[0])

    def _set_accounts(self, call: ControlCall) -> Answer:
        force = bool(call.body.get("force", False))
        with self._storage.write():
            for asked in _listed(call):
                self._set_account(asked, force=force)
        return answer_json({"changed": len(_listed(call))})

    def _set_account(self, asked: Mapping[str, Any], *, force: bool) -> None:
        fields = _columns(asked, "GRZH", _PERSON)
        found = self._storage.row("SELECT held FROM persons WHERE grzh = ?", (asked["GRZH"],))
        if found is None:
            raise ControlError(f"没有账户 {asked['GRZH']}", 404)
        held = int(found[0])
        if held and not force:
            if fields.get("grzhzt") in CLOSED:
                raise ControlError(f"3001 有在途对冲业务：{asked['GRZH']}", 409)
            if "GRZHYE" in asked and yuan_to_fen(str(asked["GRZHYE"])) < held:
                raise ControlError(f"3002 占用中的金额不可动用：{asked['GRZH']}", 409)
        self._update("persons", "grzh", str(asked["GRZH"]), fields)

    def _set_units(self, call: ControlCall) -> Answer:
        with self._storage.write():
            for asked in _listed(call):
                self._update("units", "dwzh", str(asked["DWZH"]), _columns(asked, "DWZH", _UNIT))
        return answer_json({"changed": len(_listed(call))})

    def _update(self, table: str, key: str, value: str, fields: Mapping[str, object]) -> None:
        changed = {
            **fields,
            "seq": self._books.take_sequence(1),
            "changed_us": self._now_us(),
        }
        names = ", ".join(f"{name} = ?" for name in changed)
        sql = f"UPDATE {table} SET {names} WHERE {key} = ?"
        if self._storage.run(sql, (*changed.values(), value)) != 1:
            raise ControlError(f"没有 {value}", 404)

    def _plant(self, call: ControlCall) -> Answer:
        missing = [name for name in _POSTING if name not in call.body]
        if missing:
            raise ControlError(f"缺字段：{'、'.join(missing)}")
        number, grzh, amount, czbz, *rest = (call.body[name] for name in _POSTING)
        if type(amount) is not int or amount < 1 or czbz not in ("01", "02"):
            raise ControlError("amount_fen 必须是正整数（分），CZBZ 是 01 或 02")
        change = amount if czbz == "02" else -amount
        with self._storage.write():
            done = self._storage.run(
                "UPDATE persons SET balance = balance + ?, seq = ?, changed_us = ?"
                " WHERE grzh = ? AND balance + ? >= held",
                (change, self._books.take_sequence(1), self._now_us(), grzh, change),
            )
            if done != 1:
                raise ControlError("没有这个账户，或余额不足", 409)
            serial = self._storage.insert(
                "INSERT INTO postings (number, grzh, amount, czbz, booked_on, bank, period,"
                " planted) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
                (number, grzh, amount, czbz, *rest),
            )
        return answer_json({"serial": serial_text(serial)}, 201)

    def _set_core(self, call: ControlCall) -> Answer:
        with self._storage.write():
            if "HXZT" in call.body:
                if call.body["HXZT"] not in (OPEN, DAY_END):
                    raise ControlError("HXZT 是 01 或 02")
                self._books.notes.put(_CORE_STATE, call.body["HXZT"])
            if "accounting_day" in call.body:
                self._books.set_accounting_day(str(call.body["accounting_day"]))
        return answer_json(
            {"HXZT": self.core_state(), "accounting_day": self._books.accounting_day()}
        )


def _listed(call: ControlCall) -> Sequence[Mapping[str, Any]]:
    asked = call.body.get("set")
    if not isinstance(asked, list) or not asked:
        raise ControlError('请求体是 {"set": [ … ]}')
    return asked


def _columns(asked: Mapping[str, Any], key: str, known: Mapping[str, str]) -> dict[str, object]:
    strange = asked.keys() - known.keys() - {key}
    if strange or key not in asked or len(asked) < 2:
        raise ControlError(f"要有 {key} 和要改的字段；可改：{'、'.join(known)}")
    fields: dict[str, object] = {}
    for name, value in asked.items():
        if name in ("GRZHYE", "DJJE"):
            fields[known[name]] = yuan_to_fen(str(value))
        elif name == "case":
            fields[known[name]] = int(bool(value))
        elif name != key:
            fields[known[name]] = str(value)
    return fields
