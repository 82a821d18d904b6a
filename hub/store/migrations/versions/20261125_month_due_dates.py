"""A wave's items by due date, and second waves."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_month"
down_revision = "20261126_inbound"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offset_wave_due",
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("due_on", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("latest_on", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("wave_id", "bank", "due_on", name=op.f("pk_offset_wave_due")),
    )
    op.create_table(
        "offset_second_part",
        sa.Column("leg_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("first_wave_id", sa.BigInteger(), nullable=False),
        sa.Column("due_list_id", sa.BigInteger(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("leg_id", name=op.f("pk_offset_second_part")),
    )
    op.create_index("ix_offset_second_part_wave_id", "offset_second_part", ["wave_id"])


def downgrade() -> None:
    op.drop_table("offset_second_part")
    op.drop_table("offset_wave_due")
