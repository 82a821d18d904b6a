"""Items wait in the order of their due list."""

from alembic import op

revision = "20261125_todo"
down_revision = "20261122_first"
branch_labels = None
depends_on = None

_WAITING = ["run_id", "bank", "state", "asked"]


def upgrade() -> None:
    op.drop_index("ix_offset_item_todo", table_name="offset_item")
    op.create_index("ix_offset_item_todo", "offset_item", [*_WAITING, "due_record_id"])


def downgrade() -> None:
    op.drop_index("ix_offset_item_todo", table_name="offset_item")
    op.create_index("ix_offset_item_todo", "offset_item", _WAITING)
