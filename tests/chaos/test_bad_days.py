"""Bad days, the short form: those marked ``ci``.  All: python -m tests.chaos --bad-days."""

import pytest

from tests.chaos.bad_days import DAYS, Day, live
from tests.chaos.harness import Plan

_SHORT = [day for day in DAYS if day.ci]


@pytest.mark.parametrize("day", _SHORT, ids=lambda day: day.name)
def test_a_bad_day_ends_by_itself(day: Day, own: Plan, request: pytest.FixtureRequest) -> None:
    lived = live(day, own, "")
    if lived.said.startswith("left out"):
        pytest.skip(lived.said)
    assert lived.problems == []
