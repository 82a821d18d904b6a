"""Column types that mean the same on every database the hub runs on."""

import sqlalchemy as sa

TOKEN_LENGTH = 32
"""Hex characters of a search token: 128 bits of an HMAC-SM3."""


def key_text(length: int) -> sa.types.TypeEngine[str]:
    """Text compared and sorted as bytes: SQLite does so by itself, PostgreSQL is told to.

    A plan's order is defined in bytes; a database's locale must not change who is paid first.
    """
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def token() -> sa.types.TypeEngine[str]:
    """A keyed search token."""
    return key_text(TOKEN_LENGTH)


def flag() -> sa.types.TypeEngine[int]:
    """0 or 1: domestic databases disagree about booleans, and flags are summed here."""
    return sa.SmallInteger()


def identity() -> sa.types.TypeEngine[int]:
    """A growing row number; SQLite only counts up by itself for its own INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
