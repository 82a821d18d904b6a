"""What the adapter sends is the golden bytes, in one call, marked where it counts."""

from collections.abc import Callable
from datetime import date
from urllib.parse import unquote_to_bytes

import pytest
from lxml import etree

from adapters.banks.ccb.adapter import build
from adapters.banks.ccb.channel import Channel
from hub.kernel.errors import BadInput, Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow
from hub.ports.context import AdapterContext
from tests.adapters.ccb import bench
from tests.adapters.ccb.bench import CLAIM, NUMBERS, PlayedLine

Ask = Callable[[BankPort, PlayedLine], object]
OCTOBER = Period(2025, 10)
ASKED: list[tuple[str, str, Ask]] = [
    ("6W9101", "6W9101.reply", lambda b, li: b.probe(li)),
    ("6W0100", "6W0100.reply", lambda b, li: b.fetch_balance(li)),
    ("6W0300", "6W0300.reply", lambda b, li: b.fetch_statement(li, date(2025, 10, 10), None)),
    ("6WD801", "6WD801.reply", lambda b, li: b.instruct(li, bench.batch())),
    ("6WD802", "6WD802.reply", lambda b, li: b.fetch_results(li, bench.BATCH)),
    ("6WD803", "6WD803.reply", lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("6WD901", "6WD901.reply", lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    (
        "6WD901.page2",
        "6WD901.page2.reply",
        lambda b, li: b.fetch_dues(li, OCTOBER, "2:202510-0a1b2c3d"),
    ),
    ("6WD902", "6WD902.reply", lambda b, li: b.verify_loan(li, CLAIM)),
    ("6WD903", "6WD903.reply", lambda b, li: b.register_agreement(li, CLAIM)),
    ("6WD904", "6WD904.reply", lambda b, li: b.cancel_agreement(li, CLAIM)),
]


def _plain(data: bytes) -> bytes:
    text = data.decode("gb18030").split("?>", 1)[1]
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, method="c14n")


@pytest.mark.parametrize(("name", "answer", "ask"), ASKED, ids=[one[0] for one in ASKED])
def test_one_call_with_the_golden_xml(bank: BankPort, name: str, answer: str, ask: Ask) -> None:
    line = bench.line(f"{answer}.xml")
    ask(bank, line)
    (call,) = line.calls
    field, _, value = call.body.partition(b"=")
    xml = unquote_to_bytes(value.replace(b"+", b" "))
    assert field == b"requestXml"
    assert b'encoding="GB2312"' in xml.split(b"?>")[0]
    assert _plain(xml) == _plain(bench.sample(f"{name}.request.xml"))
    assert (call.endpoint, call.path) == ("front", "/")
    assert call.effect == (name in {"6WD801", "6WD903", "6WD904"})
    assert line.drift.drifts == [] or name in {"6WD802", "6WD901.page2"}


def test_the_form_is_the_golden_one(bank: BankPort) -> None:
    line = bench.line("6WD801.reply.xml")
    bank.instruct(line, bench.batch())
    assert line.calls[0].body == bench.sample("6WD801.request.form.txt")


def test_two_calls_have_two_serials() -> None:
    bank = bench.bank()
    made = {Channel.new_serial(bank._channel) for _ in range(50)}  # type: ignore[attr-defined]
    assert len(made) > 40
    assert all(len(one) == 16 and one.isdigit() for one in made)


@pytest.mark.parametrize(
    ("number", "name", "account", "amount"),
    [
        (NUMBERS[0], "郑琪", "6222", 0),
        (NUMBERS[0], "郑琪", "6222", -5),
        ("123", "郑琪", "6222", 5),
        (NUMBERS[0], "一" * 31, "6222", 5),
        (NUMBERS[0], "郑\x00琪", "6222", 5),
        (NUMBERS[0], " ", "6222", 5),
        (NUMBERS[0], "郑琪", "62 22", 5),
        (NUMBERS[0], "郑琪", "6" * 33, 5),
    ],
)
def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
    bank: BankPort, number: str, name: str, account: str, amount: int
) -> None:
    line = bench.line()
    row = InstructionRow(number, "CCB1", account, name, Fen(amount))
    with pytest.raises(BadInput):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_too_many_rows_or_a_number_twice_are_refused(bank: BankPort) -> None:
    for numbers in ([], [NUMBERS[0]] * 2, [f"{n:020d}" for n in range(301)]):
        rows = tuple(InstructionRow(one, "C1", "6222", "郑琪", Fen(1)) for one in numbers)
        with pytest.raises(BadInput):
            bank.instruct(bench.line(), InstructionBatch(bench.BATCH, OCTOBER, rows))


def test_a_loan_contract_too_long_for_its_field_is_not_sent(bank: BankPort) -> None:
    line = bench.line()
    row = InstructionRow(NUMBERS[0], "C" * 31, "6222", "郑琪", Fen(1))
    with pytest.raises(BadInput, match="6WD801"):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_the_largest_and_the_smallest_amount_keep_every_fen(bank: BankPort) -> None:
    line = bench.line("6WD801.reply.xml")
    rows = (
        InstructionRow(NUMBERS[0], "C1", "6222", "郑琪", Fen(10**17 - 1)),
        InstructionRow(NUMBERS[1], "C2", "6222", "郑琪", Fen(1)),
    )
    with pytest.raises(Exception, match="TOTAL_NUM"):  # the reply is another batch's
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, rows))
    sent = unquote_to_bytes(line.calls[0].body).decode("gb18030")
    assert "<AMOUNT>999999999999999.99</AMOUNT>" in sent
    assert "<AMOUNT>0.01</AMOUNT>" in sent
    assert "<TOTAL_AMT>1000000000000000.00</TOTAL_AMT>" in sent


def test_tomorrow_has_no_statement(bank: BankPort) -> None:
    with pytest.raises(BadInput):
        bank.fetch_statement(bench.line(), date(2025, 10, 14), None)


def test_an_inquiry_takes_no_more_than_its_limit(bank: BankPort) -> None:
    with pytest.raises(BadInput):
        bank.inquire(bench.line(), [f"{n:020d}" for n in range(51)])
    assert bank.inquire(bench.line(), []) == ()


def test_a_missing_value_is_named(bank: BankPort) -> None:
    context = AdapterContext("bank-ccb", bench.FOLDER, {}, {}, bank._clock)  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured, match="ACC_NO"):
        build(context)
