"""Fields of a unit that a case wants changed: before, at the core, wanted, decided."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import key_text, token

case_field = sa.Table(
    "case_field",
    metadata,
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("unit_token", token(), nullable=False),
    sa.Column("unit_mask", sa.String(40), nullable=False),
    sa.Column("field", sa.String(20), nullable=False),
    # What is to become, or became, of it (Verdict).
    sa.Column("verdict", sa.String(12), nullable=False),
    # The application that carries it to the core; empty before.
    sa.Column("number", key_text(32), nullable=False, index=True),
    sa.Column("decided_by", sa.String(64), nullable=False),
    sa.Column("decided_why", sa.String(200), nullable=False),
    # The three values masked for pages; whole, with the unit's account, they are sealed.
    sa.Column("before_mask", sa.String(255), nullable=False),
    sa.Column("core_mask", sa.String(255), nullable=False),
    sa.Column("new_mask", sa.String(255), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""One row per version, unit and field; ``place`` counts a case's rows and is never given again."""
