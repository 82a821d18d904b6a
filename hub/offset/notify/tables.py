"""What people were told, one row per text; no name, number or wording in clear.

The wording and the telephone number stand sealed in the message that carried them; here are the
template and what it was told of, by which it can be written again.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text, token

told = sa.Table(
    "offset_told",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("agreement_id", sa.BigInteger, nullable=False),
    sa.Column("period", key_text(7), nullable=False),
    sa.Column("occasion", key_text(12), nullable=False),
    sa.Column("item", key_text(20), nullable=False),
    # 0, and 1, 2, … for each correction of what was told before.
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("wave_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("person", token(), nullable=False),
    sa.Column("template", sa.String(60), nullable=False),
    sa.Column("said", sa.String(12), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("not_before", sa.Integer, nullable=False),
    # The business day it was taken up on, 0 until then: what a person's ceiling counts.
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("ask_id", sa.BigInteger),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("number", key_text(40), nullable=False),
    sa.Column("parts", sa.Integer, nullable=False),
    sa.Column("detail", sa.String(60), nullable=False),
    sa.Column("found_us", sa.BigInteger, nullable=False),
    sa.Column("told_us", sa.BigInteger),
    sa.UniqueConstraint("agreement_id", "period", "occasion", "item", "turn"),
    sa.Index("ix_offset_told_todo", "state", "not_before", "id"),
    sa.Index("ix_offset_told_person", "person", "day"),
    sa.Index("ix_offset_told_ask", "ask_id"),
    sa.Index("ix_offset_told_message", "message_id"),
    sa.Index("ix_offset_told_run", "run_id", "occasion", "state"),
)
"""UNIQUE: planning twice, or looking twice, tells nobody twice."""

told_pass = sa.Table(
    "offset_told_pass",
    metadata,
    sa.Column("wave_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", key_text(8), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("reached", sa.BigInteger, nullable=False),
    # What the books were like when the last whole pass began; empty while the run is open.
    sa.Column("mark", sa.String(60), nullable=False),
    sa.Column("done", sa.SmallInteger, nullable=False),
    sa.Column("begun_us", sa.BigInteger, nullable=False),
)
"""How far a wave has been looked through (``before``, ``after``); wave 0 says since when at all."""
