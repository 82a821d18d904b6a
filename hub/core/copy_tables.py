"""登记副本: the dated local copy of the core's registry, kept by its change feed.

What is asked for by queries and cases stands in columns; names, numbers of accounts and documents
are sealed, beside them tokens (kinds ``unit``, ``uscc``, ``account``, ``id``).  Months are YYYYMM,
days YYYYMMDD, 0 for none; amounts 分.  ``flaw`` names a field that could not be read: the record
counts for nothing until the core says it anew.
"""

from typing import Any

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import key_text, token

registry_feed = sa.Table(
    "registry_feed",
    metadata,
    sa.Column("interface", key_text(40), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    # Business time before the call that found nothing more: all changes until then are here.
    sa.Column("caught_up_us", sa.BigInteger),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("moved_us", sa.BigInteger, nullable=False),
)


def _common() -> list[sa.Column[Any]]:
    return [
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.Column("flaw", sa.String(40), nullable=False),
        sa.Column("key_id", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    ]


registry_unit = sa.Table(
    "registry_unit",
    metadata,
    sa.Column("unit_token", token(), primary_key=True),
    sa.Column("uscc_token", token(), nullable=False, index=True),
    sa.Column("state", sa.String(2), nullable=False),
    sa.Column("paid_until", sa.Integer, nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("sealed_people", sa.Integer, nullable=False),
    sa.Column("opened_on", sa.Integer, nullable=False),
    sa.Column("closed_on", sa.Integer, nullable=False),
    sa.Column("balance_fen", sa.BigInteger, nullable=False),
    # 管理机构, 经济类型, 所属行业; empty where the core does not say.
    sa.Column("office", sa.String(12), nullable=False, server_default=""),
    sa.Column("economy", sa.String(4), nullable=False, server_default=""),
    sa.Column("trade", sa.String(4), nullable=False, server_default=""),
    *_common(),
)

registry_person = sa.Table(
    "registry_person",
    metadata,
    sa.Column("account_token", token(), primary_key=True),
    sa.Column("unit_token", token(), nullable=False, index=True),
    sa.Column("id_token", token(), nullable=False, index=True),
    sa.Column("state", sa.String(2), nullable=False),
    sa.Column("paid_until", sa.Integer, nullable=False),
    sa.Column("base_fen", sa.BigInteger, nullable=False),
    sa.Column("person_fen", sa.BigInteger, nullable=False),
    sa.Column("unit_fen", sa.BigInteger, nullable=False),
    sa.Column("balance_fen", sa.BigInteger, nullable=False),
    sa.Column("frozen_fen", sa.BigInteger, nullable=False),
    sa.Column("opened_on", sa.Integer, nullable=False),
    sa.Column("closed_on", sa.Integer, nullable=False),
    *_common(),
)

registry_entry = sa.Table(
    "registry_entry",
    metadata,
    # HJ 汇缴 · QJ 欠缴 · CF 处罚与强制执行
    sa.Column("kind", key_text(2), primary_key=True),
    sa.Column("entry_token", token(), primary_key=True),
    sa.Column("unit_token", token(), nullable=False),
    sa.Column("first_month", sa.Integer, nullable=False),
    sa.Column("last_month", sa.Integer, nullable=False),
    # QJZT, CFZT; kind_code is CFLX.
    sa.Column("state", sa.String(2), nullable=False),
    sa.Column("kind_code", sa.String(2), nullable=False),
    sa.Column("on_day", sa.Integer, nullable=False),
    sa.Column("due_people", sa.Integer, nullable=False),
    sa.Column("paid_people", sa.Integer, nullable=False),
    sa.Column("months", sa.Integer, nullable=False),
    sa.Column("due_fen", sa.BigInteger, nullable=False),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    *_common(),
    sa.Index("ix_registry_entry_unit", "unit_token", "kind", "first_month"),
    sa.Index("ix_registry_entry_day", "kind", "on_day"),
)

registry_fact = sa.Table(
    "registry_fact",
    metadata,
    # DK 个贷 · YW 业务流水 · JS 银行结算流水 · ZH 银行专户 · FW 综合服务日统计
    sa.Column("kind", key_text(2), primary_key=True),
    sa.Column("fact_token", token(), primary_key=True),
    sa.Column("unit_token", token(), nullable=False),
    sa.Column("office", sa.String(12), nullable=False),
    # DKFFRQ, JZRQ, JSFSRQ, RQ
    sa.Column("on_day", sa.Integer, nullable=False),
    sa.Column("at_time", sa.String(6), nullable=False),
    # YQKSRQ
    sa.Column("since_day", sa.Integer, nullable=False),
    # From DYSLRQ to DYBJRQ, -1 while it is not both.
    sa.Column("days", sa.Integer, nullable=False),
    # YWFL, FWLB, SZFX, ZHXZ; then YWLX, ZJYWLX, DKDBLX, FL, ZHLX; then TQYY, DKFXDJ
    sa.Column("family", sa.String(2), nullable=False),
    sa.Column("code", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(2), nullable=False),
    sa.Column("channel", sa.String(2), nullable=False),
    sa.Column("bank", sa.String(3), nullable=False),
    # SL, DQYQQS; 1 of an entry and -1 of its reversal
    sa.Column("amount_of", sa.Integer, nullable=False),
    # DKFFE, FSE (negative when reversed), YE
    sa.Column("fen", sa.BigInteger, nullable=False),
    # DKYE; of an entry its principal
    sa.Column("balance_fen", sa.BigInteger, nullable=False),
    # YQBJZE, YQLXZE; of an entry its interest in the second
    sa.Column("overdue_fen", sa.BigInteger, nullable=False),
    sa.Column("interest_fen", sa.BigInteger, nullable=False),
    *_common(),
    sa.Index("ix_registry_fact_day", "kind", "on_day"),
)
"""What indicators are added up from; each kind uses the columns that its comments name."""
