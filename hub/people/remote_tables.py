"""The table of remote sessions.  Instants are µs UTC of the database's clock."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text

remote_session = sa.Table(
    "remote_session",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    # LOGIN is a reserved word of some database.
    sa.Column("login_name", key_text(32), key="login", nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    # What the request rests on: a file's name or a sentence, masked; a file's SM3, else empty.
    sa.Column("evidence", sa.String(200), nullable=False),
    sa.Column("evidence_sm3", sa.String(64), nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    # Null until somebody of 中心 has agreed; then until when it is good.
    sa.Column("confirmed_us", sa.BigInteger),
    sa.Column("confirmed_by", sa.String(64), nullable=False),
    sa.Column("until_us", sa.BigInteger),
    sa.Column("closed_us", sa.BigInteger),
    sa.Column("closed_by", sa.String(64), nullable=False),
    sa.Column("closed_why", sa.String(200), nullable=False),
    sa.Index("ix_remote_session_login", "login", "id"),
)
"""A window in which somebody of 运维方 works from afar (远程运维会话)."""
