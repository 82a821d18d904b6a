"""The certificates of the bundled mocks, run once for all tests that look at them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.crypto import KeyRing
from tests.certify.kit import QUICK, Certificate, certify


@pytest.fixture(scope="session")
def all_three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, ...]:
    """At the same time: each waits for its partner most of it."""
    homes = [tmp_path_factory.mktemp(name) for name in ("bank-home", "core-home", "reg-home")]
    KeyRing.create(homes[0] / "keys")
    with ThreadPoolExecutor(3) as pool:
        bank = pool.submit(certify, homes[0], "bank-icbc", "--by", "测试员甲", *QUICK)
        core = pool.submit(certify, homes[1], "core", *QUICK)
        registry = pool.submit(certify, homes[2], "core-registry", *QUICK)
        return bank.result(), core.result(), registry.result()


@pytest.fixture(scope="session")
def bank(all_three: tuple[Certificate, ...]) -> Certificate:
    """bank-icbc in a home that has keys."""
    return all_three[0]


@pytest.fixture(scope="session")
def core(all_three: tuple[Certificate, ...]) -> Certificate:
    """The core system in a home without keys."""
    return all_three[1]


@pytest.fixture(scope="session")
def registry(all_three: tuple[Certificate, ...]) -> Certificate:
    """The core's registry, the same."""
    return all_three[2]
