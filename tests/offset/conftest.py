"""A centre per test, on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Store
from tests.offset.kit import Centre, many


@pytest.fixture
def centre(empty_store: Store, tmp_path: Path) -> Centre:
    """An upgraded, empty database with fakes for the partners."""
    return Centre(empty_store, tmp_path)


@pytest.fixture
def quick() -> Iterator[Centre]:
    """The same on SQLite alone, for what does not depend on the database."""
    with many() as one:
        yield one
