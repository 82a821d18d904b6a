"""Bad days, the short form: those marked ``ci``.  All: python -m tests.chaos --bad-days."""

import pytest

from tests.chaos.bad_days import DAYS, Day, live
from tests.chaos.harness import Plan

_SHORT = [day for day in DAYS if day.ci]


def _ends_by_itself(day: Day, plan: Plan, url: str) -> None:
    lived = live(day, plan, url)
    if lived.left_out:
        pytest.skip(lived.said)
    assert lived.problems == []


@pytest.mark.parametrize(
    "day", [day for day in _SHORT if day.only != "postgresql"], ids=lambda day: day.name
)
def test_a_bad_day_ends_by_itself(day: Day, own: Plan) -> None:
    _ends_by_itself(day, own, "")


@pytest.mark.parametrize(
    "day", [day for day in _SHORT if day.only == "postgresql"], ids=lambda day: day.name
)
def test_a_bad_day_of_the_database_server(day: Day, own: Plan, postgres_url: str) -> None:
    _ends_by_itself(day, own, postgres_url)
