"""Sealings of a unit: which message is the newest, and how far what is taken back is cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_sealings"
down_revision = "20261126_units"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    for name, kind in (
        ("turns", sa.Integer()),
        ("stopping", sa.SmallInteger()),
        ("stop_id", sa.BigInteger()),
    ):
        op.add_column("case_unit", sa.Column(name, kind, nullable=False, server_default="0"))


def downgrade() -> None:
    for name in ("stop_id", "stopping", "turns"):
        op.drop_column("case_unit", name)
