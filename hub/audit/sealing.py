"""The sealer: gives committed entries their order and their place in the chain.

Any process may seal at any time; they take turns:
1. The head row's lock is taken (a conditional update; SQLite: the write lock).
2. Entries without ``seq`` are read, oldest id first; each is chained to the one before.
3. Entries and head are written in the same transaction: a sealer that dies leaves the chain as
   it was, and the next one goes on from there.
An entry whose transaction commits late (its id is lower than others sealed already) simply
comes next: the order of the chain is the order of sealing.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit.chain import BODY, link, read_head
from hub.audit.identity import ensure_identity
from hub.audit.tables import audit_entry, audit_head
from hub.store import Store

CHUNK = 4000
"""Entries of one transaction: measured 0.06 s on SQLite, 0.19 s on PostgreSQL, where a second
is the most a write transaction may last."""

_UNSEALED = audit_entry.c.seq.is_(None)


class Sealer:
    """Seals one database's entries.  As many as there are processes may exist."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def seal(self, limit: int = CHUNK) -> int:
        """Seal up to ``limit`` entries, at most ``CHUNK`` in one transaction; answers how many."""
        done = 0
        while done < limit:
            sealed = self._seal_chunk(min(limit - done, CHUNK))
            done += sealed
            if sealed < CHUNK:
                break
        return done

    def seal_all(self) -> int:
        """Seal everything that is committed by now; answers how many."""
        done = 0
        while some := self.seal():
            done += some
        return done

    def _seal_chunk(self, limit: int) -> int:
        with self._store.read() as tx:
            if tx.execute(sa.select(audit_entry.c.id).where(_UNSEALED).limit(1)).first() is None:
                return 0
        with self._store.write() as tx:
            return _seal(tx, limit)


def _seal(tx: Connection, limit: int) -> int:
    ensure_identity(tx)
    tx.execute(sa.update(audit_head).where(audit_head.c.id == 1).values(turn=audit_head.c.turn + 1))
    head = read_head(tx)
    if head is None:
        raise RuntimeError("the audit head vanished inside a transaction")
    seq, chain = head
    rows = tx.execute(
        sa.select(*BODY).where(_UNSEALED).order_by(audit_entry.c.seq, audit_entry.c.id).limit(limit)
    ).all()
    changes = []
    for row in rows:
        seq += 1
        chain = link(chain, "".join(f"\n{value}" for value in row))
        changes.append({"this_id": row[0], "new_seq": seq, "new_chain": chain})
    if changes:
        tx.execute(
            sa.update(audit_entry)
            .where(audit_entry.c.id == sa.bindparam("this_id"), _UNSEALED)
            .values(seq=sa.bindparam("new_seq"), chain=sa.bindparam("new_chain")),
            changes,
        )
        tx.execute(sa.update(audit_head).where(audit_head.c.id == 1).values(seq=seq, chain=chain))
    return len(changes)


def count_unsealed(tx: Connection) -> int:
    """How many committed entries wait for the sealer."""
    return int(
        tx.execute(
            sa.select(sa.func.count()).select_from(audit_entry).where(_UNSEALED)
        ).scalar_one()
    )
