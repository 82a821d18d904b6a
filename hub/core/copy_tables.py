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
)
