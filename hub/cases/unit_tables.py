"""One unit's part of a case: whose accounts are sealed, how far the work is, and its undoing."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, identity, token

case_unit = sa.Table(
    "case_unit",
    metadata,
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("unit_token", token(), nullable=False),
    # Business time from which on the copy of the core's registry must be whole.
    sa.Column("since_us", sa.BigInteger, nullable=False),
    # The last account that was given to the core; empty before the first.
    sa.Column("cursor_token", token(), nullable=False),
    # 1 once every account of the unit was given to the core.
    sa.Column("whole", flag(), nullable=False),
    sa.Column("approved", flag(), nullable=False),
    sa.Column("wanted", sa.Integer, nullable=False),
    sa.Column("given", sa.Integer, nullable=False),
    sa.Column("sealed", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    # Messages made for this case: only the newest one's answer is acted upon.
    sa.Column("turns", sa.Integer, nullable=False, server_default="0"),
    # 1 once it is taken back; the last application that was looked at since.
    sa.Column("stopping", flag(), nullable=False, server_default="0"),
    sa.Column("stop_id", sa.BigInteger, nullable=False, server_default="0"),
    # Those that failed are tried again up to this application, 0 when not; the last looked at.
    sa.Column("retry_to", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("retry_id", sa.BigInteger, nullable=False, server_default="0"),
)
"""One row per case that is about a unit's accounts.  What became of each account is its
application's row (``case_application``, by ``case_link``)."""

case_unsealing = sa.Table(
    "case_unsealing",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("case_id", sa.BigInteger, nullable=False),
    # The case while it is asked for or under way, null afterwards: the database refuses a second.
    sa.Column("live_key", sa.BigInteger, unique=True),
    # asked | running | staff | ended
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("ordered_by", sa.String(64), nullable=False),
    sa.Column("confirmed_by", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("evidence", sa.String(200), nullable=False),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("begun_us", sa.BigInteger),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("wanted", sa.Integer, nullable=False),
    sa.Column("given", sa.Integer, nullable=False),
    sa.Column("opened", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    # 1 once the platform was told that money on hold is waited for.
    sa.Column("held", flag(), nullable=False),
    # The last sealing that was looked at, and the last there was when it began.
    sa.Column("cursor_id", sa.BigInteger, nullable=False),
    sa.Column("last_id", sa.BigInteger, nullable=False),
    # As in case_unit.
    sa.Column("retry_id", sa.BigInteger, nullable=False),
    sa.Column("retry_to", sa.BigInteger, nullable=False),
    sa.Index("ix_case_unsealing_case", "case_id"),
)
"""Undoings of a case's sealing (启封): who ordered it, why, by what evidence, how far it is."""
