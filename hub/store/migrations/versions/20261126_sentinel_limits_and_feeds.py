"""Readings beyond their limits; feeds that were due."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_sentinel"
down_revision = "20261126_directory"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watch_over",
        sa.Column("name", _key(40), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_over")),
    )
    op.create_table(
        "watch_feed",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("feed", _key(30), nullable=False),
        sa.Column("subject", _key(40), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("late_us", sa.BigInteger(), nullable=True),
        sa.Column("came_us", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_feed")),
        sa.UniqueConstraint("interface", "feed", "subject", name=op.f("uq_watch_feed_interface")),
    )
    op.create_index("ix_watch_feed_due", "watch_feed", ["interface", "due_us"])


def downgrade() -> None:
    op.drop_table("watch_feed")
    op.drop_table("watch_over")
