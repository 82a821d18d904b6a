"""The short form's fixtures: the month's folder, quick contract times, the outcomes to expect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sample import FOLDER
from tests.chaos.harness import Plan
from tests.chaos.places import quick_contracts
from tests.conftest import postgres_schema


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory, sample_month: Path) -> Plan:
    """The sample month, what an undisturbed run of it came to, and quick contract times."""
    place = tmp_path_factory.mktemp("chaos")
    return Plan(place, FOLDER, sample_month / "first.csv", seed=2025, pause_s=0.9,
                contracts=quick_contracts(place / "contracts"))  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """No URL for the folder's own SQLite; one onto a fresh PostgreSQL schema, told by its name."""
    if request.param == "sqlite":
        yield ""
    else:
        yield from _named_schema()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A URL onto a fresh PostgreSQL schema, told by its name."""
    yield from _named_schema()


def _named_schema() -> Iterator[str]:
    for found in postgres_schema():
        yield f"{found}&application_name={found.rpartition('search_path%3D')[2]}"


@pytest.fixture
def own(plan: Plan, tmp_path: Path) -> Plan:
    """The plan with a folder of this test alone."""
    return Plan(tmp_path, plan.data, plan.expected, plan.seed, plan.pause_s, plan.contracts)
