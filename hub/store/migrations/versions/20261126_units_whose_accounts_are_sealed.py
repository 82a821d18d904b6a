"""Cases about a unit: how far the sealing of its accounts is."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_units"
down_revision = "20261126_remote"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "case_unit",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_token", _key(32), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("cursor_token", _key(32), nullable=False),
        sa.Column("whole", sa.SmallInteger(), nullable=False),
        sa.Column("approved", sa.SmallInteger(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_unit")),
    )


def downgrade() -> None:
    op.drop_table("case_unit")
