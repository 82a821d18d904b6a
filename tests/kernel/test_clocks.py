"""Two clocks: the business's can be moved and is shared by a file, the machine's cannot."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.clocks import (
    SHANGHAI,
    FixedClock,
    SharedClock,
    SystemClock,
    from_us,
    monotonic,
    to_us,
)

# 1900: Shanghai's local mean time before; 2200: beyond any stored instant.
MOMENTS = st.datetimes(datetime(1992, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001


class TestMicroseconds:
    @given(MOMENTS)
    def test_round_trip_to_the_microsecond(self, naive: datetime) -> None:
        moment = naive.replace(tzinfo=SHANGHAI)
        assert from_us(to_us(moment)) == moment

    @given(st.integers(0, 7_258_118_400_000_000))
    def test_round_trip_of_the_integer(self, instant: int) -> None:
        assert to_us(from_us(instant)) == instant

    @given(MOMENTS, st.integers(-12, 14))
    def test_the_zone_it_is_written_in_does_not_matter(self, naive: datetime, hours: int) -> None:
        moment = naive.replace(tzinfo=UTC)
        assert to_us(moment.astimezone(timezone(timedelta(hours=hours)))) == to_us(moment)

    def test_known_instants(self) -> None:
        assert to_us(datetime(1970, 1, 1, 8, tzinfo=SHANGHAI)) == 0
        assert to_us(datetime(2025, 10, 1, tzinfo=SHANGHAI)) == 1_759_248_000_000_000
        assert from_us(-1).date() == date(1970, 1, 1)

    def test_a_day_has_24_hours_since_1992(self) -> None:
        """China's last summer time ended in 1991, so banking days may be counted in hours."""
        start = to_us(datetime(1992, 1, 1, tzinfo=SHANGHAI))
        for day in range(0, 40 * 365, 7):
            moment = datetime(1992, 1, 1, tzinfo=SHANGHAI) + timedelta(days=day)
            assert to_us(moment) - start == day * 86_400_000_000
            assert moment.utcoffset() == timedelta(hours=8)


class TestSharedClock:
    def test_without_a_file_it_is_the_machines_time(self, tmp_path: Path) -> None:
        clock = SharedClock(tmp_path / "clock.json")
        assert abs(clock.now() - SystemClock().now()) < timedelta(seconds=5)

    def test_it_is_set_runs_on_and_is_shared(self, tmp_path: Path) -> None:
        path = tmp_path / "clock.json"
        wanted = datetime(2025, 10, 9, 9, 30, tzinfo=SHANGHAI)
        SharedClock(path).set(wanted)
        other = SharedClock(path)
        first = other.now()
        assert timedelta(0) <= first - wanted < timedelta(seconds=5)
        assert other.today() == date(2025, 10, 9)
        assert other.now() > first
        assert set(json.loads(path.read_text())) == {"offset_seconds"}

    def test_today_is_shanghais(self, tmp_path: Path) -> None:
        clock = SharedClock(tmp_path / "clock.json")
        clock.set(datetime(2025, 9, 30, 16, 30, tzinfo=UTC))
        assert clock.today() == date(2025, 10, 1)
        assert clock.now().utcoffset() == timedelta(hours=8)

    def test_a_naive_moment_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError):
            SharedClock(tmp_path / "clock.json").set(datetime(2025, 10, 1))  # noqa: DTZ001


def test_the_fixed_clock_stands_until_moved() -> None:
    clock = FixedClock(datetime(2025, 10, 31, 18, tzinfo=UTC))
    assert clock.today() == date(2025, 11, 1)
    clock.moment += timedelta(days=1)
    assert clock.today() == date(2025, 11, 2)


def test_machine_time_never_goes_back() -> None:
    readings = [monotonic() for _ in range(100)]
    assert readings == sorted(readings)
