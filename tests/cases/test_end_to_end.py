"""From the platform's push to its receipts, on real sockets, judged by the two mocks' books."""

from collections.abc import Iterator

import pytest

from tests.cases.stage import Stage, stage, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("centre")) as up:
        yield up


@pytest.fixture
def centre(running: Stage) -> Stage:
    return running


def test_one_person_by_two_doors_is_paid_once(centre: Stage) -> None:
    centre.file("case.push")
    centre.file("item.push")
    until(lambda: centre.steps("GZ20251013000001")[-1:] == ["3"])
    until(lambda: centre.steps("SX20251013000001")[-1:] == ["3"])
    assert centre.applications() == ["03"]
    assert centre.answers() == [("taken", "200"), ("taken", "200")]
    told = centre.told("GZ20251013000001")
    other = centre.told("SX20251013000001")
    assert told["withdrawalPrincipal"] == other["principal"] == "44022.27"
    assert told["withdrawalInterest"] == other["interest"]
    assert centre.steps("GZ20251013000001")[:3] == ["0", "1", "2"]
