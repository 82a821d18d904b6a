"""Money and time of this wire: exactly their one form, to the last 分 and the right day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.bgz.amounts import (
    day_from,
    fen_from,
    fen_of,
    moment_from,
    moment_of,
)
from hub.kernel.money import Fen, format_yuan

MOST = 10**17 - 1


@given(st.integers(-MOST, MOST).map(Fen))
def test_fen_survives_the_round_trip(fen: Fen) -> None:
    assert fen_of(Decimal(format_yuan(fen))) == fen
    assert fen_from(format_yuan(fen)) == fen


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_any_other_scale_is_none(yuan: Decimal) -> None:
    fen = fen_of(yuan)
    if fen is None:
        scaled = yuan.is_finite() and yuan.as_tuple().exponent == -2
        assert not scaled or abs(yuan) >= 10**15
    else:
        assert format_yuan(fen) == format(yuan, "f").replace("-0.00", "0.00")


@pytest.mark.parametrize(
    "text", ["1E+2", "1e2", "100", "1.5", "0.001", "1.005", "+1.00", "1,000.00", "1_0.00", "１.00",
             "", ".50", "NaN", "Infinity", "二千元", "1.00 元", "1" * 16 + ".00"]
)  # fmt: skip
def test_no_other_writing_is_an_amount(text: str) -> None:
    assert fen_from(text) is None


@pytest.mark.parametrize(
    "value", [None, "1.00", 1.0, Decimal("1E+2"), Decimal("1"), Decimal("NaN")]
)
def test_what_is_no_decimal_of_two_places_is_none(value: object) -> None:
    assert fen_of(value) is None


def test_a_moment_is_shanghais_whatever_its_zone() -> None:
    found = moment_from("2025-10-10T16:30:00Z")
    assert found is not None
    assert found.date() == date(2025, 10, 11)
    assert moment_from("2025-10-10T09:30:00+08:00") == datetime(2025, 10, 10, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2025-10-10T09:30:00", "2025-10-10", "20251010", "", "25:00"])
def test_a_moment_without_a_zone_is_none(text: str) -> None:
    assert moment_from(text) is None


def test_the_ends_of_time_are_none() -> None:
    assert moment_of(datetime.max.replace(tzinfo=UTC)) is None


@pytest.mark.parametrize("text", ["20251010", "2025-10-10Z", "2025-10-10+08:00", "2025-02-30", "x"])
def test_a_day_has_one_writing(text: str) -> None:
    assert day_from(text) is None
    assert day_from("2025-10-10") == date(2025, 10, 10)
