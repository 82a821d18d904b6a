"""Fields of a unit that a case wants changed."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_fields"
down_revision = "20261126_duty"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "case_field",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_token", _key(32), nullable=False),
        sa.Column("unit_mask", sa.String(40), nullable=False),
        sa.Column("field", sa.String(20), nullable=False),
        sa.Column("verdict", sa.String(12), nullable=False),
        sa.Column("number", _key(32), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("decided_why", sa.String(200), nullable=False),
        sa.Column("before_mask", sa.String(255), nullable=False),
        sa.Column("core_mask", sa.String(255), nullable=False),
        sa.Column("new_mask", sa.String(255), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "place", name=op.f("pk_case_field")),
    )
    op.create_index("ix_case_field_number", "case_field", ["number"])


def downgrade() -> None:
    op.drop_table("case_field")
