"""Tables of a restored database's way back: what was asked, what is held, what stands in the way.

Amounts are 分, instants µs UTC of the database's clock, days integers YYYYMMDD.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text, token

restoration = sa.Table(
    "restoration",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("cause", sa.String(12), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("begun_us", sa.BigInteger, nullable=False),
    sa.Column("from_day", sa.Integer, nullable=False),
    # Audit entries that the witness outside knows and this copy lost: first and last number.
    sa.Column("lost_from", sa.BigInteger, nullable=False),
    sa.Column("lost_to", sa.BigInteger, nullable=False),
    # How long what the former hub sent last may still be on its way, and since when it is known
    # to send nothing more.
    sa.Column("quiet_us", sa.BigInteger, nullable=False),
    sa.Column("still_us", sa.BigInteger, nullable=False),
    sa.Column("seat", sa.String(32), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("turn_us", sa.BigInteger, nullable=False),
    sa.Column("stage", sa.String(12), nullable=False),
    sa.Column("next_us", sa.BigInteger, nullable=False),
    sa.Column("adopted", sa.BigInteger, nullable=False),
    sa.Column("adopted_fen", sa.BigInteger, nullable=False),
    # The last turn that was whole and firm: what a plan made again is bound by.
    sa.Column("read_turn", sa.Integer, nullable=False),
    sa.Column("clean_us", sa.BigInteger),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("released_by", sa.String(80), nullable=False),
)
"""One row per restored (or cloned) start; open until two people release it."""

restore_ask = sa.Table(
    "restore_ask",
    metadata,
    sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("on_day", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
)
"""What each partner is asked in one turn."""

restore_fact = sa.Table(
    "restore_fact",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("number", key_text(64), nullable=False),
    sa.Column("serial", sa.String(64), nullable=False),
    sa.Column("account_token", token(), nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("on_day", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("said", sa.String(200), nullable=False),
    sa.Index("ix_restore_fact_number", "turn", "number"),
)
"""What bank or core hold of one number, as they said it in one turn."""

restore_obstacle = sa.Table(
    "restore_obstacle",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("turn", sa.Integer, nullable=False, index=True),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("number", key_text(64), nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("detail", sa.String(200), nullable=False),
)
"""What stood in the way of a release at the end of one turn."""
