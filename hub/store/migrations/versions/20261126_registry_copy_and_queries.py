"""The copy of the core's registry; callers, grants and calls of published queries."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261126_queries"
down_revision = "20261126_incidents"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _ints(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _bigs(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _record() -> list[sa.Column[Any]]:
    return [
        *_bigs("seq", "changed_us"),
        sa.Column("flaw", sa.String(40), nullable=False),
        *_bigs("key_id"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    ]


def _ended() -> list[sa.Column[Any]]:
    return [
        sa.Column("revoked_us", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.String(64), nullable=False),
        sa.Column("revoked_why", sa.String(200), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "registry_feed",
        sa.Column("interface", _key(40), nullable=False),
        *_bigs("seq"),
        sa.Column("caught_up_us", sa.BigInteger(), nullable=True),
        *_bigs("records", "moved_us"),
        sa.PrimaryKeyConstraint("interface", name=op.f("pk_registry_feed")),
    )
    op.create_table(
        "registry_unit",
        sa.Column("unit_token", _key(32), nullable=False),
        sa.Column("uscc_token", _key(32), nullable=False),
        sa.Column("state", sa.String(2), nullable=False),
        *_ints("paid_until", "people", "sealed_people", "opened_on", "closed_on"),
        *_bigs("balance_fen"),
        *_record(),
        sa.PrimaryKeyConstraint("unit_token", name=op.f("pk_registry_unit")),
    )
    op.create_index("ix_registry_unit_uscc_token", "registry_unit", ["uscc_token"])
    op.create_table(
        "registry_person",
        sa.Column("account_token", _key(32), nullable=False),
        sa.Column("unit_token", _key(32), nullable=False),
        sa.Column("id_token", _key(32), nullable=False),
        sa.Column("state", sa.String(2), nullable=False),
        *_ints("paid_until"),
        *_bigs("base_fen", "person_fen", "unit_fen", "balance_fen", "frozen_fen"),
        *_ints("opened_on", "closed_on"),
        *_record(),
        sa.PrimaryKeyConstraint("account_token", name=op.f("pk_registry_person")),
    )
    op.create_index("ix_registry_person_unit_token", "registry_person", ["unit_token"])
    op.create_index("ix_registry_person_id_token", "registry_person", ["id_token"])
    op.create_table(
        "registry_entry",
        sa.Column("kind", _key(2), nullable=False),
        sa.Column("entry_token", _key(32), nullable=False),
        sa.Column("unit_token", _key(32), nullable=False),
        *_ints("first_month", "last_month"),
        sa.Column("state", sa.String(2), nullable=False),
        sa.Column("kind_code", sa.String(2), nullable=False),
        *_ints("on_day", "due_people", "paid_people", "months"),
        *_bigs("due_fen", "paid_fen"),
        *_record(),
        sa.PrimaryKeyConstraint("kind", "entry_token", name=op.f("pk_registry_entry")),
    )
    op.create_index(
        "ix_registry_entry_unit", "registry_entry", ["unit_token", "kind", "first_month"]
    )
    _queries()


def _queries() -> None:
    op.create_table(
        "query_caller",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("rid", _key(60), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("addresses", sa.String(400), nullable=False),
        *_ints("per_minute", "per_day"),
        *_bigs("added_us"),
        sa.Column("added_by", sa.String(64), nullable=False),
        *_ended(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query_caller")),
        sa.UniqueConstraint("rid", name=op.f("uq_query_caller_rid")),
    )
    op.create_table(
        "query_secret",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        *_bigs("caller_id", "key_id"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        *_bigs("made_us"),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query_secret")),
    )
    op.create_index("ix_query_secret_caller_id", "query_secret", ["caller_id"])
    op.create_table(
        "query_grant",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        *_bigs("caller_id"),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("basis", sa.String(200), nullable=False),
        sa.Column("shown", sa.String(200), nullable=False),
        *_ints("until_day"),
        *_bigs("granted_us"),
        sa.Column("granted_by", sa.String(64), nullable=False),
        *_ended(),
        sa.Column("open_key", _key(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query_grant")),
        sa.UniqueConstraint("open_key", name=op.f("uq_query_grant_open_key")),
    )
    op.create_index("ix_query_grant_caller", "query_grant", ["caller_id", "interface"])
    op.create_table(
        "query_call",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("mark", _key(64), nullable=False),
        *_bigs("caller_id"),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("contract_version", sa.String(20), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=True),
        *_bigs("asked_us"),
        sa.Column("as_of_us", sa.BigInteger(), nullable=True),
        sa.Column("remote", sa.String(45), nullable=False),
        sa.Column("body_digest", sa.String(64), nullable=False),
        sa.Column("uscc_token", _key(32), nullable=False),
        sa.Column("word", sa.String(20), nullable=False),
        *_ints("http_status", "units", "took_us"),
        sa.Column("misused", sa.SmallInteger(), nullable=False),
        *_bigs("key_id"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query_call")),
        sa.UniqueConstraint("mark", name=op.f("uq_query_call_mark")),
    )
    op.create_index("ix_query_call_caller", "query_call", ["caller_id", "asked_us"])
    op.create_index("ix_query_call_uscc", "query_call", ["uscc_token"])


def downgrade() -> None:
    for table in (
        "query_call", "query_grant", "query_secret", "query_caller", "registry_entry",
        "registry_person", "registry_unit", "registry_feed",
    ):  # fmt: skip
        op.drop_table(table)
