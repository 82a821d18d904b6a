"""What the province's platforms were told of our resources, step by step, with their receipts."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, identity, key_text

directory_resource = sa.Table(
    "directory_resource",
    metadata,
    sa.Column("target", key_text(40), primary_key=True),
    sa.Column("code", key_text(80), primary_key=True),
    # Counts what was ordered for this resource.
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("version", sa.String(12), nullable=False),
    # JSON of what is compiled and attached: no personal data in it.
    sa.Column("content", sa.LargeBinary, nullable=False),
    # The content that was put up last, by which those who call today go; none once it is down.
    sa.Column("up_content", sa.LargeBinary),
    # DirectoryStage, and ResourceState.
    sa.Column("stage", sa.String(10), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("remark", sa.String(400), nullable=False),
    sa.Column("moved_us", sa.BigInteger, nullable=False),
)

directory_step = sa.Table(
    "directory_step",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("number", key_text(32), nullable=False, unique=True),
    sa.Column("target", key_text(40), nullable=False),
    sa.Column("code", key_text(80), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("stage", sa.String(10), nullable=False),
    sa.Column("version", sa.String(12), nullable=False),
    # StepState
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("asks", sa.Integer, nullable=False),
    sa.Column("receipt", sa.String(40), nullable=False),
    sa.Column("remark", sa.String(400), nullable=False),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("ordered_by", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("breaking", flag(), nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("done_us", sa.BigInteger),
    sa.Index("ix_directory_step_resource", "target", "code", "round", "place"),
)
