"""Cases are found by number, receipt, name and account; what came in is listed by its state."""

from alembic import op

revision = "20261126_rooms"
down_revision = "20261126_sealings"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_case_head_number", "case_head", ["number"]),
    ("ix_case_head_name", "case_head", ["name_token"]),
    ("ix_case_step_receipt", "case_step", ["receipt"]),
    ("ix_case_version_inbound", "case_version", ["inbound_id"]),
    ("ix_case_application_mask", "case_application", ["subject_mask"]),
)


def upgrade() -> None:
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    op.drop_index("ix_bus_inbound_state", table_name="bus_inbound")
    op.create_index("ix_bus_inbound_state", "bus_inbound", ["state", "interface", "id"])


def downgrade() -> None:
    op.drop_index("ix_bus_inbound_state", table_name="bus_inbound")
    op.create_index("ix_bus_inbound_state", "bus_inbound", ["state", "interface"])
    for name, table, _ in _INDEXES:
        op.drop_index(name, table_name=table)
