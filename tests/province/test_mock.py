"""The supervision platform's mock asks the real door, signed by its own hand."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Store
from tests.mocks.running import Running, running
from tests.province.kit import RID, SID, Site, core_over_the_month, site_on


@pytest.fixture
def site(empty_store: Store, tmp_path: Path) -> Iterator[Site]:
    mock = core_over_the_month(tmp_path / "core")
    try:
        with site_on(empty_store, tmp_path, mock) as made:
            yield made
    finally:
        mock.stop()
