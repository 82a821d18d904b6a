"""Visits: browsers let into the online hall by a platform's sign-in, each once."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_visits"
down_revision = "20261126_figures"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "case_visit",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("mark", _key(32), nullable=False),
        sa.Column("key_token", _key(32), nullable=False),
        sa.Column("user_type", sa.String(1), nullable=False),
        sa.Column("number", _key(40), nullable=False),
        sa.Column("subject_token", _key(32), nullable=False),
        sa.Column("subject_mask", sa.String(120), nullable=False),
        sa.Column("came_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_us", sa.BigInteger(), nullable=True),
        sa.Column("redeem_token", _key(32), nullable=True),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_visit")),
        sa.UniqueConstraint("interface", "mark", name=op.f("uq_case_visit_interface")),
        sa.UniqueConstraint("key_token", name=op.f("uq_case_visit_key_token")),
    )
    op.create_index("ix_case_visit_number", "case_visit", ["interface", "number"])


def downgrade() -> None:
    op.drop_table("case_visit")
