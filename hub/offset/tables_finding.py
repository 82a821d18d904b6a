"""What is kept so that an item can be found by a person's document number."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import token

account_owner = sa.Table(
    "account_owner",
    metadata,
    sa.Column("account_token", token(), primary_key=True),
    sa.Column("id_token", token(), nullable=False, index=True),
    sa.Column("id_tail", token(), nullable=False, index=True),
)
"""Whose an account is, as the core last said when a plan asked about it: tokens alone.  One row
per account and not per month, so that a month adds only those not seen before."""
