"""One rig per test, on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Store
from hub.wire import HttpPartner
from tests.bus.kit import Bank, Book, Keeper, Partner, Rig, make_bus


@pytest.fixture
def rig(empty_store: Store, tmp_path: Path) -> Iterator[Rig]:
    """Everything real: database, socket, vault, audit."""
    bus = make_bus(empty_store, tmp_path / "keys")
    keeper = Keeper()
    with Bank().open() as bank, HttpPartner({"nc": bank.url}, timeout_s=1.0) as http:
        book = Book(bank_test=Partner(http))
        yield Rig(empty_store, bus, bank, keeper, book, {"pay": keeper, "ask": keeper})
