"""The bank's own calendar: a rule and a list, see ``calendar.yaml``."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path

from mocks.kit.yaml_files import read_yaml

_SATURDAY = 5


@cache
def _closed() -> frozenset[date]:
    path = Path(__file__).with_name("calendar.yaml")
    days: set[date] = set()
    for span in read_yaml(path)["closed"]:
        length = (span["to"] - span["from"]).days + 1
        days.update(span["from"] + timedelta(days=step) for step in range(length))
    return frozenset(days)


def is_banking_day(day: date) -> bool:
    """Monday to Friday, not closed."""
    return day.weekday() < _SATURDAY and day not in _closed()


def banking_day_after(day: date, count: int) -> date:
    """The ``count``-th banking day after ``day``."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_banking_day(day)
    return day
