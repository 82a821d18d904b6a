"""The registry's part of the core's control plane."""

from collections.abc import Callable, Sequence

from mocks.core.registry import rules
from mocks.core.registry.desk import Desk
from mocks.core.registry.load import TABLES, put
from mocks.core.registry.storage import Register
from mocks.core.registry.views import RegistryViews
from mocks.kit.messages import Answer
from mocks.kit.partner import Control, ControlCall, ControlError, answer_csv, answer_json

_FILES = {name.removesuffix(".csv"): table for name, table in TABLES.items()}


class RegistryControl:
    """What a tester may do to applications and records."""

    def __init__(
        self, register: Register, desk: Desk, views: RegistryViews, now_us: Callable[[], int]
    ) -> None:
        self._register, self._desk, self._views, self._now_us = register, desk, views, now_us

    def routes(self) -> Sequence[Control]:
        """The routes, with what each expects."""
        return (
            Control("GET", "/registry/applications.csv", "登记申请及状态", self._applications),
            Control("POST", "/registry/applications",
                    '推进申请：{"SQBH", "SQZT": "02" 审核中 | "03" 办结 | "04" 不予办理}',
                    self._advance),
            Control("POST", "/registry/pace",
                    '{"manual": true} 只由控制接口推进；false（缺省）每查证一次推进一步',
                    self._pace),
            Control("POST", "/registry/held",
                    '账户的占用（不经指令）：{"GRZH", "fen"}；对冲指令照常另计', self._held),
            Control("POST", "/registry/{table}/records",
                    "登记或改写一行（" + "、".join(_FILES) + '）：{"set": [{字段…}]}，金额为元',
                    self._records),
        )  # fmt: skip

    def _applications(self, _: ControlCall) -> Answer:
        return answer_csv(self._views.applications_csv())

    def _pace(self, call: ControlCall) -> Answer:
        with self._register.storage.write():
            self._desk.set_manual(bool(call.body.get("manual", False)))
        return answer_json({"manual": self._desk.manual})

    def _held(self, call: ControlCall) -> Answer:
        grzh, fen = call.body.get("GRZH"), call.body.get("fen")
        if type(fen) is not int or fen < 0:
            raise ControlError("fen 是不小于 0 的整数（分）")
        with self._register.storage.write():
            sql = "UPDATE persons SET held = ? WHERE grzh = ? AND balance >= ?"
            if self._register.storage.run(sql, (fen, grzh, fen)) != 1:
                raise ControlError("没有这个账户，或余额不足", 409)
        return answer_json({"GRZH": grzh, "held": fen})

    def _advance(self, call: ControlCall) -> Answer:
        number, to = str(call.body.get("SQBH", "")), str(call.body.get("SQZT", ""))
        row = self._register.storage.row(
            "SELECT state, grzh FROM applications WHERE sqbh = ? AND kind = 'withdrawal'",
            (number,),
        )
        if row is None or row[0] not in rules.OPEN:
            raise ControlError("没有这个在办的提取申请", 404)
        with self._register.storage.write():
            if to == rules.REVIEW and row[0] == rules.ACCEPTED:
                self._desk.step(number)
            elif to == rules.DONE:
                done = self._desk.finish(number, row[1])
                return answer_json({"SQZT": rules.DONE if done else rules.REVIEW})
            elif to == rules.REFUSED:
                self._desk.refuse(number, row[1])
            else:
                raise ControlError("SQZT 是 02、03 或 04，且只能向前")
        return answer_json({"SQZT": to})

    def _records(self, call: ControlCall) -> Answer:
        table, listed = _FILES.get(call.parts["table"]), call.body.get("set")
        if table is None:
            raise ControlError(f"没有 {call.parts['table']}；可用：{'、'.join(_FILES)}", 404)
        if not isinstance(listed, list) or not all(
            isinstance(one, dict) and one.keys() == table.columns.keys() for one in listed
        ):
            raise ControlError(f"set 的每行恰好有 {'、'.join(table.columns)}")
        with self._register.storage.write():
            try:
                for one in listed:
                    put(self._register, table, {k: str(v) for k, v in one.items()}, self._now_us())
                    if not table.fed:  # it stands in its unit's record
                        self._desk.unit_changed(str(one["DWZH"]))
            except ValueError as error:
                raise ControlError(str(error)) from error
        return answer_json({"changed": len(listed)})
