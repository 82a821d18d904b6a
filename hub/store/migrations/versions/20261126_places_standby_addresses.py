"""Which of a partner's addresses a channel uses, an attempt was made at, a call went to."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_places"
down_revision = "20261125_month"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("bus_channel", "bus_attempt", "bus_call"):
        op.add_column(table, sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("bus_channel", sa.Column("place_us", sa.BigInteger(), nullable=True))
    op.add_column(
        "bus_channel", sa.Column("place_by", sa.String(64), nullable=False, server_default="")
    )
    op.add_column(
        "bus_channel", sa.Column("place_why", sa.String(200), nullable=False, server_default="")
    )


def downgrade() -> None:
    for name in ("place_why", "place_by", "place_us", "place"):
        op.drop_column("bus_channel", name)
    op.drop_column("bus_call", "place")
    op.drop_column("bus_attempt", "place")
