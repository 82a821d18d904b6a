"""What leaves the adapter is the golden documents and bytes, in the right order, and nothing that
cannot."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from adapters.banks.psbc.adapter import build
from adapters.banks.psbc.channel import Channel
from hub.kernel.errors import BadInput, HubError, Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch
from hub.ports.line import LineNotSent, LineUnknown
from tests.adapters.psbc import bench
from tests.adapters.psbc.bench import BATCH, CLAIM, NUMBERS, Played

Ask = Callable[[BankPort, Played], object]
OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
EFFECTS = {"HC0201", "HC0402", "HC0403"}
ASKED: list[tuple[str, Ask]] = [
    ("HC0101", lambda b, li: b.probe(li)),
    ("HC0201", lambda b, li: b.instruct(li, bench.batch())),
    ("HC0202", lambda b, li: b.fetch_results(li, BATCH)),
    ("HC0203", lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("HC0301", lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    ("HC0302", lambda b, li: b.fetch_statement(li, TENTH, None)),
    ("HC0303", lambda b, li: b.fetch_balance(li)),
    ("HC0401", lambda b, li: b.verify_loan(li, CLAIM)),
    ("HC0402", lambda b, li: b.register_agreement(li, CLAIM)),
    ("HC0403", lambda b, li: b.cancel_agreement(li, CLAIM)),
]


@pytest.mark.parametrize(("code", "ask"), ASKED, ids=[one[0] for one in ASKED])
def test_a_message_is_the_golden_one(bank: BankPort, code: str, ask: Ask) -> None:
    line = bench.line(f"{code}.reply")
    ask(bank, line)
    (message,) = [call for call in line.calls if call.place == "api/sfop/hc/trade"]
    assert (message.step, message.content) == (code, bench.sample(f"{code}.request.json"))
    assert [call.step for call in line.calls if call.effect] == [code] * (code in EFFECTS)


class TestPaymentFile:
    def test_it_goes_first_and_the_notice_is_the_one_effect(self, bank: BankPort) -> None:
        line = bench.line("HC0201.reply")
        assert bank.instruct(line, bench.batch()) == ()
        put, notice = line.calls
        golden = bench.raw("HCPAY.batch.txt")
        name = f"HCPAY_{BATCH}_{bench.sm3(golden)[:12]}.txt"
        assert (put.step, put.place, put.effect) == ("put.batch", f"files:upload/{name}", False)
        assert put.content == golden
        assert (notice.step, notice.effect) == ("HC0201", True)

    @pytest.mark.parametrize("error", [LineNotSent("x"), LineUnknown("x")])
    def test_what_fails_while_it_is_put_leaves_no_notice(
        self, bank: BankPort, error: HubError
    ) -> None:
        line = bench.line("HC0201.reply", refuse={"put.batch": error})
        with pytest.raises(type(error)):
            bank.instruct(line, bench.batch())
        assert [call.effect for call in line.calls] == [False]

    def test_another_content_has_another_name(self, bank: BankPort) -> None:
        batch = bench.batch()
        more = replace(batch.rows[0], amount=Fen(228415))
        other = replace(batch, rows=(more, *batch.rows[1:]))
        places = []
        for one in (batch, batch, other):
            line = bench.line("HC0201.reply", refuse={"HC0201": LineUnknown("cut")})
            with pytest.raises(LineUnknown):
                bank.instruct(line, one)
            places.append(line.calls[0].place)
        assert places[0] == places[1] != places[2]

    def test_a_notice_never_carries_a_name(self, bank: BankPort) -> None:
        line = bench.line("HC0201.reply")
        bank.instruct(line, bench.batch())
        assert "郑琪" not in str(line.calls[1].content)


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1"},
        {"amount": Fen(0)},
        {"payee_name": "一" * 41},
        {"payee_name": "郑\n琪"},
        {"payee_account": "62|17"},
        {"payee_account": "6" * 31},
        {"loan_contract": "P" * 31},
        {"amount": Fen(10**18)},
    ],
)
def test_what_cannot_be_written_is_not_sent(bank: BankPort, change: dict[str, object]) -> None:
    batch = bench.batch()
    row = replace(batch.rows[0], **change)  # type: ignore[arg-type]
    line = bench.line("HC0201.reply")
    with pytest.raises(BadInput):
        bank.instruct(line, replace(batch, rows=(row, *batch.rows[1:])))
    assert line.calls == []


def test_limits_are_the_contract_s(bank: BankPort) -> None:
    row = bench.batch().rows[0]
    rows = tuple(replace(row, number=f"{place:020d}") for place in range(bank.batch_limit + 1))
    for wrong in ((), rows, (row, row)):
        with pytest.raises(BadInput):
            bank.instruct(bench.line(), InstructionBatch(BATCH, OCTOBER, wrong))
    with pytest.raises(BadInput):
        bank.inquire(bench.line(), [f"{place:020d}" for place in range(bank.inquiry_limit + 1)])
    assert bank.inquire(bench.line(), []) == ()
    with pytest.raises(BadInput):
        bank.fetch_statement(bench.line(), date(2025, 10, 14), None)
    assert (bank.batch_limit, bank.inquiry_limit) == (400, 40)
    assert (bank.settle_after_s, bank.numbers_idempotent) == (90, True)


@pytest.mark.parametrize(
    ("name", "obstacle"),
    [
        ("买买提|艾\\力·𠮷", None),
        ("一" * 40, None),
        ("一" * 41, "name_not_representable"),
        ("𠮷" * 31, "name_not_representable"),
        ("张\x85三\n", "name_not_representable"),
        (" ", "name_not_representable"),
    ],
)
def test_which_names_can_be_written(bank: BankPort, name: str, obstacle: str | None) -> None:
    assert bank.obstacle(name, "6217990000000000017") == obstacle


def test_a_serial_is_new_for_every_message_and_fits_its_field() -> None:
    channel = Channel(None, None, bench.context().clock)  # type: ignore[arg-type]
    serials = {channel.new_serial() for _ in range(50)}
    assert {len(one) for one in serials} == {26}
    assert len(serials) == 50


@pytest.mark.parametrize("lacking", ["merchant_no", "pay_acct", "sign_key", "sm4_key"])
def test_a_deployment_without_a_value_or_key_does_not_start(lacking: str) -> None:
    whole = bench.context()
    values = {name: text for name, text in whole.values.items() if name != lacking}
    secrets = {name: one for name, one in whole.secrets.items() if name != lacking}
    with pytest.raises(Misconfigured, match=lacking):
        build(replace(whole, values=values, secrets=secrets))
