"""A cases' office: on SQLite for what is said by rules alone, on each database where rows meet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Store
from tests.cases.kit import Office, make_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    store = Store(f"sqlite:///{tmp_path}/hub.sqlite")
    yield make_office(store, tmp_path / "keys")
    store.close()


@pytest.fixture
def each(empty_store: Store, tmp_path: Path) -> Office:
    """The same on each kind of database."""
    return make_office(empty_store, tmp_path / "keys")
