"""GB 11643: which numbers are one person's."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.identity import (
    ID_CARD,
    comparable_id,
    id_check_digit,
    normal_id,
    normal_id_card,
    normal_name,
)


class TestIdCard:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("110105491231002", "11010519491231002X"),  # GB 11643-1999's own example
            ("522729881012001", "522729198810120014"),  # checked by the sum of the test below
        ],
    )
    def test_15_digits_are_lengthened(self, old: str, new: str) -> None:
        assert normal_id_card(old) == new
        assert comparable_id(f" {old} ", ID_CARD) == comparable_id(new.lower(), ID_CARD)

    @given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
    def test_the_long_form_keeps_the_short_one_and_checks(self, born: date, serial: int) -> None:
        old = f"522729{born:%y%m%d}{serial:03d}"
        new = normal_id_card(old)
        assert new[:6] + new[8:17] == old
        assert new[6:8] == "19"
        # GB 11643: the weighted sum, the check digit's included, is 1 modulo 11.
        weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1]
        values = [10 if c == "X" else int(c) for c in new]
        assert sum(v * w for v, w in zip(values, weights, strict=True)) % 11 == 1

    @pytest.mark.parametrize("odd", ["", "1234", "52272919880101001", "E12345678901234", "１" * 15])
    def test_what_is_not_15_digits_stays(self, odd: str) -> None:
        assert normal_id_card(odd) == odd

    def test_x_and_blanks_do_not_count(self) -> None:
        assert normal_id(" 11010519491231002x\n") == "11010519491231002X"

    def test_the_standards_examples(self) -> None:
        assert id_check_digit("11010519491231002") == "X"
        assert id_check_digit("44052418800101001") == "4"

    def test_the_check_digit_wants_17(self) -> None:
        with pytest.raises(ValueError, match="zip"):
            id_check_digit("123")


class TestOtherDocuments:
    @pytest.mark.parametrize("id_type", ["02", "03", "04", "99"])
    def test_a_passport_of_15_digits_is_not_lengthened(self, id_type: str) -> None:
        assert comparable_id("110105491231002", id_type) == "110105491231002"

    def test_they_are_trimmed_and_upper_case(self) -> None:
        assert comparable_id(" e1234567 ", "03") == "E1234567"


def test_names_keep_everything_but_the_blanks_around_them() -> None:
    assert normal_name(" 阿依·古丽 ") == "阿依·古丽"
    assert normal_name("Li Na") != normal_name("LiNa")
    assert normal_name("𠮷田") == "𠮷田"
