"""The mock of 贵阳银行 put together, with its part of the control plane."""

from collections.abc import Mapping, Sequence

from mocks.banks.gyb.desk import Desk
from mocks.banks.gyb.front import Gateway
from mocks.banks.gyb.nonces import Nonces
from mocks.banks.gyb.notices import SHAPES, Notices
from mocks.banks.gyb.queries import Queries
from mocks.banks.gyb.words import strange
from mocks.kit import sm2
from mocks.kit.bank.book import LoanBook
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.control import BankControls
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.payments import Payments
from mocks.kit.bank.registrations import Registrations
from mocks.kit.envelope import Envelope, Party
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.outgoing import Outgoing
from mocks.kit.partner import Control, ControlCall, ControlError, Partner, Site, answer_json

_BOTH = {"rows": True}
_ROWS_ONLY = {"rows": True, "calls": False}
FAULTS: Mapping[str, FaultKind] = {
    "late": FaultKind("已入账，但到第 inquiries 次查询或 seconds 秒为止都说处理中", **_BOTH),
    "twice": FaultKind("只入账一次，批次结果里出现两次", **_ROWS_ONLY),
    "lost": FaultKind("已入账，批次结果与通知里没有这一行，只有按号查询才知道", **_ROWS_ONLY),
    "batch_lost": FaultKind("整批已入账，连接重置，按批次查询说查无，按号查询才知道；不通知"),
    "book_after_not_found": FaultKind(
        "请求还在路上：先不入账、不应答，等查询答了“查无”（再过 seconds 秒）才入账；不通知", **_BOTH
    ),
    "not_found": FaultKind("查询说查无，不论是否已入账"),
    "wrong_total": FaultKind("应答的总笔数、总金额（差 fen 分）不对"),
    "wrong_amount": FaultKind("入账金额差 fen 分（缺省 1）", **_ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **_BOTH),
    "system_error": FaultKind("系统异常 E999，行上是 50/F901；when=before 不入账", **_BOTH),
    "expired_token": FaultKind("签名公钥已过期 E103；不入账"),
    "wrong_charset": FaultKind("密文里的报文实为 UTF-16"),
    "answer": FaultKind("照 answer 回答：code，核验 checkCode，行上 state、failCode", **_BOTH),
    **SHAPES,
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Gyb(site)


class Gyb:
    """One bank: book, ledger, instructions, registrations, behind a gateway; tells results."""

    def __init__(self, site: Site) -> None:
        contract = read_contract("gyb")
        self._storage = site.storage
        self._clients = ClientFile(site, contract, ("pay_account", "pay_name"), ("bank_secret",))
        self._clients.change({"bank_key": "04" + sm2.public_of(self._secret()).hex()})
        self._book = LoanBook(site, "GYB")
        self._ledger = Ledger(site.storage, site.clock, "GYB{day}{place:011d}")
        self._payments = Payments(site.storage, self._book, self._ledger, site.clock, strange)
        self._registrations = Registrations(site.storage, self._book)
        spec = contract.raw["envelope"]
        envelope = Envelope(spec)
        self._notices = Notices(
            site.storage, site.notes, contract, envelope, self._party, self._payments, site.clock
        )
        desk = Desk(
            contract, self._clients, self._payments,
            Queries(self._book, self._ledger, site.clock, contract.limit("page_rows")),
            self._registrations, self._ledger, self._notices, site.clock,
        )  # fmt: skip
        nonces = Nonces(site.storage, int(spec["nonce_kept_s"]))
        self._gateway = Gateway(
            contract, self._clients, envelope, self._party, desk, nonces, site.clock
        )
        self._shared = BankControls(
            self._book, self._ledger, self._payments, site.clock, desk.catch_up
        )

    @property
    def outgoing(self) -> Outgoing:
        """The notices."""
        return self._notices

    def services(self) -> Mapping[str, Service]:
        """``gw``."""
        return {"gw": self._gateway}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """See ``FAULTS``."""
        return FAULTS

    def controls(self) -> Sequence[Control]:
        """The bank's routes."""
        return (
            *self._shared.routes(),
            Control("GET", "/client", "应用号、机构号、账户、密钥", self._client),
            Control("POST", "/client", "改其中几项；keep_hours=false 不管服务时间", self._change),
            Control("GET", "/callback", "结果通知送往哪里", self._address),
            Control("POST", "/callback", '结果通知送往 {"url": "http://127.0.0.1:8528"}',
                    self._set_address),
            Control("GET", "/notices", "结果通知：编号、批次、送了几次、中心怎样回答",
                    lambda _: answer_json({"notices": self._notices.shown()})),
        )  # fmt: skip

    def reset(self) -> None:
        """As after loading: no instruction, no credit, KKJG as in the file.  The address stays."""
        with self._storage.write():
            self._payments.reset()
            self._ledger.reset()
            self._registrations.reset()
            self._book.reset()
            self._notices.reset()

    def _party(self) -> Party:
        client = self._clients.client
        return Party(
            client["app_id"], client["bank_id"], self._secret(),
            sm2.public_of_cached(int(client["sign_key"], 16)), bytes.fromhex(client["sm4_key"]),
        )  # fmt: skip

    def _secret(self) -> int:
        return sm2.secret_of(self._clients.client["bank_secret"])

    def _client(self, _: ControlCall) -> Answer:
        return answer_json(self._clients.shown())

    def _change(self, call: ControlCall) -> Answer:
        self._clients.change(dict(call.body))
        return answer_json(self._clients.shown())

    def _address(self, _: ControlCall) -> Answer:
        return answer_json({"url": self._notices.address})

    def _set_address(self, call: ControlCall) -> Answer:
        url = str(call.body.get("url", ""))
        if url and not url.startswith("http://127.0.0.1:"):
            raise ControlError("挡板只往本机 http://127.0.0.1: 送通知")
        self._notices.send_to(url)
        return self._address(call)
