"""Who this database is: a number drawn once, and the marks of its last two checkpoints."""

import uuid
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit.chain import genesis
from hub.audit.tables import audit_head, store_identity
from hub.store import database_now_us


class Identity(NamedTuple):
    """``store_id`` never changes; the marks are those of the newest checkpoint and of the last
    line that surely was outside before it."""

    store_id: str
    mark: str
    former_mark: str


def read_identity(tx: Connection) -> Identity | None:
    """Who this database is; None before the first use."""
    row = tx.execute(
        sa.select(
            store_identity.c.store_id, store_identity.c.mark, store_identity.c.former_mark
        ).where(store_identity.c.id == 1)
    ).first()
    return None if row is None else Identity(*row)


def ensure_identity(tx: Connection) -> Identity:
    """The same, drawing it at the first use, with the empty chain's head.

    Two first users at once: the second one's insert waits for the first one's commit and finds
    the row there.
    """
    known = read_identity(tx)
    if known is not None:
        return known
    store_id = uuid.uuid4().hex
    try:
        with tx.begin_nested():
            tx.execute(
                sa.insert(store_identity).values(
                    id=1,
                    store_id=store_id,
                    created_us=database_now_us(tx),
                    mark="",
                    former_mark="",
                )
            )
            tx.execute(sa.insert(audit_head).values(id=1, seq=0, chain=genesis(store_id), turn=0))
    except sa.exc.IntegrityError:
        return ensure_identity(tx)
    return Identity(store_id, "", "")
