"""Tables of the duty list and of the steps by which an alert climbs it.

Instants are µs UTC of business time.  Rows are never changed or taken away: the newest counts.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text, token

duty_turn = sa.Table(
    "watch_duty",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("rung", sa.Integer, nullable=False),
    # Empty: nobody, whatever an older row says.
    sa.Column("login_name", key_text(32), key="login", nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("shift", sa.String(20), nullable=False),
    sa.Column("set_by", sa.String(64), nullable=False),
    sa.Column("set_us", sa.BigInteger, nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Index("ix_watch_duty_until", "until_us"),
)
"""The duty list (值班表): who stands on which rung when; of rows that overlap the newest counts."""

duty_reach = sa.Table(
    "watch_duty_reach",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("login_name", key_text(32), key="login", nullable=False),
    sa.Column("way", key_text(8), nullable=False),
    # Null: this way was taken away.
    sa.Column("key_id", sa.BigInteger),
    sa.Column("blob", sa.LargeBinary),
    sa.Column("token", token(), nullable=False),
    sa.Column("mask", sa.String(60), nullable=False),
    sa.Column("set_by", sa.String(64), nullable=False),
    sa.Column("set_us", sa.BigInteger, nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Index("ix_watch_duty_reach_login", "login", "way", "id"),
)
"""How a person is reached: a telephone number or a mail address, sealed (vault kind ``duty``)."""

alert_rung = sa.Table(
    "watch_rung",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("incident_id", sa.BigInteger, nullable=False),
    sa.Column("rung", sa.Integer, nullable=False),
    # When it is to be taken; null once it has been, or needs not to be any more.
    sa.Column("due_us", sa.BigInteger),
    sa.Column("taken_us", sa.BigInteger),
    sa.Column("outcome", sa.String(8), nullable=False),
    sa.Column("login_name", key_text(32), key="login", nullable=False),
    sa.UniqueConstraint("incident_id", "rung"),
    sa.Index("ix_watch_rung_due", "due_us"),
)
"""One step of an incident's escalation (升级): due, then told, nobody, same or over."""
