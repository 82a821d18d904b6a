"""Calls get the golden samples' req_no, so that samples can answer them."""

import pytest

from adapters.banks.bcm.channel import Channel
from hub.ports.bank import BankPort
from tests.adapters.bcm import bench


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> BankPort:
    monkeypatch.setattr(Channel, "new_serial", lambda _self: bench.SERIAL)
    return bench.bank()
