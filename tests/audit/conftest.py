"""An audited store on each kind of database."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.audit import Entry, record_many
from hub.audit.tables import audit_entry, audit_head, store_identity, store_seat
from hub.crypto import Sm2PrivateKey
from hub.store import Store, metadata

Enter = Callable[[int], None]
TABLES = [audit_entry, audit_head, store_identity, store_seat]
KEY = Sm2PrivateKey.parse("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")


@pytest.fixture
def store(empty_store: Store) -> Store:
    metadata.create_all(empty_store.engine, tables=TABLES)
    return empty_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


@pytest.fixture
def enter(store: Store) -> Enter:
    """Commit some entries."""

    def many(count: int) -> None:
        with store.write() as tx:
            record_many(
                tx,
                [
                    Entry(act="bus.attempt", actor="hub", subject=f"message:{n}", count=n)
                    for n in range(count)
                ],
            )

    return many
