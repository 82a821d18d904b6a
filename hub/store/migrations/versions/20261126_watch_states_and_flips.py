"""The watch: where each interface stands, its flips, for which times there is evidence."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_watch"
down_revision = "20261126_find"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watch_state",
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("sample_us", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.String(12), nullable=False),
        sa.Column("pending_us", sa.BigInteger(), nullable=False),
        sa.Column("pending_code", sa.String(60), nullable=False),
        sa.Column("pending_detail", sa.String(200), nullable=False),
        sa.Column("pending_source", sa.String(8), nullable=False),
        sa.Column("probed_us", sa.BigInteger(), nullable=False),
        sa.Column("probe_ms", sa.Integer(), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("interface", name=op.f("pk_watch_state")),
    )
    op.create_table(
        "watch_flip",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_flip")),
    )
    op.create_index("ix_watch_flip_at", "watch_flip", ["interface", "at_us"])
    op.create_table(
        "watch_span",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("good_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_span")),
    )
    op.create_index("ix_watch_span_until", "watch_span", ["interface", "until_us"])


def downgrade() -> None:
    for table in ("watch_span", "watch_flip", "watch_state"):
        op.drop_table(table)
