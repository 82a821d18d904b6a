"""What is kept of differences and of closed runs besides the offset's own tables."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text

difference_act = sa.Table(
    "difference_act",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("difference_id", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("act", sa.String(12), nullable=False),
    sa.Column("text", sa.String(200), nullable=False),
    sa.Index("ix_difference_act_of", "difference_id"),
)
"""A difference's history, only added to: found, taken, settled, found again."""

adjustment = sa.Table(
    "offset_adjustment",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("number", key_text(20), nullable=False, index=True),
    sa.Column("made_on", sa.Integer, nullable=False),
    sa.Column("booked_on", sa.Integer, nullable=False),
    sa.Column("shape", sa.String(10), nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("serial", key_text(64), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reversal", sa.String(64), nullable=False),
    sa.UniqueConstraint("bank", "booked_on", "serial"),
    sa.Index("ix_offset_adjustment_run", "run_id", "bank"),
)
"""What came back after its run had closed: ``open`` until the core's books show the reversal."""

repayment = sa.Table(
    "offset_repayment",
    metadata,
    sa.Column("parent", key_text(20), primary_key=True),
    sa.Column("number", key_text(20), nullable=False, unique=True),
    sa.Column("parent_run_id", sa.BigInteger, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("ordered_us", sa.BigInteger, nullable=False),
    sa.Column("ordered_by", sa.String(64), nullable=False),
)
"""Second tries: which item follows which, so the database refuses a second one of the same."""
