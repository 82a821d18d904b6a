"""The mock of 建设银行 put together."""

from collections.abc import Mapping

from mocks.banks.ccb.desk import Desk
from mocks.banks.ccb.front import FrontPort
from mocks.banks.ccb.words import strange
from mocks.kit.bank.books import Books
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.partner import BOTH, ROWS_ONLY, BankPartner
from mocks.kit.bank.partner import FAULTS as EVERY_BANK
from mocks.kit.faults import FaultKind
from mocks.kit.partner import Partner, Site

FAULTS: Mapping[str, FaultKind] = {
    **EVERY_BANK,
    "twice": FaultKind("只入账一次，应答里出现两次", **ROWS_ONLY),
    "lost": FaultKind("已入账，批次结果里没有这一行，只有按号查询才知道", **ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **BOTH),
    "system_error": FaultKind("系统异常 YDH99999，行上是 5/YDHD1998；when=before 不入账", **BOTH),
    "front_cut_off": FaultKind("前置机与银行通讯中断 0130Z1108；when=before 不入账"),
    "expired_token": FaultKind("操作员口令已过期 YDH90102；不入账"),
    "wrong_charset": FaultKind("应答写着 GB2312，实为 UTF-16"),
    "answer": FaultKind(
        "照 answer 回答：RETURN_CODE、RETURN_MSG，核验 CHECK_CODE，行上各域", **BOTH
    ),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    books = Books(
        site, read_contract("ccb"), bank="CCB", payer=("ACC_NO", "ACC_NAME"),
        serial="{day}52001{place:09d}", say=strange,
    )  # fmt: skip
    services = {"front": FrontPort(Desk(books))}
    return BankPartner(books, services, FAULTS, "客户号、操作员、账户、口令")
