"""Readings of the database and the disk below it: size, locks, who blocks whom, what is slow."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from hub.kernel.settings import Settings
from hub.store.waits import longest_wait_s

SLOW_S = 5
"""A statement that runs for longer is slow: the pages' own take milliseconds."""

_SESSIONS = sa.text(
    """
    SELECT
      coalesce(max(extract(epoch FROM now() - query_start))
        FILTER (WHERE wait_event_type = 'Lock'), 0),
      count(*) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()
        AND query_start < now() - make_interval(secs => :slow)),
      coalesce(max(extract(epoch FROM now() - xact_start))
        FILTER (WHERE pid <> pg_backend_pid()), 0)
    FROM pg_stat_activity WHERE datname = current_database()
    """
)
_BLOCKING = sa.text(
    """
    SELECT count(DISTINCT b) FROM pg_stat_activity a, unnest(pg_blocking_pids(a.pid)) AS b
    WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
    """
)


def database_readings(view: Connection, settings: Settings) -> Iterator[tuple[str, float]]:
    """(meter, value): bytes, seconds, sessions."""
    usage = shutil.disk_usage(settings.home)
    yield "hub_disk_free_bytes", usage.free
    yield "hub_disk_free_ratio", usage.free / usage.total if usage.total else 0.0
    if view.dialect.name == "sqlite":
        yield from _of_sqlite(Path(make_url(settings.database_url).database or ""))
        return
    size = view.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    yield "hub_database_bytes", int(size)
    yield "hub_database_wal_bytes", 0
    waits, slow, longest = view.execute(_SESSIONS, {"slow": SLOW_S}).one()
    yield "hub_database_lock_wait_seconds", max(float(waits), 0.0)
    yield "hub_database_slow_statements", int(slow)
    yield "hub_database_transaction_seconds", max(float(longest), 0.0)
    yield "hub_database_blocking_sessions", int(view.execute(_BLOCKING).scalar_one())


def _of_sqlite(file: Path) -> Iterator[tuple[str, float]]:
    wal = file.with_name(f"{file.name}-wal")
    yield "hub_database_bytes", file.stat().st_size if file.exists() else 0
    yield "hub_database_wal_bytes", wal.stat().st_size if wal.exists() else 0
    yield "hub_database_lock_wait_seconds", longest_wait_s()
