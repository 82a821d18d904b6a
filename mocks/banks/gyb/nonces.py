"""Nonces that came before: the same with the same bytes is the same request arriving twice."""

from mocks.kit import sm2
from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS nonce(
  nonce TEXT PRIMARY KEY, digest BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonce_at ON nonce(at);
"""


class Nonces:
    """Remembers for ``kept_s`` seconds of business time, given in milliseconds."""

    def __init__(self, storage: Storage, kept_s: int) -> None:
        self._storage = storage
        self._kept_ms = kept_s * 1000
        storage.script(_DDL)

    def fresh(self, nonce: str, body: bytes, now_ms: int) -> bool:
        """False when this nonce came with other bytes."""
        digest = sm2.sm3(body)
        with self._storage.write():
            self._storage.run("DELETE FROM nonce WHERE at<?", (now_ms - self._kept_ms,))
            self._storage.run(
                "INSERT OR IGNORE INTO nonce(nonce,digest,at) VALUES(?,?,?)",
                (nonce, digest, now_ms),
            )
            found = self._storage.value("SELECT digest FROM nonce WHERE nonce=?", (nonce,))
        return bool(found == digest)
