"""A mock's own SQLite file: what was committed survives ``kill -9`` at any moment.

The library is pysqlite3 where it can be had: the one that Python 3.11 carries can lose committed
rows when one connection checkpoints while another writes (fixed in SQLite 3.51.3).  A mock uses
one connection from one thread, so the old one is safe here, only slower.
"""

import importlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]


def _driver() -> Any:
    for name in ("pysqlite3.dbapi2", "sqlite3"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise RuntimeError("neither pysqlite3 nor sqlite3 can be imported")


class Storage:
    """One SQLite file in WAL mode.  ``synchronous`` FULL for money, NORMAL for the journal.

    NORMAL survives a killed process, not a power cut.  All use is from the partner's one
    worker thread; ``write`` may be nested, the outermost commits.
    """

    def __init__(self, path: Path, *, synchronous: str = "FULL") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._depth = 0
        self._connection = _driver().connect(
            str(path), isolation_level=None, check_same_thread=False
        )
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            self._connection.execute(f"PRAGMA {pragma}")

    def script(self, ddl: str) -> None:
        """Run DDL statements that may be run again (``IF NOT EXISTS``)."""
        self._connection.executescript(ddl)

    @contextmanager
    def write(self) -> Iterator["Storage"]:
        """One transaction; on leaving it is on disk, on an error it never was."""
        if self._depth == 0:
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield self
        except BaseException:
            self._depth -= 1
            if self._depth == 0 and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._connection.execute("COMMIT")

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """One statement; how many rows it touched."""
        return int(self._connection.execute(sql, values).rowcount)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """One statement for many rows."""
        self._connection.executemany(sql, rows)

    def insert(self, sql: str, values: Sequence[object] = ()) -> int:
        """One INSERT; the new row's id."""
        return int(self._connection.execute(sql, values).lastrowid)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        found: list[Row] = self._connection.execute(sql, values).fetchall()
        return found

    def each(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a query one by one."""
        yield from self._connection.execute(sql, values)

    def row(self, sql: str, values: Sequence[object] = ()) -> Row | None:
        """The first row, or None."""
        found: Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, values: Sequence[object] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, values)
        return None if found is None else found[0]

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


class Notes:
    """A few named texts kept in a storage: environment, digest of the loaded data, ports."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        storage.script("CREATE TABLE IF NOT EXISTS note(name TEXT PRIMARY KEY, text TEXT NOT NULL)")

    def get(self, name: str) -> str | None:
        """The text, or None."""
        found: str | None = self._storage.value("SELECT text FROM note WHERE name=?", (name,))
        return found

    def put(self, name: str, text: str) -> None:
        """Keep a text, replacing the old one (inside ``storage.write`` or by itself)."""
        self._storage.run(
            "INSERT INTO note(name,text) VALUES(?,?) "
            "ON CONFLICT(name) DO UPDATE SET text=excluded.text",
            (name, text),
        )
