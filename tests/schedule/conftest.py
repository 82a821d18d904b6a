"""A store with tables on each kind of database, and a clock that stands."""

from datetime import datetime

import pytest

import hub.audit
import hub.schedule  # noqa: F401  (their tables)
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.store import Store
from tests.tables import make_tables


@pytest.fixture
def store(empty_store: Store) -> Store:
    make_tables(empty_store, "audit_", "store_", "banking_day", "job", "lease")
    return empty_store


@pytest.fixture
def clock() -> FixedClock:
    """Tuesday before the eight days of National Day and Mid-autumn, 09:00."""
    return FixedClock(datetime(2025, 9, 30, 9, tzinfo=SHANGHAI))
