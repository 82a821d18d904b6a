"""What the adapter sends is the golden documents, sealed, in one call, marked where it counts."""

from collections.abc import Callable
from datetime import date

import pytest

from adapters.banks.gyb.adapter import build
from adapters.banks.gyb.channel import Channel
from hub.kernel.errors import BadInput, Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow
from hub.ports.context import AdapterContext
from tests.adapters.gyb import bench
from tests.adapters.gyb.bench import CLAIM, NUMBERS, SealedLine

Ask = Callable[[BankPort, SealedLine], object]
OCTOBER = Period(2025, 10)
ASKED: list[tuple[str, Ask]] = [
    ("hc.ping", lambda b, li: b.probe(li)),
    ("hc.balance.query", lambda b, li: b.fetch_balance(li)),
    ("hc.statement.query", lambda b, li: b.fetch_statement(li, date(2025, 10, 10), None)),
    ("hc.pay.submit", lambda b, li: b.instruct(li, bench.batch())),
    ("hc.pay.batch.query", lambda b, li: b.fetch_results(li, bench.BATCH)),
    ("hc.pay.query", lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("hc.due.query", lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    ("hc.loan.verify", lambda b, li: b.verify_loan(li, CLAIM)),
    ("hc.agreement.register", lambda b, li: b.register_agreement(li, CLAIM)),
    ("hc.agreement.cancel", lambda b, li: b.cancel_agreement(li, CLAIM)),
]


@pytest.mark.parametrize(("code", "ask"), ASKED, ids=[one[0] for one in ASKED])
def test_one_call_with_the_golden_document(bank: BankPort, code: str, ask: Ask) -> None:
    line = bench.line(f"{code}.reply")
    ask(bank, line)
    assert line.asked == [bench.sample(f"{code}.request.json")]
    effect = code in {"hc.pay.submit", "hc.agreement.register", "hc.agreement.cancel"}
    assert line.calls == [(code, "gw", f"/openapi/v1/{code}", effect)]
    assert not line.drift.drifts or code == "hc.pay.batch.query"


def test_two_calls_have_two_serials() -> None:
    bank = bench.bank()
    made = {Channel.new_serial(bank._channel) for _ in range(50)}  # type: ignore[attr-defined]
    assert len(made) == 50
    assert all(len(one) == 28 and one.isalnum() for one in made)


@pytest.mark.parametrize(
    ("number", "name", "account", "amount"),
    [
        (NUMBERS[0], "郑琪", "6222", 0),
        ("123", "郑琪", "6222", 5),
        (NUMBERS[0], "一" * 41, "6222", 5),
        (NUMBERS[0], "郑\x00琪", "6222", 5),
        (NUMBERS[0], "郑\ud800", "6222", 5),
        (NUMBERS[0], "郑琪", "62 22", 5),
    ],
)
def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
    bank: BankPort, number: str, name: str, account: str, amount: int
) -> None:
    line = bench.line()
    row = InstructionRow(number, "GYB1", account, name, Fen(amount))
    with pytest.raises(BadInput):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_a_loan_contract_off_the_contract_is_not_sent(bank: BankPort) -> None:
    line = bench.line()
    row = InstructionRow(NUMBERS[0], "C" * 31, "6222", "郑琪", Fen(1))
    with pytest.raises(BadInput, match=r"hc\.pay\.submit"):
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, (row,)))
    assert (line.calls, bool(line.drift.drifts)) == ([], True)


def test_the_largest_and_the_smallest_amount_keep_every_fen(bank: BankPort) -> None:
    line = bench.line("hc.pay.submit.reply")
    rows = (
        InstructionRow(NUMBERS[0], "C1", "6222", "郑琪", Fen(10**17 - 2)),
        InstructionRow(NUMBERS[1], "C2", "6222", "郑琪", Fen(1)),
    )
    with pytest.raises(Exception, match="totalAmount"):  # the reply is another batch's
        bank.instruct(line, InstructionBatch(bench.BATCH, OCTOBER, rows))
    sent = line.asked[0]
    assert [row["amount"] for row in sent["rows"]] == ["99999999999999998", "1"]
    assert sent["totalAmount"] == "99999999999999999"


def test_what_is_asked_too_much_or_too_early(bank: BankPort) -> None:
    with pytest.raises(BadInput):
        bank.inquire(bench.line(), [f"{n:020d}" for n in range(51)])
    assert bank.inquire(bench.line(), []) == ()
    with pytest.raises(BadInput):
        bank.fetch_statement(bench.line(), date(2025, 10, 14), None)


@pytest.mark.parametrize(
    ("name", "text"),
    [("sign_key", "00" * 32), ("sm4_key", "abcd"), ("sm4_key", "z" * 32), ("bank_key", "04" * 65)],
)
def test_a_key_that_is_none_stops_the_start(name: str, text: str) -> None:
    given = bench.context()
    secrets = {**given.secrets, name: Secret(text)}
    with pytest.raises(Misconfigured):
        build(AdapterContext("bank-gyb", bench.FOLDER, given.values, secrets, given.clock))


def test_a_missing_value_is_named() -> None:
    given = bench.context()
    with pytest.raises(Misconfigured, match="pay_account"):
        build(AdapterContext("bank-gyb", bench.FOLDER, {}, given.secrets, given.clock))
