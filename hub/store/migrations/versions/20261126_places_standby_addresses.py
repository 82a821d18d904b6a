"""Which of a partner's addresses is in use; what ends on a day."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_places"
down_revision = "20261125_month"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


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
    op.create_table(
        "bus_expiry",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("kind", _key(24), nullable=False),
        sa.Column("name", _key(120), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bus_expiry")),
        sa.UniqueConstraint("interface", "kind", "name", name=op.f("uq_bus_expiry_interface")),
    )


def downgrade() -> None:
    op.drop_table("bus_expiry")
    for name in ("place_why", "place_by", "place_us", "place"):
        op.drop_column("bus_channel", name)
    op.drop_column("bus_call", "place")
    op.drop_column("bus_attempt", "place")
