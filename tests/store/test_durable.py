"""What the hub reads of a database's promise to keep a commit."""

import sqlalchemy as sa

from hub.store import Store
from hub.store.durable import not_durable


def test_the_hub_s_own_settings_are_durable(empty_store: Store) -> None:
    """``kill -9`` cannot show what a power cut takes: the settings must say it."""
    assert not_durable(empty_store) == []


def test_a_weaker_setting_is_named(empty_store: Store) -> None:
    weaker = (
        "PRAGMA synchronous = NORMAL" if empty_store.is_sqlite else "SET synchronous_commit=off"
    )
    name = "synchronous = 1" if empty_store.is_sqlite else "synchronous_commit = off"

    def weaken(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
        connection.cursor().execute(weaker)
        connection.commit()

    sa.event.listen(empty_store.writing, "connect", weaken)
    empty_store.writing.dispose()
    assert not_durable(empty_store) == [name]
