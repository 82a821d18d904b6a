"""The mock of 交通银行 put together."""

from collections.abc import Mapping

from mocks.banks.bcm.desk import Desk
from mocks.banks.bcm.front import FrontPort
from mocks.banks.bcm.words import strange
from mocks.kit.bank.books import Books
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.partner import BOTH, ROWS_ONLY, BankPartner
from mocks.kit.bank.partner import FAULTS as EVERY_BANK
from mocks.kit.faults import FaultKind
from mocks.kit.partner import Partner, Site

FAULTS: Mapping[str, FaultKind] = {
    **EVERY_BANK,
    "twice": FaultKind("只入账一次，批次结果里出现两次", **ROWS_ONLY),
    "lost": FaultKind("已入账，批次结果里没有这一行，只有按号查询才知道", **ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **BOTH),
    "system_error": FaultKind("系统异常 P9999，行上是 5/E1998；when=before 不入账", **BOTH),
    "front_cut_off": FaultKind("前置机与银行通讯中断 P1108；when=before 不入账"),
    "wrong_charset": FaultKind("应答写着 GBK，实为 UTF-16"),
    "columns_moved": FaultKind("明细的列倒过来排，标题行也倒过来：照规范仍读得懂"),
    "column_missing": FaultKind("明细少一列（标题行与各行都少）"),
    "column_unknown": FaultKind("明细多一列 x_ext"),
    "column_twice": FaultKind("明细的第一列出现两次"),
    "count_off": FaultKind("record_num 比明细多一"),
    "value_lost": FaultKind("最后一行少一个值"),
    "answer": FaultKind(
        "照 answer 回答：particular_code、particular_info，核验 check_code，行上 stat、err_code",
        **BOTH,
    ),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    books = Books(
        site, read_contract("bcm"), bank="BCM", payer=("acno", "acname"),
        serial="JT{day}{place:012d}", say=strange,
    )  # fmt: skip
    services = {"front": FrontPort(Desk(books))}
    return BankPartner(books, services, FAULTS, "企业代码、用户号、账户")
