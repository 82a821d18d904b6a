"""An older copy restored over a closed month: short form.  All moments: python -m tests.restore.

Judged by the partners' own books: each instruction credited once, each credit posted once, no
hold left, outcomes as expected.
"""

import pytest

from tests.chaos.harness import Plan, Served
from tests.restore.moments import go_through


@pytest.mark.parametrize("moment", ["opened", "booking"])
def test_a_copy_of_an_earlier_moment_comes_to_the_same_month(
    own: Plan, url: str, moment: str
) -> None:
    served = Served(own, 1, url)
    try:
        came = go_through(served, moment)
    finally:
        served.close()
    assert came.verdict.problems == []
    assert came.verdict.credits > 200
    assert came.way.adopted > 200, "there was something to adopt"
    assert came.way.lost > 0
