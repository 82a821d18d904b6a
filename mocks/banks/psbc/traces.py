"""Trace ids that came before: the same with the same bytes is one request arriving twice."""

from mocks.kit import sm2
from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS trace(
  id TEXT PRIMARY KEY, digest BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trace_at ON trace(at);
"""


class Traces:
    """Remembers for ``kept_s`` seconds of business time, given in milliseconds."""

    def __init__(self, storage: Storage, kept_s: int) -> None:
        self._storage = storage
        self._kept_ms = kept_s * 1000
        storage.script(_DDL)

    def first(self, trace: str, body: bytes, now_ms: int) -> bool:
        """False when this id came with other bytes before."""
        digest = sm2.sm3(body)
        with self._storage.write():
            self._storage.run("DELETE FROM trace WHERE at<?", (now_ms - self._kept_ms,))
            stood = self._storage.value("SELECT digest FROM trace WHERE id=?", (trace,))
            if stood is None:
                self._storage.run(
                    "INSERT INTO trace(id,digest,at) VALUES(?,?,?)", (trace, digest, now_ms)
                )
        return stood is None or bytes(stood) == digest
