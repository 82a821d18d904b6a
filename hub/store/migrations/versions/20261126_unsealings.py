"""Sealings undone, and what could not be sealed tried again."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_unsealings"
down_revision = "20261126_fields"
branch_labels = None
depends_on = None

_NUMBERS = ("wanted", "given", "opened", "failed")
_PLACES = ("cursor_id", "last_id", "retry_id", "retry_to")


def upgrade() -> None:
    """Expand."""
    op.add_column(
        "case_application", sa.Column("was", sa.String(2), nullable=False, server_default="")
    )
    for name in ("retry_to", "retry_id"):
        op.add_column(
            "case_unit", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        )
    op.create_table(
        "case_unsealing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("live_key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("ordered_by", sa.String(64), nullable=False),
        sa.Column("confirmed_by", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("evidence", sa.String(200), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.Column("begun_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _NUMBERS),
        sa.Column("held", sa.SmallInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _PLACES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_unsealing")),
        sa.UniqueConstraint("live_key", name=op.f("uq_case_unsealing_live_key")),
    )
    op.create_index("ix_case_unsealing_case", "case_unsealing", ["case_id"])


def downgrade() -> None:
    op.drop_table("case_unsealing")
    for name in ("retry_id", "retry_to"):
        op.drop_column("case_unit", name)
    op.drop_column("case_application", "was")
