"""The mock of 工商银行 put together, with its part of the control plane."""

from collections.abc import Mapping, Sequence

from mocks.banks.icbc.desk import Desk
from mocks.banks.icbc.nc import ApiPort, SignPort
from mocks.banks.icbc.queries import Queries
from mocks.banks.icbc.words import strange
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
        self._contract = read_contract("icbc")
        self._clients = ClientFile(
            site, self._contract, ("PayAccNo", "PayAccName"), own=("seal_key",)
        )
        self._book = LoanBook(site, "ICBC")
        self._ledger = Ledger(site.storage, site.clock, "HQ{day}{place:012d}")
        self._payments = Payments(site.storage, self._book, self._ledger, site.clock, strange)
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
        self._shared = BankControls(
            self._book, self._ledger, self._payments, site.clock, self._desk.catch_up
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
            *self._shared.routes(),
            Control("GET", "/client", "客户号、证书 ID、账户、接入凭证", self._client),
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
