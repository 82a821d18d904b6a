"""Maintenance, incidents, and the outbox of alerts."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_incidents"
down_revision = "20261126_cases"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watch_works",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("planned_by", sa.String(64), nullable=False),
        sa.Column("planned_us", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_us", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_works")),
    )
    op.create_index("ix_watch_works_until", "watch_works", ["until_us"])
    op.create_table(
        "watch_incident",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("open_key", _key(40), nullable=True),
        sa.Column("effect", sa.String(12), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("policy_version", sa.String(20), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("begun_us", sa.BigInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("respond_by_us", sa.BigInteger(), nullable=False),
        sa.Column("restore_by_us", sa.BigInteger(), nullable=False),
        sa.Column("reminded_us", sa.BigInteger(), nullable=False),
        sa.Column("responded_us", sa.BigInteger(), nullable=True),
        sa.Column("responded_by", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("restored_us", sa.BigInteger(), nullable=True),
        sa.Column("resolved_us", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(400), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_incident")),
        sa.UniqueConstraint("open_key", name=op.f("uq_watch_incident_open_key")),
    )
    op.create_index("ix_watch_incident_name", "watch_incident", ["interface", "begun_us"])
    op.create_table(
        "watch_incident_line",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("said", sa.String(600), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_incident_line")),
    )
    op.create_index("ix_watch_line_incident", "watch_incident_line", ["incident_id", "id"])
    op.create_table(
        "watch_alert",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("ready_us", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_us", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_alert")),
        sa.UniqueConstraint(
            "incident_id", "kind", "number", "channel", name=op.f("uq_watch_alert_incident_id")
        ),
    )
    op.create_index("ix_watch_alert_ready", "watch_alert", ["ready_us"])


def downgrade() -> None:
    for table in ("watch_alert", "watch_incident_line", "watch_incident", "watch_works"):
        op.drop_table(table)
