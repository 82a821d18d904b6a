"""One mock for the package, reset before each test."""

from collections.abc import Iterator

import pytest

from tests.core.corekit import CoreMock, HandClient, write_data


@pytest.fixture(scope="package")
def core_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreMock]:
    folder = tmp_path_factory.mktemp("core")
    mock = CoreMock(folder / "state", write_data(folder / "data")).start()
    yield mock
    mock.stop()


@pytest.fixture
def core(core_mock: CoreMock) -> Iterator[HandClient]:
    with core_mock.client() as client:
        client.reset()
        yield client
