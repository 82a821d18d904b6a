"""Nothing that looks like a person or a secret reaches a log, whichever way it comes."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel import logs
from hub.kernel.identity import id_check_digit
from hub.kernel.periods import Period
from hub.kernel.secret import AccountNumber, IdNumber, PersonName, PhoneNumber, Secret

ID = "522729200303083343"
CARD = "6222083230853674213"
MOBILE = "15758884921"
TOKEN = "hubp_3k7q_AbCdEfGh-_0123456789abcdef"
DIGITS = st.text("0123456789", min_size=20, max_size=20)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    yield stream
    root.handlers, level = before[0], before[1]
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@dataclass
class Person:
    name: str


class Colour(StrEnum):
    RED = "red"


class TestMaskText:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            (ID, "522729********3343"),
            (f"id={ID}.", "id=522729********3343."),
            (f"证件{ID}的人", "证件522729********3343的人"),
            ("52272919881012001x", "522729********001x"),
            ("522729881012001", "522729********2001"),
            (CARD, "****4213"),
            ("acct6222083230853674", "acct****3674"),
            ("6222 0832 3085 3674 213", "**** 213"),
            ("６２２２０８３２３０８５３６７４２１３", "****４２１３"),
            ("52270000000001", "****0001"),
            (MOBILE, "157****4921"),
            ("+8615758884921", "157****4921"),
            (f"a {MOBILE}/{CARD} b", "a 157****4921/****4213 b"),
            ("postgresql+psycopg://hub:hunter2@db/hub", "postgresql+psycopg://hub:******@db/hub"),
            (f"token {TOKEN}!", "token hubp_******!"),
        ],
    )
    def test_it_is_masked(self, text: str, shown: str) -> None:
        assert logs.mask_text(text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            "20251010000000012345",  # an instruction number
            "ICBC2021661853180",  # a loan contract
            "DC202500000001",
            "20251010153000",  # yyyyMMddHHmmss
            "2284.14",
            "522729999999001",  # 15 digits without a date in them
            "12345678901",  # no mobile number
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b8221234567890123456d",  # a digest
            "550e8400-e29b-41d4-a716-446655440000",
            "http://127.0.0.1:8527/x@y",
        ],
    )
    def test_it_stays(self, text: str) -> None:
        assert logs.mask_text(text) == text

    @given(DIGITS, st.sampled_from(["", " ", "号", "no. ", "=", '"']))
    def test_20_digit_instruction_numbers_always_survive(self, number: str, around: str) -> None:
        text = f"{around}{number}{around}"
        assert logs.mask_text(text) == text

    @given(
        st.integers(110000, 659999),
        st.dates(date(1930, 1, 1), date(2025, 1, 1)),
        st.integers(0, 999),
        st.sampled_from(["", "，", "id:", "(", "'"]),
    )
    def test_every_id_number_is_masked(
        self, area: int, born: date, serial: int, around: str
    ) -> None:
        first = f"{area}{born:%Y%m%d}{serial:03d}"
        number = first + id_check_digit(first)
        assert number not in logs.mask_text(f"{around}{number}{around}")

    @given(st.integers(16, 19).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)))
    def test_every_card_is_masked(self, card: str) -> None:
        assert card not in logs.mask_text(f"to {card}, now")


class TestMaskValue:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (1_762_000_000_000_000, 1_762_000_000_000_000),
            (True, True),
            (None, None),
            (Colour.RED, "red"),
            (Period(2025, 10), "2025-10"),
            (date(2025, 10, 1), "2025-10-01"),
            (Path("a") / CARD, "a/****4213"),
            (b"secret", "<6 bytes>"),
            (Person("郑琪"), "<Person>"),
            ([CARD, {ID: [ID]}], ["****4213", {"522729********3343": ["522729********3343"]}]),
            (ValueError(f"bad {CARD}"), "ValueError: bad ****4213"),
            (PersonName("郑琪"), "郑*"),
            ({"password": "x", "secrets": 1}, {"password": "******", "secrets": 1}),
        ],
    )
    def test_it_shows(self, value: object, shown: object) -> None:
        assert logs.mask_value(value) == shown


class TestLines:
    def test_a_line_has_time_level_logger_and_what_is_bound(self, stream: io.StringIO) -> None:
        with logs.bound(trace="t1", message=7, wave=None):
            logs.get_logger("hub.bus").info("sent", count=2)
        logs.get_logger("hub.bus").warning("after")
        first, second = lines(stream)
        assert first.pop("at")
        assert first == {
            "event": "sent", "count": 2, "trace": "t1", "message": 7,
            "level": "info", "logger": "hub.bus",
        }  # fmt: skip
        assert "trace" not in second

    def test_masked_types_and_their_look_alikes_are_masked(self, stream: io.StringIO) -> None:
        logs.get_logger("x").info(
            f"person {IdNumber(ID)} and {ID}",
            name=PersonName("欧阳国洋"), account=AccountNumber(CARD), phone=PhoneNumber(MOBILE),
            key=Secret("hunter2"), password="hunter2", JKRXM="欧阳国洋", text=f"卡号{CARD}",
            nested={"rows": [{"ZJHM": ID, "x": MOBILE}]},
        )  # fmt: skip
        said = stream.getvalue()
        for hidden in (ID, CARD, MOBILE, "hunter2", "欧阳国洋"):
            assert hidden not in said
        assert lines(stream)[0]["phone"] == "157****4921"

    def test_the_standard_library_goes_through_the_same_door(self, stream: io.StringIO) -> None:
        logging.getLogger("uvicorn.error").warning(
            "from %s to %s", CARD, Secret("hunter2"), extra={"zjhm": ID}
        )
        (line,) = lines(stream)
        assert line["event"] == "from ****4213 to ******"
        assert line["zjhm"] == "******"

    @pytest.mark.parametrize("form", ["json", "console"])
    def test_a_traceback_shows_no_locals_and_masks_its_message(
        self, stream: io.StringIO, form: str
    ) -> None:
        logs.configure("info", form, stream)
        hidden_local = "hunter" + "2" * 3
        try:
            raise ValueError(f"bad account {CARD} ({len(hidden_local)})")
        except ValueError:
            logs.get_logger("x").exception("it broke")
            logging.getLogger("y").exception("it broke")
        said = stream.getvalue()
        assert said.count("bad account ****4213") == 2
        assert "Traceback" in said
        assert CARD not in said
        assert "hunter222" not in said

    def test_the_level_holds(self, stream: io.StringIO) -> None:
        logs.configure("warning", "json", stream)
        logs.get_logger("x").info("quiet")
        logging.getLogger("httpx").info("quiet")
        logs.configure("debug", "json", stream)
        logging.getLogger("httpcore.http11").debug("headers=[(b'Authorization', b'x')]")
        assert stream.getvalue() == ""
