"""What a month's plans are kept with beside their lines: due dates, and second waves."""

import sqlalchemy as sa

from hub.store import metadata

wave_due = sa.Table(
    "offset_wave_due",
    metadata,
    sa.Column("wave_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bank", sa.String(8), primary_key=True),
    sa.Column("due_on", sa.Integer, primary_key=True, autoincrement=False),
    # 0 while the banking calendar does not reach as far.
    sa.Column("latest_on", sa.Integer, nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
)
"""A plan's items by due date (at most a month's days for each bank), so that a page can say at
every look what would come too late."""

second_part = sa.Table(
    "offset_second_part",
    metadata,
    sa.Column("leg_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("first_wave_id", sa.BigInteger, nullable=False),
    sa.Column("due_list_id", sa.BigInteger, nullable=False),
    # Null when the day came and there was nobody to look at again.
    sa.Column("wave_id", sa.BigInteger, index=True),
)
"""Legs that were looked at a second time, each at most once in a run."""
