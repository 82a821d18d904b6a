"""When jobs are due, by the Chinese banking calendar."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.schedule import BankingCalendar, CalendarUnknown, Daily, EveryMinutes, Monthly, Rule

# Weekends and 1 to 8 October 2025 off, with 28 September and 11 October worked.
_OFF = {date(2025, 10, day) for day in range(1, 9)}
_ON = {date(2025, 9, 28), date(2025, 10, 11)}
CALENDAR = BankingCalendar(
    {
        day: (day.weekday() < 5 and day not in _OFF) or day in _ON
        for day in (date(2024, 1, 1) + timedelta(days=n) for n in range(3 * 366))
        if day.year < 2027
    }
)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return to_us(datetime(year, month, day, hour, minute, tzinfo=SHANGHAI))


def first(rule: Rule, after: int, count: int) -> list[str]:
    dues: Iterator[int] = rule.dues(after, CALENDAR)
    return [f"{from_us(due):%m-%d %H:%M}" for due in islice(dues, count)]


class TestDaily:
    def test_banking_days_skip_the_holiday_and_keep_the_worked_weekend(self) -> None:
        rule = Daily(time(9))
        assert first(rule, at(2025, 9, 26, 9), 4) == [
            "09-28 09:00", "09-29 09:00", "09-30 09:00", "10-09 09:00",
        ]  # fmt: skip
        assert str(rule) == "每个银行工作日 09:00"

    def test_every_day(self) -> None:
        rule = Daily(time(23, 30), banking_days=False)
        assert first(rule, at(2025, 9, 30, 23, 29), 2) == ["09-30 23:30", "10-01 23:30"]
        assert str(rule) == "每天 23:30"


class TestMonthly:
    @pytest.mark.parametrize(
        ("shift", "dues"),
        [
            ("after", ["10-09 08:00", "11-03 08:00", "12-01 08:00"]),
            ("before", ["09-30 08:00", "10-31 08:00", "12-01 08:00"]),
        ],
    )
    def test_a_holiday_moves_it(self, shift: str, dues: list[str]) -> None:
        rule = Monthly(1, time(8), shift)  # type: ignore[arg-type]
        assert first(rule, at(2025, 9, 2), 3) == dues

    def test_one_moved_into_the_next_month_is_found_from_there(self) -> None:
        """28 September would be the last; here the 1st moves to the 9th and is asked for on
        the 5th."""
        assert first(Monthly(1, time(8)), at(2025, 10, 5), 1) == ["10-09 08:00"]
        assert first(Monthly(1, time(8)), at(2025, 10, 9, 8), 1) == ["11-03 08:00"]

    def test_it_says_so(self) -> None:
        assert str(Monthly(3, time(8), "before")) == "每月 3 日 08:00（遇非银行工作日提前）"

    @pytest.mark.parametrize("day", [0, 29, 31])
    def test_a_day_some_month_lacks_is_refused(self, day: int) -> None:
        with pytest.raises(ValueError, match="1 to 28"):
            Monthly(day, time(8))


class TestEveryMinutes:
    def test_all_processes_agree_on_the_grid(self) -> None:
        assert first(EveryMinutes(15), at(2025, 10, 1, 9, 1), 2) == ["10-01 09:15", "10-01 09:30"]
        assert first(EveryMinutes(15), at(2025, 10, 1, 9, 15), 1) == ["10-01 09:30"]
        assert str(EveryMinutes(15)) == "每 15 分钟"

    def test_never(self) -> None:
        with pytest.raises(ValueError, match="minute"):
            EveryMinutes(0)


RULES = st.one_of(
    st.builds(Daily, st.times().map(lambda t: t.replace(second=0, microsecond=0)), st.booleans()),
    st.builds(Monthly, st.integers(1, 28), st.just(time(8)), st.sampled_from(["before", "after"])),
    st.builds(EveryMinutes, st.integers(1, 3000)),
)


@given(RULES, st.integers(at(2024, 3, 1), at(2026, 8, 1)), st.integers(0, 10**13))
def test_dues_grow_and_starting_later_leaves_none_out(rule: Rule, after: int, gap: int) -> None:
    later = min(after + gap, at(2026, 8, 1))
    dues = list(islice(rule.dues(after, CALENDAR), 4))
    assert all(after < due for due in dues)
    assert all(one < other for one, other in pairwise(dues))
    expected = [due for due in dues if due > later]
    assert list(islice(rule.dues(later, CALENDAR), len(expected))) == expected


def test_where_the_calendar_ends_nothing_is_guessed() -> None:
    dues = Daily(time(9)).dues(at(2026, 12, 30, 12), CALENDAR)
    assert f"{from_us(next(dues)):%m-%d}" == "12-31"
    with pytest.raises(CalendarUnknown):
        next(dues)
