"""People's tables.  Instants are µs UTC of the database's clock.

A person's name is sealed (vault kind ``person``) with its mask beside it; a token is known here
by its Argon2 hash alone.  A payload holds numbers and digests, never a name or an account.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    # LOGIN is a reserved word of some database.
    sa.Column("login_name", key_text(32), key="login", nullable=False, unique=True),
    sa.Column("name_key_id", sa.BigInteger, nullable=False),
    sa.Column("name_blob", sa.LargeBinary, nullable=False),
    sa.Column("name_mask", sa.String(40), nullable=False),
    sa.Column("party", sa.String(12), nullable=False),
    sa.Column("roles", sa.String(80), nullable=False),
    sa.Column("added_us", sa.BigInteger, nullable=False),
    sa.Column("added_by", sa.String(64), nullable=False),
    # "first" for whoever was made without a token: the database allows one.
    sa.Column("founder", sa.String(8), unique=True),
)

person_token = sa.Table(
    "person_token",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("person_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("lookup", key_text(16), nullable=False, unique=True),
    sa.Column("hash", sa.String(160), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.String(64), nullable=False),
    sa.Column("revoked_us", sa.BigInteger),
    sa.Column("revoked_by", sa.String(64), nullable=False),
    sa.Column("last_used_us", sa.BigInteger),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("wait_until_us", sa.BigInteger, nullable=False),
    # personal: kept by its owner; session: a browser's, after sign-in; enrol: between the
    # password and the first code.
    sa.Column("kind", key_text(8), nullable=False),
    # A session's end, whatever it does; null for a personal token.
    sa.Column("until_us", sa.BigInteger),
)

person_secret = sa.Table(
    "person_secret",
    metadata,
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.String(160), nullable=False),
    sa.Column("set_us", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("wait_until_us", sa.BigInteger, nullable=False),
    sa.Column("code_key_id", sa.BigInteger, nullable=False),
    sa.Column("code_blob", sa.LargeBinary, nullable=False),
    # The last 30-second step whose code was taken, so that none is taken twice; -1: not yet one.
    sa.Column("code_step", sa.BigInteger, nullable=False),
)
"""What a person signs in with: a password (Argon2), and the sealed key of the codes."""

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("act", key_text(40), nullable=False),
    sa.Column("subject", key_text(120), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("requested_by", key_text(32), nullable=False),
    sa.Column("requested_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    # act:subject while it is open, null afterwards: one open request for one thing.
    sa.Column("open_key", key_text(161), unique=True),
    sa.Column("ended_by", key_text(32), nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("ended_why", sa.String(200), nullable=False),
    sa.Index("ix_approval_state", "state", "id"),
    sa.Index("ix_approval_subject", "act", "subject", "id"),
)
"""An act that takes two people.  ``ended_by`` confirmed, refused or withdrew it."""
