"""Nonces of believed requests: the same over the same bytes is one request that arrived twice."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.bus.tables import nonce
from hub.crypto import sm3_hex

_PRUNED = 200
"""Rows that one request clears away at most."""


def is_fresh(
    tx: Connection, interface: str, text: str, raw: bytes, kept_s: float, now_us: int
) -> bool:
    """Remember a nonce; False when it came before over other bytes."""
    mine, digest = nonce.c.interface == interface, sm3_hex(raw)
    found = _digest(tx, interface, text)
    if found is None:
        _prune(tx, interface, now_us)
        values = {
            "interface": interface, "nonce": text, "digest": digest,
            "until_us": now_us + int(kept_s * 1_000_000),
        }  # fmt: skip
        try:
            with tx.begin_nested():
                tx.execute(sa.insert(nonce).values(**values))
            return True
        except IntegrityError:  # another listener met it in the same moment
            found = tx.scalar(sa.select(nonce.c.digest).where(mine, nonce.c.nonce == text))
    return found == digest


def _digest(tx: Connection, interface: str, text: str) -> str | None:
    query = sa.select(nonce.c.digest)
    return tx.scalar(query.where(nonce.c.interface == interface, nonce.c.nonce == text))


def _prune(tx: Connection, interface: str, now_us: int) -> None:
    old = (
        sa.select(nonce.c.nonce)
        .where(nonce.c.interface == interface, nonce.c.until_us < now_us)
        .limit(_PRUNED)
    )
    gone = tx.scalars(old).all()
    if gone:
        tx.execute(sa.delete(nonce).where(nonce.c.interface == interface, nonce.c.nonce.in_(gone)))
