"""A filled door on each kind of database."""

from pathlib import Path

import pytest

from hub.store import Store
from tests.queries.kit import Bench, bench_on


@pytest.fixture
def bench(empty_store: Store, tmp_path: Path) -> Bench:
    return bench_on(empty_store, tmp_path)
