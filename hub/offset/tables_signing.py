"""What is kept of an agreement's way to the bank: verification, registration, cancellation."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import key_text

agreement_signing = sa.Table(
    "agreement_signing",
    metadata,
    sa.Column("agreement_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("step", sa.String(12), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    # The bank's last word, and what it was about.
    sa.Column("said_code", sa.String(32), nullable=False),
    sa.Column("said_text", sa.String(120), nullable=False),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("answered_us", sa.BigInteger),
    sa.Column("replaces", key_text(32), nullable=False),
    # The borrower's name and document, as the counter took them down.
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""One row per agreement that the hub itself has spoken to the bank about."""
