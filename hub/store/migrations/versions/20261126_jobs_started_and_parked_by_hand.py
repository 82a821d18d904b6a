"""Jobs are parked, and dues started or skipped, by a person; what a job has opened is kept."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_jobs"
down_revision = "20261126_queries"
branch_labels = None
depends_on = None

_JOB = ("since_us", "done_us", "parked_by", "parked_why", "parked_us")
_DUE = ("looked_us", "asked_by", "why")


def upgrade() -> None:
    """Columns beside those that are there; rows of before count as the rule's own."""
    op.add_column("job", sa.Column("since_us", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("done_us", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("parked_by", sa.String(64), nullable=False, server_default=""))
    op.add_column("job", sa.Column("parked_why", sa.String(200), nullable=False, server_default=""))
    op.add_column("job", sa.Column("parked_us", sa.BigInteger(), nullable=True))
    op.add_column(
        "job_due", sa.Column("looked_us", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column(
        "job_due", sa.Column("asked_by", sa.String(64), nullable=False, server_default="")
    )
    op.add_column("job_due", sa.Column("why", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    """Back."""
    for table, names in (("job", _JOB), ("job_due", _DUE)):
        with op.batch_alter_table(table) as changed:
            for name in names:
                changed.drop_column(name)
