"""What came in is kept as it came; nonces are remembered."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_inbound"
down_revision = "20261125_signing"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Beside the content, by which repeats are told, the request's own bytes."""
    op.add_column(
        "bus_inbound",
        sa.Column("contract_version", sa.String(20), nullable=False, server_default=""),
    )
    op.add_column("bus_inbound", sa.Column("raw_key", sa.BigInteger(), nullable=True))
    op.add_column("bus_inbound", sa.Column("raw", sa.LargeBinary(), nullable=True))
    op.create_table(
        "bus_nonce",
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("nonce", _key(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("interface", "nonce", name=op.f("pk_bus_nonce")),
    )
    op.create_index("ix_bus_nonce_until", "bus_nonce", ["interface", "until_us"])


def downgrade() -> None:
    """Back."""
    op.drop_table("bus_nonce")
    with op.batch_alter_table("bus_inbound") as changed:
        for name in ("raw", "raw_key", "contract_version"):
            changed.drop_column(name)
