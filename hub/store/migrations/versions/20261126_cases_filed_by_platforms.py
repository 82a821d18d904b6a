"""Cases: what platforms file with us, its attachments, its steps, its applications at the core."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_cases"
down_revision = "20261126_watch"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _identity() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "case_application",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("number", _key(32), nullable=False),
        sa.Column("subject_token", _key(32), nullable=False),
        sa.Column("live_key", _key(60), nullable=True),
        sa.Column("try_no", sa.Integer(), nullable=False),
        sa.Column("subject_mask", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=2), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("cancelling", sa.SmallInteger(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("principal", sa.BigInteger(), nullable=True),
        sa.Column("interest", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_application")),
        sa.UniqueConstraint("live_key", name=op.f("uq_case_application_live_key")),
        sa.UniqueConstraint("number", name=op.f("uq_case_application_number")),
    )
    op.create_index(
        "ix_case_application_subject", "case_application", ["kind", "subject_token"], unique=False
    )
    op.create_table(
        "case_attachment",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("inside", sa.Integer(), nullable=False),
        sa.Column("material", sa.String(length=2), nullable=False),
        sa.Column("media", sa.String(length=4), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("word", sa.String(length=20), nullable=False),
        sa.Column("label_key", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_attachment")),
        sa.UniqueConstraint("case_id", "version", "place", name=op.f("uq_case_attachment_case_id")),
    )
    op.create_table(
        "case_head",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("interface", _key(40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("door", _key(16), nullable=False),
        sa.Column("number", _key(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("waiting", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("back_asked", sa.SmallInteger(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("subject_token", _key(32), nullable=False),
        sa.Column("subject_tail", _key(32), nullable=False),
        sa.Column("name_token", _key(32), nullable=False),
        sa.Column("subject_mask", sa.String(length=120), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Integer(), nullable=False),
        sa.Column("accepted_on", sa.Integer(), nullable=True),
        sa.Column("promise_on", sa.Integer(), nullable=True),
        sa.Column("moved_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("principal", sa.BigInteger(), nullable=True),
        sa.Column("interest", sa.BigInteger(), nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_head")),
        sa.UniqueConstraint("interface", "door", "number", name=op.f("uq_case_head_interface")),
    )
    op.create_index("ix_case_head_state", "case_head", ["state", "promise_on"], unique=False)
    op.create_index("ix_case_head_subject", "case_head", ["subject_token"], unique=False)
    op.create_index("ix_case_head_tail", "case_head", ["subject_tail"], unique=False)
    op.create_table(
        "case_link",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "application_id", name=op.f("pk_case_link")),
    )
    op.create_index("ix_case_link_application", "case_link", ["application_id"], unique=False)
    op.create_table(
        "case_problem",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("text", sa.String(length=160), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "place", name=op.f("pk_case_problem")),
    )
    op.create_table(
        "case_step",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("lacking", sa.Text(), nullable=False),
        sa.Column("promise_days", sa.Integer(), nullable=False),
        sa.Column("promise_on", sa.Integer(), nullable=True),
        sa.Column("principal", sa.BigInteger(), nullable=True),
        sa.Column("interest", sa.BigInteger(), nullable=True),
        sa.Column("fed", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.Column("fed_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "place", name=op.f("pk_case_step")),
    )
    op.create_table(
        "case_version",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inbound_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("taken_us", sa.BigInteger(), nullable=False),
        sa.Column("word", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "version", "inbound_id", name=op.f("pk_case_version")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("case_version")
    op.drop_table("case_step")
    op.drop_table("case_problem")
    op.drop_table("case_link")
    op.drop_table("case_head")
    op.drop_table("case_attachment")
    op.drop_table("case_application")
