"""A period is one month."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.periods import BadPeriod, Period

PERIODS = st.builds(Period, st.integers(2000, 2099), st.integers(1, 12))


@given(PERIODS)
def test_both_ways_of_writing_it_read_back(period: Period) -> None:
    assert Period.parse(str(period)) == Period.parse(period.compact) == period
    assert Period.of(period.first_day()) == period


@given(PERIODS, PERIODS)
def test_they_order_by_time_as_value_and_as_text(one: Period, other: Period) -> None:
    assert (one < other) == (one.first_day() < other.first_day())
    assert (str(one) < str(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    ["", "2025", "2025-13", "2025-00", "2025-1", "1999-12", "2025/10", "2025-10-01", "２０２５10"],
)
def test_it_refuses(text: str) -> None:
    with pytest.raises(BadPeriod):
        Period.parse(text)


def test_any_day_of_a_month_is_in_it() -> None:
    assert Period.of(date(2024, 2, 29)) == Period(2024, 2)
    assert Period(2024, 2).first_day() == date(2024, 2, 1)
