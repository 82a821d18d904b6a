"""Request numbers: none means two things within a year, and what was refused stays refused."""

import hashlib
from datetime import date, timedelta

from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS request(
  number TEXT PRIMARY KEY, day TEXT NOT NULL, digest TEXT NOT NULL, refused TEXT NOT NULL)
  WITHOUT ROWID;
"""


class Requests:
    """``days`` is how long a number stays taken."""

    def __init__(self, storage: Storage, days: int) -> None:
        self._storage = storage
        self._days = days
        storage.script(_DDL)

    def take(self, number: str, content: bytes, today: date) -> bool:
        """Whether this number may mean this content: it is new, or meant the same before."""
        digest = hashlib.sha256(content).hexdigest()
        since = (today - timedelta(days=self._days)).isoformat()
        stood = self._storage.row("SELECT day,digest FROM request WHERE number=?", (number,))
        if stood is not None and stood[0] > since:
            return bool(stood[1] == digest)
        self._storage.run(
            "INSERT INTO request(number,day,digest,refused) VALUES(?,?,?,'') ON CONFLICT(number) "
            "DO UPDATE SET day=excluded.day,digest=excluded.digest,refused=''",
            (number, today.isoformat(), digest),
        )
        return True

    def refuse(self, number: str, code: str) -> None:
        """Remember that a request was refused for good."""
        self._storage.run("UPDATE request SET refused=? WHERE number=?", (code, number))

    def refusal(self, number: str) -> str:
        """With which code a request was refused for good; empty when it was not."""
        found = self._storage.value("SELECT refused FROM request WHERE number=?", (number,))
        return str(found or "")

    def reset(self) -> None:
        """Forget every number."""
        self._storage.run("DELETE FROM request")
