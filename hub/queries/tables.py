"""Callers of published queries, their secrets and grants, and every call they made.

A caller is an organisation known by ``rid``; its app secret is sealed (vault kind ``caller``).
What a call asked and was answered is sealed (kind ``query``), the ID number of who asked included.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, identity, key_text, token

query_caller = sa.Table(
    "query_caller",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("rid", key_text(60), nullable=False, unique=True),
    sa.Column("title", sa.String(120), nullable=False),
    # Addresses and networks it may call from, by commas; empty: any.
    sa.Column("addresses", sa.String(400), nullable=False),
    sa.Column("per_minute", sa.Integer, nullable=False),
    sa.Column("per_day", sa.Integer, nullable=False),
    sa.Column("added_us", sa.BigInteger, nullable=False),
    sa.Column("added_by", sa.String(64), nullable=False),
    sa.Column("revoked_us", sa.BigInteger),
    sa.Column("revoked_by", sa.String(64), nullable=False),
    sa.Column("revoked_why", sa.String(200), nullable=False),
)

query_secret = sa.Table(
    "query_secret",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("caller_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.String(64), nullable=False),
    # Business time from which it no longer holds; none while it is the newest.
    sa.Column("until_us", sa.BigInteger),
)

query_grant = sa.Table(
    "query_grant",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("caller_id", sa.BigInteger, nullable=False),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("purpose", sa.String(200), nullable=False),
    sa.Column("basis", sa.String(200), nullable=False),
    sa.Column("shown", sa.String(200), nullable=False),
    # The last day, YYYYMMDD, business time.
    sa.Column("until_day", sa.Integer, nullable=False),
    sa.Column("granted_us", sa.BigInteger, nullable=False),
    sa.Column("granted_by", sa.String(64), nullable=False),
    sa.Column("revoked_us", sa.BigInteger),
    sa.Column("revoked_by", sa.String(64), nullable=False),
    sa.Column("revoked_why", sa.String(200), nullable=False),
    # caller:interface while it holds, null afterwards: one grant for one thing.
    sa.Column("open_key", key_text(80), unique=True),
    sa.Index("ix_query_grant_caller", "caller_id", "interface"),
)

query_call = sa.Table(
    "query_call",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    # SM3 of interface and what was signed: one signature, one call.
    sa.Column("mark", key_text(64), nullable=False, unique=True),
    sa.Column("caller_id", sa.BigInteger, nullable=False),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("contract_version", sa.String(20), nullable=False),
    sa.Column("grant_id", sa.BigInteger),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("as_of_us", sa.BigInteger),
    sa.Column("remote", sa.String(45), nullable=False),
    sa.Column("body_digest", sa.String(64), nullable=False),
    sa.Column("uscc_token", token(), nullable=False),
    sa.Column("word", sa.String(20), nullable=False),
    sa.Column("http_status", sa.Integer, nullable=False),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("took_us", sa.Integer, nullable=False),
    # Somebody used this signature again for another body.
    sa.Column("misused", flag(), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index("ix_query_call_caller", "caller_id", "asked_us"),
    sa.Index("ix_query_call_uscc", "uscc_token"),
)
"""``asked_us`` and ``as_of_us`` are business time; what is sealed is ``{body, answer}``."""
