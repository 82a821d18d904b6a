"""An audited store on each kind of database."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.audit import Checkpoints, Entry, Sealer, record_many
from hub.audit.tables import audit_entry, audit_head, store_identity, store_seat
from hub.store import Store, metadata
from tests.audit.attacks import KEY, Scene

Enter = Callable[[int], None]
TABLES = [audit_entry, audit_head, store_identity, store_seat]


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


@pytest.fixture
def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder, KEY)


@pytest.fixture
def scene(store: Store, enter: Enter, checkpoints: Checkpoints, tmp_path: Path) -> Scene:
    """Thirty entries, a checkpoint at 10, 20 and 30; then five sealed and two unsealed ones."""
    for _ in range(3):
        enter(10)
        Sealer(store).seal()
        checkpoints.write(store)
    enter(5)
    Sealer(store).seal()
    enter(2)
    return Scene(store, checkpoints, tmp_path)
