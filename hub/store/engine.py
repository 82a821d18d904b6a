"""The engine and the unit of work: one way to read, one way to write, on both databases.

``write()`` is a transaction that holds the write lock from its first statement (SQLite: BEGIN
IMMEDIATE), so what it read is still true when it commits.  It never spans a network call, and
long steps go in chunks of their own transactions.  On SQLite the threads of a process take turns
and share commits (``hub.store.turns``), and processes let each other through (``hub.store.gate``).
"""

import copy
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from hub.kernel.clocks import monotonic
from hub.store.away import told_away
from hub.store.gate import LOOK_S, Gate
from hub.store.turns import Turns

BUSY_TIMEOUT_MS = 30_000
CHECKPOINT_PAGES = 10_000
"""Pages of 4 KiB in the write-ahead log before they are copied into the file: some 40 MB."""

READER_CACHE_MIB, WRITER_CACHE_MIB = 4, 24
"""Of each connection, at most."""

FIRST_SAFE_SQLITE = (3, 51, 3)
"""Older libraries can lose committed rows when one connection checkpoints while another writes
(the WAL-reset bug); with one of those only one process may run."""

_READ_ONLY = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

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
    return _create_sqlite(url, READER_CACHE_MIB, pool_size=16, max_overflow=16)


def _create_writer(url: str) -> Engine:
    """Writers take turns, so one connection serves them all: its cache stays warm from one
    transaction to the next, where a reader's is thrown away at every commit of somebody else."""
    return _create_sqlite(url, WRITER_CACHE_MIB, pool_size=1, max_overflow=1)


def _create_sqlite(url: str, cache_mib: int, *, pool_size: int, max_overflow: int) -> Engine:
    engine = sa.create_engine(
        url,
        module=sqlite_library().module,
        hide_parameters=True,  # bound values may be names: they must not stand in an error
        pool_size=pool_size,
        max_overflow=max_overflow,
        # The connection given back last is taken next: the others' caches stay small.
        pool_use_lifo=True,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", partial(_prepare_sqlite, cache_mib))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(cache_mib: int, connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: we say how
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "foreign_keys = ON",
        # A sort over 10⁶ rows spills to a file, and each thread's connection has its own cache:
        # both count towards the memory of the hub, while the file's pages are the system's.
        "temp_store = FILE",
        f"cache_size = -{cache_mib * 1024}",
        # A month touches the same pages again and again: fewer, longer checkpoints copy each once.
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    raw: Any = connection.connection.driver_connection
    if not connection.get_execution_options().get("hub_write", False):
        raw.execute("BEGIN")  # takes no lock yet, so nothing can be in its way
        return
    # SQLite's own waiting sleeps longer and longer; only one thread of a process waits here.
    raw.execute("PRAGMA busy_timeout = 0")
    until = monotonic() + BUSY_TIMEOUT_MS / 1000
    try:
        while not _begin_writing(connection, raw, last=monotonic() > until):
            time.sleep(LOOK_S)
    finally:
        raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _begin_writing(connection: Connection, raw: Any, *, last: bool) -> bool:
    """Take the write lock; False when another process has it, an error when this was the last
    look."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except raw.OperationalError as error:
        if last or "locked" not in str(error):
            # Once more the usual way, for the error in its usual form.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return True
        return False
    return True


class Store:
    """One database.  Cheap to pass around; owns the connection pool."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _create_engine(url)
        self.writing = _create_writer(url) if self.is_sqlite else self.engine
        """The engine of transactions that write."""

        self._writer = self.writing.execution_options(hub_write=True)
        self._thread = threading.local()
        self._gate: Gate | None = None
        self._turns: Turns | None = None
        if self.is_sqlite:
            file = make_url(url).database
            self._gate = Gate(f"{file}-gate") if file and file != ":memory:" else None
            self._turns = Turns(self._begin_turn)
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
        with told_away(sqlite=self.is_sqlite):
            if self._turns is not None and engine is self._writer:
                with self._turns.turn() as tx:
                    yield tx
                return
            with engine.connect() as connection, connection.begin():
                if not self.is_sqlite and engine is self.engine:
                    connection.execute(_READ_ONLY)
                yield connection

    def _begin_turn(self) -> Connection:
        with self._gate.held() if self._gate is not None else nullcontext():
            connection = self._writer.connect()
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
            return connection

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self.writing.dispose()
        if self._gate is not None:
            self._gate.close()


def insert_row(tx: Connection, table: sa.Table, **values: Any) -> int:
    """Insert one row and answer the number it was given."""
    added = tx.execute(sa.insert(table).values(**values).returning(table.c.id))
    return int(added.scalar_one())


def database_now_us(tx: Connection) -> int:
    """The database's own time in microseconds UTC: what leases between processes compare."""
    if tx.dialect.name == "sqlite":
        # One machine shares this file, so its clock is every process's clock.
        raw: Any = tx.connection.driver_connection
        julian = raw.execute("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
        return int(julian.fetchone()[0]) * 1000
    found = tx.exec_driver_sql(
        "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
    )
    return int(found.scalar_one())
