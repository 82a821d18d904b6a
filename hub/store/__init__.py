"""Engine, unit of work, vault and migrations; each package below owns its own tables."""

from hub.store.away import DatabaseAway
from hub.store.engine import (
    Store,
    database_now_us,
    insert_row,
    metadata,
    sqlite_library,
)
from hub.store.lists import among

__all__ = [
    "DatabaseAway",
    "Store",
    "among",
    "database_now_us",
    "insert_row",
    "metadata",
    "sqlite_library",
]
