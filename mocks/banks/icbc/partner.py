"""The mock of 工商银行 put together, with its part of the control plane."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mocks.banks.icbc.book import LoanBook
from mocks.banks.icbc.client import ClientFile
from mocks.banks.icbc.contract import contract
from mocks.banks.icbc.desk import Desk
from mocks.banks.icbc.ledger import CREDIT, OTHER, OUT, SHAPES, Coming, Entry, Ledger
from mocks.banks.icbc.nc import ApiPort, SignPort
from mocks.banks.icbc.orders import minds
from mocks.banks.icbc.payments import Payments
from mocks.banks.icbc.queries import Queries
from mocks.banks.icbc.registrations import Registrations
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.partner import (
    Control,
    ControlCall,
    ControlError,
    Partner,
    Site,
    answer_csv,
    answer_json,
)

_BOTH = {"rows": True}
_ROWS_ONLY = {"rows": True, "calls": False}
FAULTS: Mapping[str, FaultKind] = {
    "late": FaultKind("已入账，但到第 inquiries 次查询或 seconds 秒为止都说处理中", **_BOTH),
    "twice": FaultKind("只入账一次，应答里出现两次", **_BOTH),
    "lost": FaultKind("已入账，各种应答里都没有这一行，只有按号查询才知道", **_ROWS_ONLY),
    "batch_lost": FaultKind("整批已入账，连接重置，按批次查询说查无，按号查询才知道"),
    "book_after_not_found": FaultKind(
        "请求还在路上：先不入账、不应答，等查询答了“查无”（再过 seconds 秒）才入账", **_BOTH
    ),
    "not_found": FaultKind("查询说查无，不论是否已入账"),
    "wrong_total": FaultKind("应答的总笔数、总金额（差 fen 分）不对"),
    "small_pages": FaultKind("对账单、应还明细每页只给 rows 行（缺省 40），其余在后面的页"),
    "wrong_amount": FaultKind("入账金额差 fen 分（缺省 1）", **_ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **_BOTH),
    "system_error": FaultKind("系统异常 B9999，行上是 98/A1998；when=before 不入账", **_BOTH),
    "nc_error": FaultKind("NC 自身的错误 errorCode=（code，缺省 -7）；when=before 不入账"),
    "signature_refused": FaultKind("验签失败 B0101；在 sign 端点是 -10；不入账"),
    "expired_token": FaultKind("凭证失效 B0102；在 sign 端点是证书过期 -11；不入账"),
    "wrong_charset": FaultKind("应答写着 GBK，实为 UTF-16"),
    "answer": FaultKind("照 answer 回答：整包 RetCode、RetMsg，核验 CheckCode，行上各域", **_BOTH),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Icbc(site)


class Icbc:
    """One bank: book, ledger, instructions, registrations, behind an NC."""

    def __init__(self, site: Site) -> None:
        self._storage = site.storage
        self._clock = site.clock
        self._contract = contract()
        self._clients = ClientFile(site, self._contract)
        self._book = LoanBook(site)
        self._ledger = Ledger(site.storage, site.clock)
        self._payments = Payments(site.storage, self._book, self._ledger, site.clock)
        self._registrations = Registrations(site.storage, self._book)
        limit = self._contract.limit("page_rows")
        self._desk = Desk(
            contract=self._contract,
            clients=self._clients,
            payments=self._payments,
            queries=Queries(self._book, self._ledger, site.clock, limit),
            registrations=self._registrations,
            ledger=self._ledger,
            clock=site.clock,
        )

    def services(self) -> Mapping[str, Service]:
        """``api`` and ``sign``."""
        return {
            "api": ApiPort(self._contract, self._clients, self._desk, self._clock),
            "sign": SignPort(self._contract, self._clients),
        }

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """See ``FAULTS``."""
        return FAULTS

    def controls(self) -> Sequence[Control]:
        """The bank's routes."""
        return (
            Control("GET", "/credits.csv", "账户全部分录：入账、退票、冲正、其他", self._credits),
            Control("GET", "/batches.csv", "收到过的批次：批次号、行序、指令号", self._batches),
            Control("GET", "/totals", "各类分录的笔数与金额（分）", self._totals),
            Control("GET", "/client", "客户号、证书 ID、账户、接入凭证", self._client),
            Control("POST", "/client", "改其中几项；keep_hours=false 不管服务时间", self._change),
            Control("GET", "/balance", "划款账户余额（分）", self._balance),
            Control("POST", "/balance", '设余额 {"fen": 0}', self._set_balance),
            Control("GET", "/instructions/{number}", "银行怎样看一条指令", self._instruction),
            Control("GET", "/rows/{JKHTBH}", "一笔贷款在账上的样子，含 KKJG", self._row),
            Control("POST", "/rows/{JKHTBH}", '改 KKJG {"KKJG": "1001"}', self._set_row),
            Control("POST", "/returns", "退回一笔：number，day，shape 退票|冲正，with_number",
                    self._return),
            Control("POST", "/plant", "造差异：shape unordered|missing|off|doubled", self._plant),
        )  # fmt: skip

    def reset(self) -> None:
        """As after loading: no instruction, no credit, KKJG as in the file."""
        with self._storage.write():
            self._payments.reset()
            self._ledger.reset()
            self._registrations.reset()
            self._book.reset()

    def _credits(self, _: ControlCall) -> Answer:
        self._desk.catch_up()
        return answer_csv(self._ledger.export())

    def _batches(self, _: ControlCall) -> Answer:
        return answer_csv(self._payments.export_batches())

    def _totals(self, _: ControlCall) -> Answer:
        self._desk.catch_up()
        return answer_json(self._ledger.totals())

    def _client(self, _: ControlCall) -> Answer:
        return answer_json(self._clients.shown())

    def _change(self, call: ControlCall) -> Answer:
        self._clients.change(dict(call.body))
        return answer_json(self._clients.shown())

    def _balance(self, _: ControlCall) -> Answer:
        self._desk.catch_up()
        return answer_json({"fen": self._ledger.balance()})

    def _set_balance(self, call: ControlCall) -> Answer:
        self._ledger.set_balance(_integer(call, "fen"))
        return self._balance(call)

    def _instruction(self, call: ControlCall) -> Answer:
        held = self._payments.known(call.parts["number"])
        if held is None:
            raise ControlError(f"没有指令 {call.parts['number']}", 404)
        names = ("number", "batch", "loan", "fen", "credited", "result", "code", "shape", "asked")
        return answer_json({name: getattr(held, name) for name in (*names, "serial")})

    def _row(self, call: ControlCall) -> Answer:
        number = call.parts["JKHTBH"]
        found = self._book.find([number]).get(number, [])
        if not found:
            raise ControlError(f"没有借款合同 {number}", 404)
        return answer_json(
            {"rows": [{"JKHTBH": one.contract, "DKZT": one.state, "KKJG": one.mind}
                      for one in found]}
        )  # fmt: skip

    def _set_row(self, call: ControlCall) -> Answer:
        mind = str(call.body.get("KKJG", ""))
        if mind not in minds():
            raise ControlError(f"KKJG 只能是 {'、'.join(minds())}")
        if self._book.set_mind(call.parts["JKHTBH"], mind) == 0:
            raise ControlError(f"没有借款合同 {call.parts['JKHTBH']}", 404)
        return self._row(call)

    def _return(self, call: ControlCall) -> Answer:
        shape = SHAPES.get(str(call.body.get("shape", "退票")))
        if shape is None:
            raise ControlError("shape 只能是 退票 或 冲正")
        day = call.body.get("day")
        coming = Coming(
            number=str(call.body["number"]),
            day=self._clock.today() if day is None else date.fromisoformat(str(day)),
            kind=shape,
            with_number=bool(call.body.get("with_number", True)),
        )
        self._ledger.plan_return(coming)
        self._desk.catch_up()
        return answer_json({"number": coming.number, "day": coming.day.isoformat()}, 201)

    def _plant(self, call: ControlCall) -> Answer:
        self._desk.catch_up()
        shape, number = call.body.get("shape"), str(call.body.get("number", ""))
        done: dict[str, Any]
        match shape:
            case "unordered":
                done = {"serial": self._ledger.plant(_entry(call, number))}
            case "missing":
                done = {"changed": self._ledger.forget(number)}
            case "off":
                done = {"changed": self._ledger.shift(number, _integer(call, "fen"))}
            case "doubled":
                done = {"serial": self._ledger.double(number)}
            case _:
                raise ControlError("shape 只能是 unordered、missing、off、doubled")
        if done.get("changed") == 0:
            raise ControlError(f"没有指令 {number} 的入账", 404)
        return answer_json(done, 201)


def _entry(call: ControlCall, number: str) -> Entry:
    kind = OTHER if call.body.get("kind") == "other" else CREDIT
    return Entry(
        kind=kind, side=OUT, fen=_integer(call, "fen"), number=number, batch="", loan="",
        account=str(call.body.get("account", "6222000000000000000")),
        name=str(call.body.get("name", "无名")), postscript=number, summary="", purpose="",
    )  # fmt: skip


def _integer(call: ControlCall, name: str) -> int:
    value = call.body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ControlError(f"{name} 必须是整数（分）")
    return value
