"""The mock of 农业银行 put together."""

from collections.abc import Mapping

from mocks.banks.abc.desk import Desk
from mocks.banks.abc.front import FrontService
from mocks.banks.abc.requests import Requests
from mocks.banks.abc.words import strange
from mocks.kit.bank.books import Books
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.partner import BOTH, ROWS_ONLY, BankPartner
from mocks.kit.bank.partner import FAULTS as EVERY_BANK
from mocks.kit.faults import FaultKind
from mocks.kit.partner import Partner, Site
from mocks.kit.tcp import FRAME_KINDS

FAULTS: Mapping[str, FaultKind] = {
    **EVERY_BANK,
    **FRAME_KINDS,
    "waiting": FaultKind("已受理，整批答 0001 等待，没有 Cmp"),
    "twice": FaultKind("只入账一次，应答里出现两次", **ROWS_ONLY),
    "lost": FaultKind("已入账，整批的结果里没有这一行，只有按号查询才知道", **ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **BOTH),
    "system_error": FaultKind("系统异常 9999，行上是 9/2998；when=before 不入账", **BOTH),
    "expired_token": FaultKind("认证码已过期 1002；不入账"),
    "wrong_charset": FaultKind("应答实为 UTF-16"),
    "answer": FaultKind("照 answer 回答：RespCode、RespInfo，核验 ChkCode，行上各域", **BOTH),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    contract = read_contract("abc")
    books = Books(
        site, contract, bank="ABC", payer=("DbAccNo", "DbAccName"),
        serial="{day}103{place:011d}", say=strange,
    )  # fmt: skip
    requests = Requests(site.storage, int(contract.raw["numbers"]["request_unique_days"]))
    return Abc(books, requests)


class Abc(BankPartner):
    """A bank that remembers request numbers beside its books."""

    def __init__(self, books: Books, requests: Requests) -> None:
        services = {"front": FrontService(Desk(books, requests))}
        super().__init__(books, services, FAULTS, "客户号、操作员、账户、认证码")
        self._requests = requests

    def reset(self) -> None:
        """No request number is taken either."""
        super().reset()
        self._requests.reset()
