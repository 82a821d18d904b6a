"""Fixtures every suite may use: real SQLite files, real PostgreSQL schemas.

Where PostgreSQL is not to be had, its half of the conformance suite is left out and said so;
under ``CI=true`` leaving it out is a failure.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.store import Store
from tests.month import unpack

POSTGRES = os.environ.get("HUB_TEST_POSTGRES", "postgresql+psycopg://root@127.0.0.1:5432/test")


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
