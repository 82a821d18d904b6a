"""The duty list, how people on it are reached, and the steps of an alert that nobody answers."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_duty"
down_revision = "20261126_rooms"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNIQUE = "uq_watch_alert_incident_id"
_OLD = ["incident_id", "kind", "number", "channel"]


def upgrade() -> None:
    op.add_column(
        "watch_incident",
        sa.Column("responded_way", sa.String(10), nullable=False, server_default=""),
    )
    with op.batch_alter_table("watch_alert") as changed:
        changed.add_column(sa.Column("person", _key(32), nullable=False, server_default=""))
        changed.add_column(sa.Column("message_id", sa.BigInteger(), nullable=True))
        changed.drop_constraint(_UNIQUE, type_="unique")
        changed.create_unique_constraint(_UNIQUE, [*_OLD, "person"])
    op.create_index("ix_watch_alert_message", "watch_alert", ["message_id"])
    op.create_table(
        "watch_duty",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("login_name", _key(32), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("shift", sa.String(20), nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.Column("set_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_duty")),
    )
    op.create_index("ix_watch_duty_until", "watch_duty", ["until_us"])
    op.create_table(
        "watch_duty_reach",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("login_name", _key(32), nullable=False),
        sa.Column("way", _key(8), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("token", _key(32), nullable=False),
        sa.Column("mask", sa.String(60), nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.Column("set_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_duty_reach")),
    )
    op.create_index("ix_watch_duty_reach_login", "watch_duty_reach", ["login_name", "way", "id"])
    op.create_table(
        "watch_rung",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=True),
        sa.Column("taken_us", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("login_name", _key(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_rung")),
        sa.UniqueConstraint("incident_id", "rung", name=op.f("uq_watch_rung_incident_id")),
    )
    op.create_index("ix_watch_rung_due", "watch_rung", ["due_us"])


def downgrade() -> None:
    for table in ("watch_rung", "watch_duty_reach", "watch_duty"):
        op.drop_table(table)
    op.drop_index("ix_watch_alert_message", "watch_alert")
    op.execute("DELETE FROM watch_alert WHERE person <> ''")
    with op.batch_alter_table("watch_alert") as changed:
        changed.drop_constraint(_UNIQUE, type_="unique")
        changed.create_unique_constraint(_UNIQUE, _OLD)
        changed.drop_column("message_id")
        changed.drop_column("person")
    op.drop_column("watch_incident", "responded_way")
