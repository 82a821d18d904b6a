"""One unit's part of a case: whose accounts are sealed, how far the work is."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, token

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
)
"""One row per case that is about a unit's accounts.  What became of each account is its
application's row (``case_application``, by ``case_link``)."""
