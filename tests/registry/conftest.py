"""One core mock for all of a module's tests, as just loaded for each."""

from collections.abc import Iterator

import pytest

from tests.registry.kit import RegistryBench, registry_bench


@pytest.fixture(scope="module")
def core_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryBench]:
    with registry_bench(tmp_path_factory.mktemp("registry")) as up:
        yield up


@pytest.fixture
def bench(core_up: RegistryBench) -> RegistryBench:
    core_up.hand.reset()
    core_up.hand.control("DELETE", "/faults")
    return core_up
