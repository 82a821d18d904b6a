"""What became of an item: found by account, serial and document; its messages to the core."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_find"
down_revision = "20261126_places"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_INDEXES = (
    ("ix_agreement_repay_token", "agreement", ["repay_token"]),
    ("ix_agreement_main_mask", "agreement", ["main_mask"]),
    ("ix_agreement_spouse_mask", "agreement", ["spouse_mask"]),
    ("ix_offset_item_bank_serial", "offset_item", ["bank_serial"]),
)
_MESSAGES = ("hold_msg", "book_msg", "back_msg")


def upgrade() -> None:
    op.create_table(
        "account_owner",
        sa.Column("account_token", _key(32), nullable=False),
        sa.Column("id_token", _key(32), nullable=False),
        sa.Column("id_tail", _key(32), nullable=False),
        sa.PrimaryKeyConstraint("account_token", name=op.f("pk_account_owner")),
    )
    op.create_index("ix_account_owner_id_token", "account_owner", ["id_token"])
    op.create_index("ix_account_owner_id_tail", "account_owner", ["id_tail"])
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    for name in _MESSAGES:
        op.add_column("offset_item", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in _MESSAGES:
        op.drop_column("offset_item", name)
    for name, table, _ in _INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_table("account_owner")
