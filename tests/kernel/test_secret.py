"""A masked value says what it hides to ``reveal()`` alone."""

import copy
import io
import json
import pickle
import traceback
from string import Template

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel import secret
from hub.kernel.secret import AccountNumber, IdNumber, Masked, PersonName, PhoneNumber, Secret

HIDDEN = "hunter2-hunter2"
TYPES = [Masked, Secret, PersonName, IdNumber, AccountNumber, PhoneNumber]


def every_way_to_text(value: Masked) -> list[str]:
    return [
        str(value), repr(value), f"{value}", f"{value!r}", f"{value:>40}", "%s %r" % (value, value),  # noqa: UP031
        "{0}{0!s}".format(value), Template("$v").substitute(v=value), str([value]), str({1: value}),  # noqa: UP032
        str(ValueError(value)), json.dumps({"v": value}, default=str),
    ]  # fmt: skip


class TestItNeverLeaks:
    @pytest.mark.parametrize("kind", TYPES)
    def test_in_text(self, kind: type[Masked]) -> None:
        for text in every_way_to_text(kind(HIDDEN)):
            assert HIDDEN not in text

    @pytest.mark.parametrize("kind", TYPES)
    def test_in_json(self, kind: type[Masked]) -> None:
        with pytest.raises(TypeError):
            json.dumps(kind(HIDDEN))

    @pytest.mark.parametrize("kind", TYPES)
    def test_in_structlog(self, kind: type[Masked]) -> None:
        for renderer in (
            structlog.processors.JSONRenderer(),
            structlog.processors.KeyValueRenderer(),
            structlog.dev.ConsoleRenderer(colors=False),
            structlog.processors.LogfmtRenderer(),
        ):
            stream = io.StringIO()
            logger = structlog.wrap_logger(structlog.PrintLogger(stream), processors=[renderer])
            logger.info("it", value=kind(HIDDEN))
            assert stream.getvalue()
            assert HIDDEN not in stream.getvalue()

    def test_in_a_traceback(self) -> None:
        try:
            raise KeyError(Secret(HIDDEN))
        except KeyError:
            assert HIDDEN not in traceback.format_exc()

    @given(st.text(min_size=7))
    def test_a_short_value_is_not_shown_whole(self, value: str) -> None:
        assert str(Secret(value)) == "******"


class TestMasks:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (PersonName("欧阳国洋"), "欧***"),
            (PersonName("𠮷田"), "𠮷*"),
            (PersonName(""), ""),
            (IdNumber("522729200303083343"), "522729********3343"),
            (IdNumber("E1234567"), "******67"),
            (AccountNumber("6222083230853674213"), "****4213"),
            (AccountNumber("421"), "****"),
            (PhoneNumber("15758884921"), "157****4921"),
            (PhoneNumber("120"), "****"),
            (Secret("x"), "******"),
        ],
    )
    def test_it_shows(self, value: Masked, shown: str) -> None:
        assert str(value) == value.shown() == shown
        assert repr(value) == f"{type(value).__name__}({shown})"

    def test_masks_of_raw_text(self) -> None:
        assert secret.mask_name(" 张三 ") == "张*"
        assert secret.mask_id("") == ""
        assert secret.mask_account("") == "****"


class TestValue:
    def test_reveal_and_equality(self) -> None:
        assert Secret(HIDDEN).reveal() == HIDDEN
        assert Secret(HIDDEN) == Secret(HIDDEN)
        other: Masked = AccountNumber(HIDDEN)
        assert other != Secret(HIDDEN)
        assert len({Secret("a"), Secret("a"), Secret("b")}) == 2

    def test_it_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            Secret(HIDDEN)._value = "other"  # type: ignore[misc]

    def test_copies_stay_masked(self) -> None:
        assert str(copy.deepcopy(Secret(HIDDEN))) == "******"
        assert str(pickle.loads(pickle.dumps(Secret(HIDDEN)))) == "******"

    def test_msgspec_is_the_one_encoder_that_looks_inside(self) -> None:
        """Known: msgspec encodes dataclasses by their fields, so masked values must never be
        given to it; what is stored goes through the vault."""
        assert HIDDEN in msgspec.json.encode(Secret(HIDDEN)).decode()
