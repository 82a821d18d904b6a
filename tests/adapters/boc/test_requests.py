"""What the adapter sends is the golden bytes, after a sign-in, marked where it counts."""

from collections.abc import Callable
from datetime import date

import pytest
from lxml import etree

from hub.kernel.errors import BadInput
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow
from tests.adapters.boc import bench
from tests.adapters.boc.bench import CLAIM, NUMBERS, PlayedLine

Ask = Callable[[BankPort, PlayedLine], object]
OCTOBER = Period(2025, 10)
NEXT = "3:202510-0a1b2c3d"
ASKED: list[tuple[str, str, Ask]] = [
    ("b2e0005", "b2e0005.reply", lambda b, li: b.fetch_balance(li)),
    ("b2e0007.batch", "b2e0007.batch.reply", lambda b, li: b.fetch_results(li, bench.BATCH)),
    ("b2e0007.numbers", "b2e0007.numbers.reply", lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("b2e0035", "b2e0035.reply", lambda b, li: b.fetch_statement(li, date(2025, 10, 10), None)),
    ("b2e0078", "b2e0078.reply", lambda b, li: b.instruct(li, bench.batch())),
    ("b2e9001", "b2e9001.reply", lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    ("b2e9001.next", "b2e9001.next.reply", lambda b, li: b.fetch_dues(li, OCTOBER, NEXT)),
    ("b2e9002", "b2e9002.reply", lambda b, li: b.verify_loan(li, CLAIM)),
    ("b2e9003", "b2e9003.reply", lambda b, li: b.register_agreement(li, CLAIM)),
    ("b2e9004", "b2e9004.reply", lambda b, li: b.cancel_agreement(li, CLAIM)),
]


def _plain(data: bytes) -> bytes:
    text = data.decode("utf-8").split("?>", 1)[1]
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, method="c14n")


@pytest.mark.parametrize(("name", "answer", "ask"), ASKED, ids=[one[0] for one in ASKED])
def test_signed_in_then_the_golden_xml(bank: BankPort, name: str, answer: str, ask: Ask) -> None:
    line = bench.line("+", answer)
    ask(bank, line)
    sign_in, call = line.calls
    assert _plain(sign_in.body) == _plain(bench.sample("b2e0001.request.xml"))
    assert not sign_in.effect
    assert _plain(call.body) == _plain(bench.sample(f"{name}.request.xml"))
    assert (call.endpoint, call.path) == ("b2e", "/B2EC/E2BServlet")
    assert call.effect == (name in {"b2e0078", "b2e9003", "b2e9004"})


class TestToken:
    def test_one_sign_in_serves_many_calls(self, bank: BankPort) -> None:
        line = bench.line("+", "b2e0005.reply", "b2e0005.reply")
        bank.fetch_balance(line)
        bank.fetch_balance(line)
        assert [call.step for call in line.calls] == ["b2e0001", "b2e0005", "b2e0005"]

    @pytest.mark.parametrize("gone", ["token-gone", "not-signed-in"])
    def test_one_that_goes_in_the_middle_is_got_again(self, bank: BankPort, gone: str) -> None:
        line = bench.line("+", f"b2e0078.{gone}.reply", "+", "b2e0078.reply")
        results = bank.instruct(line, bench.batch())
        assert len(results) == 3
        steps = [(call.step, call.effect) for call in line.calls]
        assert steps == [("b2e0001", False), ("b2e0078", True)] * 2
        assert line.calls[1].body == line.calls[3].body  # the same business, to the byte

    def test_one_that_goes_twice_is_left_to_the_inquiry(self, bank: BankPort) -> None:
        line = bench.line("+", "b2e0078.token-gone.reply", "+", "b2e0078.token-gone.reply")
        with pytest.raises(Exception, match="B107") as caught:
            bank.instruct(line, bench.batch())
        assert getattr(caught.value, "final", None) is False
        assert len(line.calls) == 4

    def test_what_another_thread_got_meanwhile_is_taken(self, bank: BankPort) -> None:
        channel = bank._channel  # type: ignore[attr-defined]
        channel._token = "new"
        assert channel.sign_in(bench.line(), gone="old") == "new"


@pytest.mark.parametrize(
    ("number", "name", "account", "amount"),
    [
        (NUMBERS[0], "郑琪", "6216", 0),
        ("123", "郑琪", "6216", 5),
        (NUMBERS[0], "一" * 41, "6216", 5),
        (NUMBERS[0], "郑\x00琪", "6216", 5),
        (NUMBERS[0], "郑琪", "62 16", 5),
    ],
)
def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
    bank: BankPort, number: str, name: str, account: str, amount: int
) -> None:
    line = bench.line()
    row = InstructionRow(number, "BOC1", account, name, Fen(amount))
    with pytest.raises(BadInput):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_forty_characters_of_three_bytes_fit(bank: BankPort) -> None:
    assert bank.obstacle("一" * 40, "6216") is None
    assert bank.obstacle("𬭩" * 31, "6216") == "name_not_representable"


def test_a_loan_contract_too_long_for_its_field_is_not_sent(bank: BankPort) -> None:
    line = bench.line("+")
    row = InstructionRow(NUMBERS[0], "B" * 31, "6216", "郑琪", Fen(1))
    with pytest.raises(BadInput, match="b2e0078"):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert [call.step for call in line.calls] == ["b2e0001"]
