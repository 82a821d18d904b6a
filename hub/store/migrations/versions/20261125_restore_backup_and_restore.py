"""Backup and restore: who sits at the database, and a restored one's way back."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_restore"
down_revision = "20261125_returns"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _identity() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "store_seat",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("beat", sa.String(32), nullable=False),
        sa.Column("former_beat", sa.String(32), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("restored_us", sa.BigInteger(), nullable=True),
        sa.Column("restored_from", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_seat")),
    )
    op.create_table(
        "restoration",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("cause", sa.String(12), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("begun_us", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Integer(), nullable=False),
        sa.Column("lost_from", sa.BigInteger(), nullable=False),
        sa.Column("lost_to", sa.BigInteger(), nullable=False),
        sa.Column("quiet_us", sa.BigInteger(), nullable=False),
        sa.Column("still_us", sa.BigInteger(), nullable=False),
        sa.Column("seat", sa.String(32), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("turn_us", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(12), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=False),
        sa.Column("adopted", sa.BigInteger(), nullable=False),
        sa.Column("adopted_fen", sa.BigInteger(), nullable=False),
        sa.Column("read_turn", sa.Integer(), nullable=False),
        sa.Column("clean_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restoration")),
    )
    op.create_table(
        "restore_ask",
        sa.Column("turn", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("on_day", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("turn", "place", name=op.f("pk_restore_ask")),
    )
    op.create_table(
        "restore_fact",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("number", _key(64), nullable=False),
        sa.Column("serial", sa.String(64), nullable=False),
        sa.Column("account_token", _key(32), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("said", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restore_fact")),
    )
    op.create_index("ix_restore_fact_number", "restore_fact", ["turn", "number"])
    op.create_table(
        "restore_obstacle",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("number", _key(64), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restore_obstacle")),
    )
    op.create_index("ix_restore_obstacle_turn", "restore_obstacle", ["turn"])


def downgrade() -> None:
    """Back."""
    op.drop_table("restore_obstacle")
    op.drop_table("restore_fact")
    op.drop_table("restore_ask")
    op.drop_table("restoration")
    op.drop_table("store_seat")
