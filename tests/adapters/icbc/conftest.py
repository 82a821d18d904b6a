"""Calls that are no batch get the golden samples' PackageID, so that samples can answer them."""

import pytest

from adapters.banks.icbc.channel import Channel
from hub.ports.bank import BankPort
from tests.adapters.icbc import bench


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> BankPort:
    monkeypatch.setattr(Channel, "new_serial", lambda _self, _code: bench.SERIAL)
    return bench.bank()
