"""Calls get the golden samples' reqSerial, so that samples can answer them."""

import pytest

from adapters.banks.psbc.channel import Channel
from hub.ports.bank import BankPort
from tests.adapters.psbc import bench


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> BankPort:
    monkeypatch.setattr(Channel, "new_serial", lambda _self: bench.SERIAL)
    return bench.bank()
