"""Resources on the province's directories, and each step's receipt."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_directory"
down_revision = "20261126_visits"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "directory_resource",
        sa.Column("target", _key(40), nullable=False),
        sa.Column("code", _key(80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("up_content", sa.LargeBinary(), nullable=True),
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("remark", sa.String(400), nullable=False),
        sa.Column("moved_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target", "code", name=op.f("pk_directory_resource")),
    )
    op.create_table(
        "directory_step",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("number", _key(32), nullable=False),
        sa.Column("target", _key(40), nullable=False),
        sa.Column("code", _key(80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(40), nullable=False),
        sa.Column("remark", sa.String(400), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("ordered_by", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("breaking", sa.SmallInteger(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("done_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_step")),
        sa.UniqueConstraint("number", name=op.f("uq_directory_step_number")),
    )
    op.create_index(
        "ix_directory_step_resource", "directory_step", ["target", "code", "round", "place"]
    )


def downgrade() -> None:
    op.drop_table("directory_step")
    op.drop_table("directory_resource")
