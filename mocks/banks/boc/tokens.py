"""Sign-in tokens: a few live side by side, each until it has lain idle for too long."""

import secrets
import time

from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS token(
  id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, used_at REAL NOT NULL);
"""


class Tokens:
    """``most`` tokens at once, ``idle_s`` seconds each after its last use (machine time)."""

    def __init__(self, storage: Storage, most: int, idle_s: float) -> None:
        self._storage = storage
        self._most = most
        self._idle_s = idle_s
        storage.script(_DDL)

    def issue(self) -> str:
        """A new one; the oldest beyond ``most`` goes."""
        text = secrets.token_hex(24)
        with self._storage.write():
            self._storage.run("INSERT INTO token(text,used_at) VALUES(?,?)", (text, time.time()))
            self._storage.run(
                "DELETE FROM token WHERE id NOT IN (SELECT id FROM token ORDER BY id DESC LIMIT ?)",
                (self._most,),
            )
        return text

    def valid(self, text: str) -> bool:
        """Whether a token still counts; counts as its use."""
        return bool(
            self._storage.run(
                "UPDATE token SET used_at=? WHERE text=? AND used_at>?",
                (time.time(), text, time.time() - self._idle_s),
            )
        )

    def forget(self) -> int:
        """None counts any more; how many there were."""
        return self._storage.run("DELETE FROM token")
