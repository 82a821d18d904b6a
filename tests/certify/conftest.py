"""Both certificates of the bundled mocks, run once for all tests that look at them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.crypto import KeyRing
from tests.certify.kit import QUICK, Certificate, certify


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, Certificate]:
    """At the same time: each waits for its partner most of it."""
    homes = [tmp_path_factory.mktemp(name) for name in ("bank-home", "core-home")]
    KeyRing.create(homes[0] / "keys")
    with ThreadPoolExecutor(2) as pool:
        bank = pool.submit(certify, homes[0], "bank-icbc", "--by", "测试员甲", *QUICK)
        core = pool.submit(certify, homes[1], "core", *QUICK)
        return bank.result(), core.result()


@pytest.fixture(scope="session")
def bank(both: tuple[Certificate, Certificate]) -> Certificate:
    """bank-icbc in a home that has keys."""
    return both[0]


@pytest.fixture(scope="session")
def core(both: tuple[Certificate, Certificate]) -> Certificate:
    """The core system in a home without keys."""
    return both[1]
