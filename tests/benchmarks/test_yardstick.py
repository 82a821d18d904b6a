"""The yardstick is honest: it comes to the expected outcomes, in the contract's own formats."""

import csv
from pathlib import Path

import pytest
from lxml import etree

from benchmarks.offset import __main__ as command
from benchmarks.offset import wire
from benchmarks.offset.yardstick import Yardstick

SCHEMAS = Path(__file__).parents[2] / "contracts_spec/banks/icbc/schemas"
NUMBER = "20251000000000000001"
ORDER = (NUMBER, "6222080000000000015", "阿𠮷·<云杉>&", 228414, "ICBC2016000000001")
SAID = (NUMBER, "7", "6222080000000000015", 228414, "6", "A1101")


def _valid(name: str, document: bytes) -> bool:
    schema = etree.XMLSchema(etree.parse(str(SCHEMAS / f"{name}.xsd")))
    text = document.decode("gb18030").partition("?>")[2]
    schema.assertValid(etree.fromstring(text.encode()))
    return True


def test_outcomes_are_the_expected_ones(month_data: Path, tmp_path: Path) -> None:
    yardstick = Yardstick(tmp_path, month_data, ["ICBC"])
    yardstick.run()
    with (month_data / "expected-outcomes-icbc.csv").open(encoding="utf-8", newline="") as file:
        expected = sorted([row[0], *row[2:]] for row in list(csv.reader(file))[1:])
    assert sorted(yardstick.outcomes()) == expected
    assert set(yardstick.legs) == {
        "decode due list", "plan", "hold", "encode instruction", "decode instruction", "credit",
        "encode result", "decode result", "post", "inquire", "encode statement",
        "decode statement", "match",
    }  # fmt: skip


def test_a_due_page_is_the_contracts() -> None:
    row = ("ICBC2016000000001", "622208000000000001", "6222080000000000015", "阿𠮷·云杉",
           "522700196408050132 ", "20251015", "-1", "5", "-6", "0", "0")  # fmt: skip
    page = wire.due_page([row], 1, -1, "")
    assert _valid("QDKDUE.reply", wire.open_answer(page))
    assert list(wire.read_due_page(page)) == [list(row)]


def test_an_instruction_is_the_contracts() -> None:
    request = wire.instruction("20251000000000000009", [ORDER])
    assert _valid("PAYENT.request", wire.open_form(request))
    assert wire.read_instruction(request) == [ORDER]


def test_totals_of_an_instruction_are_checked() -> None:
    request = wire.instruction("20251000000000000009", [ORDER])
    document = wire.open_form(request).replace(
        b"<TotalAmt>228414</TotalAmt>", b"<TotalAmt>228415</TotalAmt>"
    )
    with pytest.raises(ValueError, match="totals"):
        wire.read_instruction(wire.form("PAYENT", "20251000000000000009", document))


def test_a_result_is_the_contracts() -> None:
    reply = wire.results("20251000000000000009", [SAID])
    assert _valid("PAYENT.reply", wire.open_answer(reply))
    assert wire.read_results(reply) == [(NUMBER, "7", 228414, "6", "A1101")]


def test_an_inquiry_is_the_contracts() -> None:
    request = wire.inquiry("1", [NUMBER])
    assert _valid("QPAYENT.request", wire.open_form(request))
    assert wire.read_inquiry(request) == [NUMBER]
    reply = wire.inquiry_answer("1", [SAID])
    assert _valid("QPAYENT.reply", wire.open_answer(reply))
    assert wire.read_inquiry_answer(reply) == [(NUMBER, "7", 228414, "6", "A1101")]


def test_a_statement_page_is_the_contracts() -> None:
    page = wire.statement_page([("7", NUMBER, "6222080000000000015", "阿𠮷·云杉", 228414)], "")
    assert _valid("QHISD.reply", wire.open_answer(page))
    assert wire.read_statement_page(page) == [("7", NUMBER, 228414, "6222080000000000015")]


def test_growth_is_against_the_yardsticks() -> None:
    rows = [
        command.Measured(10, 1.0, 1.0, {}, product_s=4.0),
        command.Measured(100, 10.0, 1.0, {}, product_s=48.0),
    ]
    assert command.growth(rows) == pytest.approx(1.2)
    assert command.growth(rows[:1]) is None
