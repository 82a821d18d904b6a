"""Fixtures every suite may use: real SQLite files, real PostgreSQL schemas.

Where PostgreSQL is not to be had, its half of the conformance suite is left out and said so;
under ``CI=true`` leaving it out is a failure.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from hypothesis import settings

from hub.people import tokens
from hub.store import Store
from tests.demo.kit import demo
from tests.month import unpack
from tests.shared import shared_place

HERE = Path(__file__).parent
SLOW = ("chaos", "restore", "planted", "demo", "defects", "certify", "ledger_month", "web",
        "benchmarks")  # fmt: skip
"""Folders whose tests run for many seconds and mostly wait; begun first, for what is begun last
decides when the suite ends."""
POSTGRES = os.environ.get("HUB_TEST_POSTGRES", "postgresql+psycopg://root@127.0.0.1:5432/test")


# A machine shared by many is no stopwatch: examples have no deadline.  Under CI=true hypothesis
# tries the same ones every time by itself; tests/defects/steady.py brings a profile of its own.
if settings.get_current_profile_name() == "default":
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow folders first.  The workers take one test after the other in this order, whatever file
    it stands in: what tests share must bear several processes at once."""
    items.sort(key=lambda item: _turn(item.path.relative_to(HERE).parts[0]))


def _turn(folder: str) -> int:
    return SLOW.index(folder) if folder in SLOW else len(SLOW)


def missing(what: str) -> None:
    """Leave a test out for want of ``what``; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"left out: {what} is not to be had here")


def postgres_schema() -> Iterator[str]:
    """A URL onto a fresh, empty schema, dropped afterwards."""
    schema = "t" + uuid.uuid4().hex[:12]
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    except sa.exc.OperationalError:
        admin.dispose()
        missing("PostgreSQL at " + POSTGRES)
    yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    admin.dispose()


@pytest.fixture
def real_argon2() -> None:
    """Asked for by tests that want the cost people pay."""


@pytest.fixture(autouse=True)
def _cheap_argon2(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process the same algorithm without its 64 MiB a token: tests add hundreds."""
    if "real_argon2" not in request.fixturenames:
        cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        monkeypatch.setattr(tokens, "_hasher", cheap)
    tokens._nobody.cache_clear()
    tokens._nobody()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/hub.sqlite"
    else:
        yield from postgres_schema()


@pytest.fixture
def empty_store(database_url: str) -> Iterator[Store]:
    """A store without tables, on each kind of database."""
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def month_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of 2025-10's CSV files and expected outcomes; read only, shared by all tests."""
    return unpack(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="session")
def sample_month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ``hub demo`` over the shipped sample that nobody disturbed, closed; run once
    for all workers.  ``first.csv`` in it are its outcomes, whatever is done there later."""
    with shared_place(tmp_path_factory, "sample-month") as out:
        if not (out / "first.csv").exists():
            done = demo(out, "--banks", "ICBC")
            assert done.code == 0, done.said
            shutil.copyfile(out / "outcomes.csv", out / "first.csv")
    return out
