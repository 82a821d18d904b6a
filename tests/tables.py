"""The tables that a suite needs, and no others."""

from hub.store import Store, metadata


def make_tables(store: Store, *packages: str) -> None:
    """The tables of these packages, told by how their names begin, and not all that this process
    has imported: on PostgreSQL the whole of them costs more than most tests."""
    ours = [table for name, table in metadata.tables.items() if name.startswith(packages)]
    metadata.create_all(store.engine, tables=ours)
