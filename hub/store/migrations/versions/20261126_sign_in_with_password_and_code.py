"""Passwords, one-time codes and sessions of the pages."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_sign_in"
down_revision = "20261126_jobs"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "person_token", sa.Column("kind", _key(8), nullable=False, server_default="personal")
    )
    op.add_column("person_token", sa.Column("until_us", sa.BigInteger(), nullable=True))
    op.create_table(
        "person_secret",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(160), nullable=False),
        sa.Column("set_us", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("wait_until_us", sa.BigInteger(), nullable=False),
        sa.Column("code_key_id", sa.BigInteger(), nullable=False),
        sa.Column("code_blob", sa.LargeBinary(), nullable=False),
        sa.Column("code_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_secret")),
    )


def downgrade() -> None:
    op.drop_table("person_secret")
    op.drop_column("person_token", "until_us")
    op.drop_column("person_token", "kind")
