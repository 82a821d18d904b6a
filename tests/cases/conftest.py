"""A cases' office on each kind of database."""

from pathlib import Path

import pytest

from hub.store import Store
from tests.cases.kit import Office, make_office


@pytest.fixture
def office(empty_store: Store, tmp_path: Path) -> Office:
    return make_office(empty_store, tmp_path / "keys")
