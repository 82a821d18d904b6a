"""Telling people before and after an offset."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_notify"
down_revision = "20261126_sentinel"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "offset_told",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("agreement_id", sa.BigInteger(), nullable=False),
        sa.Column("period", _key(7), nullable=False),
        sa.Column("occasion", _key(12), nullable=False),
        sa.Column("item", _key(20), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("person", _key(32), nullable=False),
        sa.Column("template", sa.String(60), nullable=False),
        sa.Column("said", sa.String(12), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("not_before", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("ask_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("number", _key(40), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("detail", sa.String(60), nullable=False),
        sa.Column("found_us", sa.BigInteger(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offset_told")),
        sa.UniqueConstraint(
            "agreement_id", "period", "occasion", "item", "turn",
            name=op.f("uq_offset_told_agreement_id"),
        ),
    )  # fmt: skip
    for name, columns in (
        ("todo", ["state", "not_before", "id"]), ("person", ["person", "day"]),
        ("ask", ["ask_id"]), ("message", ["message_id"]),
        ("run", ["run_id", "occasion", "state"]),
    ):  # fmt: skip
        op.create_index(f"ix_offset_told_{name}", "offset_told", columns)
    op.create_table(
        "offset_told_pass",
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", _key(8), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(60), nullable=False),
        sa.Column("done", sa.SmallInteger(), nullable=False),
        sa.Column("begun_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "kind", name=op.f("pk_offset_told_pass")),
    )


def downgrade() -> None:
    op.drop_table("offset_told_pass")
    op.drop_table("offset_told")
