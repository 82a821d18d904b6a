"""Remote sessions: windows that 运维方 asks for and 中心 agrees to."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_remote"
down_revision = "20261126_notify"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "remote_session",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("login_name", _key(32), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("evidence", sa.String(200), nullable=False),
        sa.Column("evidence_sm3", sa.String(64), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_us", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.String(64), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(64), nullable=False),
        sa.Column("closed_why", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_session")),
    )
    op.create_index("ix_remote_session_login", "remote_session", ["login_name", "id"])


def downgrade() -> None:
    op.drop_table("remote_session")
