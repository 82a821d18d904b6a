"""分 as integers: what is read comes back to the 分, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.money import LIMIT, BadAmount, format_yuan, parse_fen, parse_yuan, show_yuan

AMOUNTS = st.integers(-LIMIT, LIMIT)
BAD = [
    "", " ", "-", ".", "1.", ".5", "1.234", "1,234.00", "1 234", "1e3", "1E+3", "+1", "--1",
    "0x10", "1_000", "NaN", "inf", "１２", "¥1", "1.2.3", "1\n2", "12345678901234567.00",
]  # fmt: skip


class TestYuan:
    @given(AMOUNTS)
    def test_round_trip(self, fen: int) -> None:
        assert parse_yuan(format_yuan(fen)) == fen

    @given(AMOUNTS)
    def test_what_people_see_differs_by_sign_and_separators_only(self, fen: int) -> None:
        shown = show_yuan(fen)
        assert parse_yuan(shown.replace("¥", "").replace(",", "")) == fen

    @pytest.mark.parametrize(
        ("text", "fen"),
        [
            ("0", 0), ("-0.00", 0), ("0.1", 10), ("0.01", 1), ("-12.3", -1230), (" 5 ", 500),
            ("0012.30", 1230), ("9999999999999999.99", LIMIT), ("-9999999999999999.99", -LIMIT),
        ],
    )  # fmt: skip
    def test_it_reads(self, text: str, fen: int) -> None:
        assert parse_yuan(text) == fen

    @pytest.mark.parametrize("text", BAD)
    def test_it_refuses(self, text: str) -> None:
        with pytest.raises(BadAmount) as caught:
            parse_yuan(text)
        assert caught.value.code == "money.bad_amount"

    def test_a_float_is_no_amount(self) -> None:
        with pytest.raises((AttributeError, TypeError)):
            parse_yuan(12.5)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("fen", "written", "shown"),
        [
            (0, "0.00", "¥0.00"), (1, "0.01", "¥0.01"), (-1, "-0.01", "-¥0.01"),
            (228414, "2284.14", "¥2,284.14"), (1746022905, "17460229.05", "¥17,460,229.05"),
            (-100, "-1.00", "-¥1.00"),
        ],
    )  # fmt: skip
    def test_it_writes(self, fen: int, written: str, shown: str) -> None:
        assert (format_yuan(fen), show_yuan(fen)) == (written, shown)


class TestFen:
    @given(AMOUNTS)
    def test_round_trip(self, fen: int) -> None:
        assert parse_fen(str(fen)) == fen

    @pytest.mark.parametrize(
        "text", ["", "1.0", "1,0", "1e2", "+1", "１", "--1", "1_0", str(LIMIT + 1), "- 1"]
    )
    def test_it_refuses(self, text: str) -> None:
        with pytest.raises(BadAmount):
            parse_fen(text)
