"""The engine and the unit of work: one way to read, one way to write, on both databases.

``write()`` is a transaction that holds the write lock from its first statement (SQLite: BEGIN
IMMEDIATE), so what it read is still true when it commits.  It never spans a network call, and
long steps go in chunks of their own transactions.
"""

import copy
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from hub.kernel.errors import Unavailable

BUSY_TIMEOUT_MS = 30_000
FIRST_SAFE_SQLITE = (3, 51, 3)
"""Older libraries can lose committed rows when one connection checkpoints while another writes
(the WAL-reset bug); with one of those only one process may run."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every package's tables; names of 30 characters at most, no reserved words, no database enums,
no JSON columns: the domestic databases must hold them too."""


_AWAY = ("disk", "full", "locked", "busy", "unable to open", "readonly", "malformed", "closed")
"""What SQLite says when the fault is not in the statement."""


class DatabaseAway(Unavailable):
    """The database does not answer."""

    code = "store.away"
    hint = "Start the database or free its disk; the hub goes on by itself, nothing is lost."


@dataclass(frozen=True, slots=True)
class SqliteLibrary:
    """The SQLite library in use; ``safe`` when several processes may share the file."""

    module: ModuleType
    version: tuple[int, ...]

    @property
    def safe(self) -> bool:
        return self.version >= FIRST_SAFE_SQLITE


def sqlite_library() -> SqliteLibrary:
    """The newest SQLite at hand: pysqlite3's own where installed, else Python's."""
    try:
        import pysqlite3  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415

        module: ModuleType = pysqlite3
    except ImportError:
        module = sqlite3
    version = tuple(int(part) for part in str(module.sqlite_version).split("."))
    return SqliteLibrary(module, version)


def _create_engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return sa.create_engine(
            url, pool_size=16, max_overflow=16, pool_pre_ping=True, hide_parameters=True
        )
    engine = sa.create_engine(
        url,
        module=sqlite_library().module,
        hide_parameters=True,  # bound values may be names: they must not stand in an error
        pool_size=16,
        max_overflow=16,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: we say how
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("hub_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


class Store:
    """One database.  Cheap to pass around; owns the connection pool."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _create_engine(url)
        self._writer = self.engine.execution_options(hub_write=True)
        self._thread = threading.local()
        self._fence: Callable[[Connection], None] | None = None

    def fenced(self, fence: Callable[[Connection], None]) -> "Store":
        """The same database for work that only one process may do at a time: ``fence`` runs first
        in each of its write transactions, and what it raises undoes that transaction."""
        other = copy.copy(self)
        other._fence = fence
        return other

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; commits at the end, rolls back on any error.

        One inside another is a fault of the program: on SQLite it would wait for itself.
        """
        if getattr(self._thread, "writing", False):
            raise RuntimeError("a write transaction was begun inside another of this thread")
        self._thread.writing = True
        try:
            with self._open(self._writer) as tx:
                if self._fence is not None:
                    self._fence(tx)
                yield tx
        finally:
            self._thread.writing = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view that writes nothing."""
        with self._open(self.engine) as tx:
            yield tx

    @contextmanager
    def _open(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.connect() as connection, connection.begin():
                if not self.is_sqlite and engine is self.engine:
                    connection.execute(
                        sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    )
                yield connection
        except OperationalError as error:
            if self.is_sqlite and not any(word in str(error.orig) for word in _AWAY):
                raise  # SQLite calls a mistake of ours "operational" too
            raise DatabaseAway(
                f"the database does not answer: {type(error.orig).__name__}: "
                f"{str(error.orig)[:200]}"
            ) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseAway from error
            raise

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def insert_row(tx: Connection, table: sa.Table, **values: Any) -> int:
    """Insert one row and answer the number it was given."""
    added = tx.execute(sa.insert(table).values(**values).returning(table.c.id))
    return int(added.scalar_one())


def database_now_us(tx: Connection) -> int:
    """The database's own time in microseconds UTC: what leases between processes compare."""
    if tx.dialect.name == "sqlite":
        # One machine shares this file, so its clock is every process's clock.
        julian = tx.exec_driver_sql(
            "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
        )
        return int(julian.scalar_one()) * 1000
    found = tx.exec_driver_sql(
        "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
    )
    return int(found.scalar_one())
