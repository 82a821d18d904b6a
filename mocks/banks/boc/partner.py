"""The mock of 中国银行 put together."""

from collections.abc import Mapping

from mocks.banks.boc.desk import Desk
from mocks.banks.boc.front import B2ePort
from mocks.banks.boc.tokens import Tokens
from mocks.banks.boc.words import strange
from mocks.kit.bank.books import Books
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.partner import BOTH, ROWS_ONLY, BankPartner
from mocks.kit.bank.partner import FAULTS as EVERY_BANK
from mocks.kit.faults import FaultKind
from mocks.kit.partner import Partner, Site

FAULTS: Mapping[str, FaultKind] = {
    **EVERY_BANK,
    "twice": FaultKind("只入账一次，应答里出现两次", **BOTH),
    "lost": FaultKind("已入账，应答与批次结果里没有这一行，只有按号查询才知道", **ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **BOTH),
    "system_error": FaultKind("系统异常 B999，行上是 B298；when=before 不入账", **BOTH),
    "expired_token": FaultKind("此刻所有令牌失效：这一次就答 B107，重新签到后照常"),
    "wrong_charset": FaultKind("应答写着 UTF-8，实为 UTF-16"),
    "answer": FaultKind("照 answer 回答：rspcod、rspmsg，核验 chkcod，行上 rspcod", **BOTH),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``.  Tokens outlive a reset."""
    contract = read_contract("boc")
    books = Books(
        site, contract, bank="BOC", payer=("actacn", "actnam"), serial="OBS{day}{place:012d}",
        say=strange,
    )  # fmt: skip
    session = contract.raw["session"]
    tokens = Tokens(site.storage, session["tokens"], session["token_idle_s"])
    services = {"b2e": B2ePort(Desk(books, tokens), tokens)}
    return BankPartner(books, services, FAULTS, "终端、客户号、操作员、账户、口令")
