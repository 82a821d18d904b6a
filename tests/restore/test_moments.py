"""An older copy restored over a closed month: short form.  All moments: python -m tests.restore.

Judged by the partners' own books: each instruction credited once, each credit posted once, no
hold left, outcomes as expected.
"""

import pytest

from tests.chaos.harness import Plan, Served
from tests.restore.moments import Returned, go_through


def _comes_back(own: Plan, url: str, moment: str) -> Returned:
    served = Served(own, 1, url)
    try:
        came = go_through(served, moment)
    finally:
        served.close()
    assert came.verdict.problems == []
    assert came.audit == ""
    assert came.verdict.credits > 200
    return came


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_copy_from_before_the_due_list_adopts_the_whole_month(own: Plan, url: str) -> None:
    came = _comes_back(own, url, "opened")
    assert came.way.adopted > 200, "there was something to adopt"
    assert came.way.lost > 0


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_copy_from_while_money_is_booked_comes_to_the_same_month(own: Plan, url: str) -> None:
    _comes_back(own, url, "booking")
