"""Calls get the golden samples' MessageID and nonce, so that samples can answer them."""

import pytest

from adapters.banks.bgz.channel import Channel
from hub.ports.bank import BankPort
from tests.adapters.bgz import bench


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> BankPort:
    monkeypatch.setattr(Channel, "new_id", lambda _self: bench.MESSAGE_ID)
    monkeypatch.setattr(Channel, "new_nonce", lambda _self: bench.NONCE)
    return bench.bank()
