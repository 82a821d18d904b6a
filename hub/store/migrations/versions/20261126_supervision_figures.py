"""The registry copy holds what supervision's indicators are added up from."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_figures"
down_revision = "20261126_marks"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    for name, length in (("office", 12), ("economy", 4), ("trade", 4)):
        op.add_column(
            "registry_unit",
            sa.Column(name, sa.String(length), nullable=False, server_default=""),
        )
    op.create_index("ix_registry_entry_day", "registry_entry", ["kind", "on_day"])
    op.create_table(
        "registry_fact",
        sa.Column("kind", _key(2), nullable=False),
        sa.Column("fact_token", _key(32), nullable=False),
        sa.Column("unit_token", _key(32), nullable=False),
        sa.Column("office", sa.String(12), nullable=False),
        sa.Column("on_day", sa.Integer(), nullable=False),
        sa.Column("at_time", sa.String(6), nullable=False),
        sa.Column("since_day", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(2), nullable=False),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(2), nullable=False),
        sa.Column("channel", sa.String(2), nullable=False),
        sa.Column("bank", sa.String(3), nullable=False),
        sa.Column("amount_of", sa.Integer(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("overdue_fen", sa.BigInteger(), nullable=False),
        sa.Column("interest_fen", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("flaw", sa.String(40), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "fact_token", name=op.f("pk_registry_fact")),
    )
    op.create_index("ix_registry_fact_day", "registry_fact", ["kind", "on_day"])


def downgrade() -> None:
    op.drop_table("registry_fact")
    op.drop_index("ix_registry_entry_day", "registry_entry")
    for name in ("trade", "economy", "office"):
        op.drop_column("registry_unit", name)
