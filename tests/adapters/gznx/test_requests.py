"""What leaves the adapter is the golden bytes, in the right order, and nothing that cannot."""

from collections.abc import Callable
from datetime import date

import pytest
from lxml import etree

from adapters.banks.gznx.adapter import build
from adapters.banks.gznx.channel import Channel
from hub.contracts import Unwritable
from hub.crypto import sm3_hex
from hub.kernel.errors import BadInput, Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow
from hub.ports.context import AdapterContext
from hub.ports.line import LineNotSent, LineUnknown
from tests.adapters.gznx import bench
from tests.adapters.gznx.bench import BATCH, CLAIM, NUMBERS, Played

Ask = Callable[[BankPort, Played], object]
OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
ASKED: list[tuple[str, dict[str, str], Ask]] = [
    ("GX0000", {}, lambda b, li: b.probe(li)),
    ("GX1010", {}, lambda b, li: b.instruct(li, bench.batch())),
    ("GX1020", {"result": "HKJG.result.txt"}, lambda b, li: b.fetch_results(li, BATCH)),
    ("GX1030", {}, lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("GX2010", {"dues": "YHMX.dues.txt"}, lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    ("GX2020", {"entries": "ZHMX.closed.txt"}, lambda b, li: b.fetch_statement(li, TENTH, None)),
    ("GX3010", {}, lambda b, li: b.fetch_balance(li)),
    ("GX4010", {}, lambda b, li: b.verify_loan(li, CLAIM)),
    ("GX4020", {}, lambda b, li: b.register_agreement(li, CLAIM)),
    ("GX4030", {}, lambda b, li: b.cancel_agreement(li, CLAIM)),
]


def _plain(data: bytes) -> bytes:
    text = data.decode("gb18030").split("?>", 1)[1]
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, method="c14n")


@pytest.mark.parametrize(("code", "files", "ask"), ASKED, ids=[one[0] for one in ASKED])
def test_a_message_is_the_golden_one(
    bank: BankPort, code: str, files: dict[str, str], ask: Ask
) -> None:
    line = bench.line(f"{code}.reply.xml", **files)
    ask(bank, line)
    (message,) = [call for call in line.calls if call.place == "link"]
    head, body = message.content[:8], message.content[8:]
    assert (message.step, int(head)) == (code, len(body))
    assert _plain(body) == _plain(bench.sample(f"{code}.request.xml"))
    assert message.effect == (code in {"GX4020", "GX4030"})


def test_the_notice_is_framed_as_the_golden_one(bank: BankPort) -> None:
    line = bench.line("GX1010.reply.xml")
    bank.instruct(line, bench.batch())
    golden = bench.sample("GX1010.request.frame.txt")
    assert line.calls[-1].content[:8] == golden[:8]
    assert _plain(line.calls[-1].content[8:]) == _plain(golden[8:])


class TestPaymentFile:
    def test_it_is_the_golden_file_and_the_one_effect(self, bank: BankPort) -> None:
        line = bench.line("GX1010.reply.xml")
        assert bank.instruct(line, bench.batch()) == ()
        put, notice = line.calls
        assert put.content == bench.sample("HKWJ.batch.txt")
        assert (put.step, put.place, put.effect) == (
            "put.batch", f"files:in/HKWJ_{BATCH}.txt", True,
        )  # fmt: skip
        assert (notice.step, notice.effect) == ("GX1010", False)

    def test_its_bytes_by_hand(self, bank: BankPort) -> None:
        line = bench.line("GX1010.reply.xml")
        bank.instruct(line, bench.batch())
        data = line.calls[0].content
        header, first, second, third, trailer = bench.unpacked("HKWJ", data)
        assert header == [
            "GZ5227000001", BATCH, "202510", bench.ACCOUNT, "黔南州住房公积金管理中心",
        ]  # fmt: skip
        assert first == [
            "000001", NUMBERS[0], "6217790000000000012", "郑琪", "0000000000228414",
            "GZNX2019000000001", "商贷月对冲", NUMBERS[0],
        ]  # fmt: skip
        assert (second[3], third[3], third[4]) == ("唐𬭩", "欣信丽·红东俊娜", "0000000000000001")
        before = data[: data.rindex(b"T0")]
        assert trailer == ["00000003", "000000000000578415", sm3_hex(before)]

    def test_the_same_batch_is_the_same_bytes(self, bank: BankPort) -> None:
        lines = [bench.line("GX1010.reply.xml") for _ in range(2)]
        for line in lines:
            bank.instruct(line, bench.batch())
        assert lines[0].calls[0].content == lines[1].calls[0].content

    def test_what_is_not_put_is_not_announced(self, bank: BankPort) -> None:
        line = bench.line("GX1010.reply.xml")
        line.refuse["put.batch"] = LineNotSent("no")
        with pytest.raises(LineNotSent):
            bank.instruct(line, bench.batch())
        assert [call.step for call in line.calls] == ["put.batch"]

    @pytest.mark.parametrize("broken", [LineNotSent("no"), LineUnknown("cut")])
    def test_a_notice_that_fails_comes_after_the_effect(
        self, bank: BankPort, broken: Exception
    ) -> None:
        """The bank looks into the folder as well: whatever becomes of the notice, it may have
        the file.  The bus sees the effect in the call before."""
        line = Played([broken])
        with pytest.raises(type(broken)):
            bank.instruct(line, bench.batch())
        assert [call.effect for call in line.calls] == [True, False]

    @pytest.mark.parametrize(
        ("number", "name", "account", "amount"),
        [
            (NUMBERS[0], "郑琪", "6217", 0),
            (NUMBERS[0], "郑琪", "6217", -5),
            (NUMBERS[0], "郑琪", "6217", 10**16),
            ("123", "郑琪", "6217", 5),
            (NUMBERS[0], "一" * 31, "6217", 5),
            (NUMBERS[0], "𠮷" * 16, "6217", 5),  # four bytes each: 64 where 60 fit
            (NUMBERS[0], "郑\r\n琪", "6217", 5),
            (NUMBERS[0], " ", "6217", 5),
            (NUMBERS[0], "郑琪", "62 17", 5),
            (NUMBERS[0], "郑琪", "6" * 33, 5),
        ],
    )
    def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
        self, bank: BankPort, number: str, name: str, account: str, amount: int
    ) -> None:
        line = bench.line()
        row = InstructionRow(number, "GZNX1", account, name, Fen(amount))
        with pytest.raises(BadInput):
            bank.instruct(line, InstructionBatch(BATCH, OCTOBER, (row,)))
        assert line.calls == []

    def test_a_name_is_held_against_its_bytes_and_never_cut(self, bank: BankPort) -> None:
        for name, fits in (("一" * 30, True), ("𠮷" * 15, True), ("𠮷" * 15 + "a", False)):
            assert (bank.obstacle(name, "6217") is None) is fits
        line = bench.line()
        row = InstructionRow(NUMBERS[0], "C" * 31, "6217", "郑琪", Fen(1))
        with pytest.raises(Unwritable, match="LOAN_NO"):
            bank.instruct(line, InstructionBatch(BATCH, OCTOBER, (row,)))
        assert line.calls == []

    def test_too_many_rows_or_a_number_twice_are_refused(self, bank: BankPort) -> None:
        for numbers in ([], [NUMBERS[0]] * 2, [f"{n:020d}" for n in range(501)]):
            rows = tuple(InstructionRow(one, "C1", "6217", "郑琪", Fen(1)) for one in numbers)
            with pytest.raises(BadInput):
                bank.instruct(bench.line(), InstructionBatch(BATCH, OCTOBER, rows))

    def test_the_largest_and_the_smallest_amount_keep_every_fen(self, bank: BankPort) -> None:
        rows = (
            InstructionRow(NUMBERS[0], "C1", "6217", "郑琪", Fen(10**15 - 1)),
            InstructionRow(NUMBERS[1], "C2", "6217", "郑琪", Fen(1)),
        )
        line = bench.line("GX1010.reply.xml")
        with pytest.raises(Exception, match="TOTAL_NUM"):  # the reply is another batch's
            bank.instruct(line, InstructionBatch(BATCH, OCTOBER, rows))
        found = bench.unpacked("HKWJ", line.calls[0].content)
        assert [row[4] for row in found[1:3]] == ["0999999999999999", "0000000000000001"]
        assert found[3][1] == "001000000000000000"


def test_a_probe_proves_both_ports(bank: BankPort) -> None:
    line = bench.line("GX0000.reply.xml")
    assert bank.probe(line).usable
    assert [call.step for call in line.calls] == ["GX0000", "list.result"]
    line = bench.line("GX0000.reply.xml")
    line.refuse["list.result"] = LineNotSent("no key")
    assert not bank.probe(line).usable


def test_two_calls_have_two_serials() -> None:
    bank = bench.bank()
    made = {Channel.new_serial(bank._channel) for _ in range(50)}  # type: ignore[attr-defined]
    assert len(made) == 50
    assert all(len(one) == 20 and one.isdigit() for one in made)


def test_questions_that_cannot_be_put(bank: BankPort) -> None:
    with pytest.raises(BadInput):
        bank.fetch_statement(bench.line(), date(2025, 10, 14), None)
    with pytest.raises(BadInput):
        bank.inquire(bench.line(), [f"{n:020d}" for n in range(51)])
    assert bank.inquire(bench.line(), []) == ()
    context = AdapterContext("bank-gznx", bench.FOLDER, {}, {}, bank._clock)  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured, match="ORG_NO"):
        build(context)
