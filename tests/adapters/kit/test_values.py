"""The kit's short ways come to what the long ones say."""

from datetime import date
from urllib.parse import quote_plus

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.kit import banks
from adapters.kit.forms import quoted
from hub.contracts import load_contract
from tests.adapters.bcm.bench import FOLDER
from tests.adapters.bcm.bench import bank as bcm

PORT, NAME_FIELD = bcm(), load_contract(FOLDER).field("rcv_acname")
ACCOUNT = "6222600000000000017"
ANY_TEXT = st.text(st.characters(), max_size=40)


@given(st.binary(max_size=200))
@example(bytes(range(256)))
def test_a_form_is_quoted_as_the_standard_library_does(value: bytes) -> None:
    assert quoted(value).decode("ascii") == quote_plus(value)


@given(st.one_of(st.text("0123456789 -W", max_size=10), st.dates().map("{:%Y%m%d}".format)))
@example("2025W011")
@example("20250229")
@example("00000101")
@example("２０２５１０１３")
def test_a_day_is_eight_digits_that_exist(text: str) -> None:
    clean = text.strip()
    try:
        long_way = date(int(clean[:4]), int(clean[4:6]), int(clean[6:]))
    except ValueError:
        long_way = None
    sound = len(clean) == 8 and clean.isascii() and clean.isdigit()
    assert banks.day(text) == (long_way if sound else None)


@given(ANY_TEXT)
@example("欧阳·𠮷")
@example("张\u0001三")
@example("张\u3000三")
@example("张|三")
@example("张\ud800三")
@example("张\ufffe三")
@example(" \u3000")
@example("一" * 31)
def test_a_name_is_passed_by_the_long_rule_alone(name: str) -> None:
    fits = bool(name.strip()) and NAME_FIELD.takes(name)
    clean = banks.UNWRITABLE.search(name) is None and "|" not in name
    expected = None if fits and clean else "name_not_representable"
    assert PORT.obstacle(name, ACCOUNT) == expected
