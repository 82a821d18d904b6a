"""Returned payments after the close, and how differences are settled."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_returns"
down_revision = "20261125_todo"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Expand."""
    for name, kind in (
        ("late", sa.SmallInteger()),
        ("part", sa.SmallInteger()),
        ("matched_us", sa.BigInteger()),
    ):
        op.add_column("statement_entry", sa.Column(name, kind, nullable=True))
    for column in (
        sa.Column("way", sa.String(8), nullable=True),
        sa.Column("entry", _key(64), nullable=True),
        sa.Column("agreed_bank_fen", sa.BigInteger(), nullable=True),
        sa.Column("agreed_core_fen", sa.BigInteger(), nullable=True),
    ):
        op.add_column("difference", column)
    op.create_table(
        "difference_act",
        sa.Column("id", _id(), nullable=False),
        sa.Column("difference_id", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("act", sa.String(12), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_act")),
    )
    op.create_index(op.f("ix_difference_act_of"), "difference_act", ["difference_id"], unique=False)
    op.create_table(
        "offset_adjustment",
        sa.Column("id", _id(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("number", _key(20), nullable=False),
        sa.Column("made_on", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Integer(), nullable=False),
        sa.Column("shape", sa.String(10), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("serial", _key(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reversal", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offset_adjustment")),
        sa.UniqueConstraint("bank", "booked_on", "serial", name=op.f("uq_offset_adjustment_bank")),
    )
    op.create_index(
        op.f("ix_offset_adjustment_number"), "offset_adjustment", ["number"], unique=False
    )
    op.create_index(
        "ix_offset_adjustment_run", "offset_adjustment", ["run_id", "bank"], unique=False
    )
    op.create_table(
        "offset_repayment",
        sa.Column("parent", _key(20), nullable=False),
        sa.Column("number", _key(20), nullable=False),
        sa.Column("parent_run_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("ordered_us", sa.BigInteger(), nullable=False),
        sa.Column("ordered_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("parent", name=op.f("pk_offset_repayment")),
        sa.UniqueConstraint("number", name=op.f("uq_offset_repayment_number")),
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_table("offset_repayment")
    op.drop_table("offset_adjustment")
    op.drop_table("difference_act")
    for name in ("agreed_core_fen", "agreed_bank_fen", "entry", "way"):
        op.drop_column("difference", name)
    for name in ("matched_us", "part", "late"):
        op.drop_column("statement_entry", name)
