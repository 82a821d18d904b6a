"""What the adapter sends is the golden bytes, in one call, marked where it counts."""

from collections.abc import Callable
from datetime import date

import pytest
from lxml import etree

from adapters.banks.bcm.adapter import build
from adapters.banks.bcm.channel import Channel
from hub.kernel.errors import BadInput, Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow, LoanClaim
from hub.ports.context import AdapterContext
from tests.adapters.bcm import bench
from tests.adapters.bcm.bench import CLAIM, NUMBERS, PlayedLine

Ask = Callable[[BankPort, PlayedLine], object]
OCTOBER = Period(2025, 10)
TODAY, TENTH = date(2025, 10, 13), date(2025, 10, 10)
ASKED: list[tuple[str, Ask]] = [
    ("310101", lambda b, li: b.fetch_balance(li)),
    ("310101", lambda b, li: b.probe(li)),
    ("310201", lambda b, li: b.fetch_statement(li, TODAY, None)),
    ("310301", lambda b, li: b.fetch_statement(li, TENTH, None)),
    ("330008", lambda b, li: b.instruct(li, bench.batch())),
    ("330012", lambda b, li: b.fetch_results(li, bench.BATCH)),
    ("310204", lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("390001", lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    ("390001.page2", lambda b, li: b.fetch_dues(li, OCTOBER, "2:202510-0a1b2c3d")),
    ("390002", lambda b, li: b.verify_loan(li, CLAIM)),
    ("390003", lambda b, li: b.register_agreement(li, CLAIM)),
    ("390004", lambda b, li: b.cancel_agreement(li, CLAIM)),
]


def _plain(data: bytes) -> bytes:
    return etree.tostring(bench.tree(data), method="c14n")


@pytest.mark.parametrize(("name", "ask"), ASKED)
def test_one_call_with_the_golden_xml(bank: BankPort, name: str, ask: Ask) -> None:
    line = bench.line(f"{name}.reply.xml")
    ask(bank, line)
    (call,) = line.calls
    assert call.body.startswith(b'<?xml version="1.0" encoding="GBK"?>')
    assert _plain(call.body) == _plain(bench.sample(f"{name}.request.xml"))
    assert (call.endpoint, call.path) == ("front", "/")
    assert call.effect == (name in {"330008", "390003", "390004"})
    assert line.drift.drifts == [] or name in {"330012", "390001.page2"}


def test_the_batch_is_the_golden_bytes_and_reads_back(bank: BankPort) -> None:
    line = bench.line("330008.reply.xml")
    bank.instruct(line, bench.batch())
    assert line.calls[0].body == bench.sample("330008.request.xml")
    rows = bench.listed(line.calls[0].body)
    assert [(row["cert_no"], row["rcv_acname"], row["amt"]) for row in rows] == [
        (NUMBERS[0], "郑琪", "2284.14"),
        (NUMBERS[1], "唐𬭩", "3500.00"),
        (NUMBERS[2], "欣信丽·红东俊娜", "0.01"),
    ]


def test_two_calls_have_two_serials() -> None:
    bank = bench.bank()
    made = {Channel.new_serial(bank._channel) for _ in range(50)}  # type: ignore[attr-defined]
    assert len(made) == 50
    assert all(len(one) == 20 and one.isalnum() for one in made)


@pytest.mark.parametrize("name", ["郑|琪", "郑\n琪", "郑\r琪", "|", "郑\x00琪", " ", "一" * 31])
def test_a_name_that_would_break_the_list_is_not_representable(bank: BankPort, name: str) -> None:
    assert bank.obstacle(name, "6222") == "name_not_representable"
    row = InstructionRow(NUMBERS[0], "BCM1", "6222", name, Fen(5))
    line = bench.line()
    with pytest.raises(BadInput, match="name_not_representable"):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []


@pytest.mark.parametrize(
    ("number", "account", "loan", "amount"),
    [
        (NUMBERS[0], "6222", "BCM1", 0),
        (NUMBERS[0], "6222", "BCM1", -5),
        ("123", "6222", "BCM1", 5),
        (NUMBERS[0], "62|22", "BCM1", 5),
        (NUMBERS[0], "6" * 41, "BCM1", 5),
        (NUMBERS[0], "6222", "BCM|1", 5),
        (NUMBERS[0], "6222", "BCM\n1", 5),
        (NUMBERS[0], "6222", "C" * 31, 5),
        (NUMBERS[0], "6222", "", 5),
        (NUMBERS[0], "6222", "BCM1", 10**17),
    ],
)
def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
    bank: BankPort, number: str, account: str, loan: str, amount: int
) -> None:
    line = bench.line()
    row = InstructionRow(number, loan, account, "郑琪", Fen(amount))
    with pytest.raises(BadInput):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_too_many_rows_or_a_number_twice_are_refused(bank: BankPort) -> None:
    for numbers in ([], [NUMBERS[0]] * 2, [f"{n:020d}" for n in range(201)]):
        rows = tuple(InstructionRow(one, "C1", "6222", "郑琪", Fen(1)) for one in numbers)
        with pytest.raises(BadInput):
            bank.instruct(bench.line(), InstructionBatch(bench.BATCH, OCTOBER, rows))


def test_the_largest_and_the_smallest_amount_keep_every_fen(bank: BankPort) -> None:
    line = bench.line("330008.reply.xml")
    rows = (
        InstructionRow(NUMBERS[0], "C1", "6222", "郑琪", Fen(10**17 - 1)),
        InstructionRow(NUMBERS[1], "C2", "6222", "郑琪", Fen(1)),
    )
    with pytest.raises(Exception, match="sum_num"):  # the reply is another batch's
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, rows))
    sent = bench.listed(line.calls[0].body)
    assert [row["amt"] for row in sent] == ["999999999999999.99", "0.01"]
    assert bench.tree(line.calls[0].body).findtext("body/sum_amt") == "1000000000000000.00"


def test_a_claim_may_hold_a_pipe_for_it_stands_in_no_list(bank: BankPort) -> None:
    line = bench.line("390002.reply.xml")
    claim = LoanClaim(CLAIM.agreement, "BCM|1", "6222", "郑|<琪>", CLAIM.borrower_id)
    bank.verify_loan(line, claim)
    assert bench.tree(line.calls[0].body).findtext("body/jkrxm") == "郑|<琪>"


def test_tomorrow_has_no_statement(bank: BankPort) -> None:
    with pytest.raises(BadInput):
        bank.fetch_statement(bench.line(), date(2025, 10, 14), None)


def test_an_inquiry_takes_no_more_than_its_limit(bank: BankPort) -> None:
    with pytest.raises(BadInput):
        bank.inquire(bench.line(), [f"{n:020d}" for n in range(51)])
    assert bank.inquire(bench.line(), []) == ()


def test_a_missing_value_is_named(bank: BankPort) -> None:
    context = AdapterContext("bank-bcm", bench.FOLDER, {}, {}, bank._clock)  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured, match="acno"):
        build(context)
