"""Minutes reclassified by both parties."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_marks"
down_revision = "20261126_sign_in"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watch_mark",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("klass", sa.String(16), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("proposed_by", sa.String(64), nullable=False),
        sa.Column("proposed_party", sa.String(10), nullable=False),
        sa.Column("proposed_us", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(8), nullable=False),
        sa.Column("answered_by", sa.String(64), nullable=False),
        sa.Column("answered_why", sa.String(200), nullable=False),
        sa.Column("answered_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_mark")),
    )
    op.create_index("ix_watch_mark_until", "watch_mark", ["interface", "until_us"])


def downgrade() -> None:
    op.drop_table("watch_mark")
