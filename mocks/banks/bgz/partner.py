"""The mock of 贵州银行 put together, with its part of the control plane."""

from collections.abc import Mapping, Sequence

from mocks.banks.bgz.desk import Desk
from mocks.banks.bgz.front import EsbPort
from mocks.banks.bgz.gate import Gate
from mocks.banks.bgz.queries import Queries
from mocks.banks.bgz.words import strange
from mocks.kit.bank.book import LoanBook
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.control import BankControls
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.payments import Payments
from mocks.kit.bank.registrations import Registrations
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.partner import Control, ControlCall, Partner, Site, answer_json

_BOTH = {"rows": True}
_ROWS_ONLY = {"rows": True, "calls": False}
FAULTS: Mapping[str, FaultKind] = {
    "late": FaultKind("已入账，但到第 inquiries 次查询或 seconds 秒为止都说处理中", **_BOTH),
    "twice": FaultKind("只入账一次，应答里出现两次", **_BOTH),
    "lost": FaultKind("已入账，应答与批次结果里没有这一行，只有按号查询才知道", **_ROWS_ONLY),
    "batch_lost": FaultKind("整批已入账，连接重置，按批次查询说查无，按号查询才知道"),
    "book_after_not_found": FaultKind(
        "请求还在路上：先不入账、不应答，等查询答了“查无”（再过 seconds 秒）才入账", **_BOTH
    ),
    "not_found": FaultKind("查询说查无，不论是否已入账"),
    "wrong_total": FaultKind("应答的总笔数、总金额（差 fen 分）不对"),
    "wrong_amount": FaultKind("入账金额差 fen 分（缺省 1）", **_ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **_BOTH),
    "system_error": FaultKind(
        "系统异常 HPF9999（status=200 时 Fault 在 HTTP 200 里），行上是 SUSP/R198；"
        "when=before 不入账",
        **_BOTH,
    ),
    "gateway_fault": FaultKind("总线的 Fault：没有银行码，没有 RelatesTo；code 是 faultcode"),
    "expired_password": FaultKind("接入口令已过期 HPF0120；不入账"),
    "mtom": FaultKind("已入账，应答是 MTOM 的 MIME 多部分"),
    "wrong_charset": FaultKind("应答写着 UTF-8，实为 UTF-16"),
    "answer": FaultKind(
        "照 answer 回答：Fault 的 code、kind（HTTP status），核验 checkCode，行上各域", **_BOTH
    ),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Bgz(site)


class Bgz:
    """One bank: book, ledger, instructions, registrations, behind an ESB."""

    def __init__(self, site: Site) -> None:
        contract = read_contract("bgz")
        self._storage = site.storage
        self._clients = ClientFile(site, contract, ("payAccount", "payAccountName"))
        self._book = LoanBook(site, "BGZ")
        self._ledger = Ledger(site.storage, site.clock, "GZ{day}{place:010d}")
        self._payments = Payments(site.storage, self._book, self._ledger, site.clock, strange)
        self._registrations = Registrations(site.storage, self._book)
        queries = Queries(self._book, self._ledger, site.clock, contract.limit("page_rows"))
        desk = Desk(
            contract, self._clients, self._payments, queries, self._registrations, self._ledger,
            site.clock,
        )  # fmt: skip
        gate = Gate(self._clients, site.clock, contract.raw["security"])
        self._esb = EsbPort(contract, gate, desk)
        self._shared = BankControls(
            self._book, self._ledger, self._payments, site.clock, desk.catch_up
        )

    def services(self) -> Mapping[str, Service]:
        """``esb``."""
        return {"esb": self._esb}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """See ``FAULTS``."""
        return FAULTS

    def controls(self) -> Sequence[Control]:
        """The bank's routes."""
        return (
            *self._shared.routes(),
            Control("GET", "/client", "用户名、账户、口令", self._client),
            Control("POST", "/client", "改其中几项；keep_hours=false 不管服务时间", self._change),
        )

    def reset(self) -> None:
        """As after loading: no instruction, no credit, KKJG as in the file."""
        with self._storage.write():
            self._payments.reset()
            self._ledger.reset()
            self._registrations.reset()
            self._book.reset()

    def _client(self, _: ControlCall) -> Answer:
        return answer_json(self._clients.shown())

    def _change(self, call: ControlCall) -> Answer:
        self._clients.change(dict(call.body))
        return answer_json(self._clients.shown())
