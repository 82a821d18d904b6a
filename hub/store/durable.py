"""Whether a commit is on the disk: settings that no kill shows, only a power cut."""

from sqlalchemy.engine import Connection

from hub.store.away import told_away
from hub.store.engine import Store

_FULL = 2
"""SQLite's ``synchronous``: a commit waits for the disk (3, EXTRA, waits once more)."""


def not_durable(store: Store) -> list[str]:
    """The settings under which a power cut may take what was committed; empty when all is well.

    SQLite's are set by the hub itself, on each connection: asked is one that writes.
    PostgreSQL's belong to its server.  Raises DatabaseAway.
    """
    with told_away(sqlite=store.is_sqlite), store.writing.connect() as connection:
        return _weak(connection)


def _weak(view: Connection) -> list[str]:
    if view.dialect.name == "sqlite":
        synchronous = int(view.exec_driver_sql("PRAGMA synchronous").scalar_one())
        journal = str(view.exec_driver_sql("PRAGMA journal_mode").scalar_one())
        return [
            *([] if synchronous >= _FULL else [f"synchronous = {synchronous}"]),
            *([] if journal == "wal" else [f"journal_mode = {journal}"]),
        ]
    found = []
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        value = str(view.exec_driver_sql(f"SHOW {name}").scalar_one())
        if value == "off":
            found.append(f"{name} = off")
    return found
