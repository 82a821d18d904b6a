"""What the adapter sends is the golden bytes, frame and all, marked where it counts."""

import struct
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.banks.abc import codec
from adapters.banks.abc.adapter import build
from adapters.banks.abc.channel import Channel
from hub.kernel.errors import BadInput, Misconfigured
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, InstructionBatch, InstructionRow
from hub.ports.context import AdapterContext
from hub.ports.line import ReplyUnreadable
from tests.adapters.abc import bench
from tests.adapters.abc.bench import BATCH, CLAIM, NUMBERS, PlayedFrames

Ask = Callable[[BankPort, PlayedFrames], object]
OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
ASKED: list[tuple[str, list[str], Ask]] = [
    ("CQLT01.request", ["CQLT01.reply"], lambda b, li: b.probe(li)),
    ("CQRA06.request", ["CQRA06.reply"], lambda b, li: b.fetch_balance(li)),
    ("CQRA10.request", ["CQRA10.reply"], lambda b, li: b.fetch_statement(li, TENTH, None)),
    ("DCAF01.request", ["DCAF01.reply"], lambda b, li: b.instruct(li, bench.batch())),
    ("CQRT04.request", ["CQRT04.unknown.reply"], lambda b, li: b.fetch_results(li, BATCH)),
    (
        "CQRA61.batch.request",
        ["CQRT04.reply", "CQRA61.batch.reply"],
        lambda b, li: b.fetch_results(li, BATCH),
    ),
    ("CQRA61.numbers.request", ["CQRA61.numbers.reply"], lambda b, li: b.inquire(li, NUMBERS[:4])),
    ("DCQR01.request", ["DCQR01.reply"], lambda b, li: b.fetch_dues(li, OCTOBER, None)),
    (
        "DCQR01.next.request",
        ["DCQR01.next.reply"],
        lambda b, li: b.fetch_dues(li, OCTOBER, "201:202510-0a1b2c3d"),
    ),
    ("DCQR02.request", ["DCQR02.reply"], lambda b, li: b.verify_loan(li, CLAIM)),
    ("DCAF02.request", ["DCAF02.reply"], lambda b, li: b.register_agreement(li, CLAIM)),
    ("DCAF03.request", ["DCAF03.reply"], lambda b, li: b.cancel_agreement(li, CLAIM)),
]


def opened(frame: bytes) -> etree._Element:
    """A frame taken apart by hand."""
    flag, length = struct.unpack_from("1s6s", frame)
    assert flag == b"0"
    assert length.decode() == f"{len(frame) - 7:<6}"
    return etree.fromstring(frame[7:].decode("gb18030"))


@pytest.mark.parametrize(("name", "answers", "ask"), ASKED, ids=[one[0] for one in ASKED])
def test_the_golden_bytes_in_the_last_call(
    bank: BankPort, name: str, answers: list[str], ask: Ask
) -> None:
    line = bench.line(*answers)
    ask(bank, line)
    assert len(line.calls) == len(answers)
    call = line.calls[-1]
    assert call.request == bench.sample(name)
    assert (call.step, call.endpoint) == (name.partition(".")[0], "front")
    assert call.effect == (call.step in {"DCAF01", "DCAF02", "DCAF03"})
    assert [one.effect for one in line.calls[:-1]] == [False] * (len(answers) - 1)


def test_the_length_counts_bytes_not_characters(bank: BankPort) -> None:
    line = bench.line("DCAF01.reply")
    bank.instruct(line, bench.batch())
    body = line.calls[0].request[7:]
    text = body.decode("gb18030")
    # Every Chinese character has a byte more than it counts, 𬭩 three.
    assert len(body) - len(text) == sum(len(c.encode("gb18030")) - 1 for c in text) > 40
    assert opened(line.calls[0].request).findtext("Cmp/Row[2]/CrAccName") == "唐𬭩"


NAMES = st.text(
    st.one_of(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF),
        st.sampled_from("·&<>]\"'𬭩𠮷䶮㛃abcÀé"),
    ),
    min_size=1,
    max_size=15,
).filter(lambda name: name.strip() and len(name.encode("gb18030")) <= 60)


@settings(max_examples=60, deadline=None)
@given(name=NAMES, fen=st.integers(1, 10**17 - 1))
def test_any_name_and_amount_come_out_of_the_frame_as_they_went_in(name: str, fen: int) -> None:
    line = bench.said(b"0")
    row = InstructionRow(NUMBERS[0], "ABC1", "6228", name, Fen(fen))
    with pytest.raises(Exception, match="closed"):
        bench.bank().instruct(line, InstructionBatch(BATCH, OCTOBER, (row,)))  # type: ignore[arg-type]
    root = opened(line.calls[0].request)
    assert root.findtext("Cmp/Row/CrAccName") == name
    assert root.findtext("Cmp/Row/Amt") == f"{fen // 100}.{fen % 100:02d}"
    assert root.findtext("Cmp/TotalAmt") == root.findtext("Cmp/Row/Amt")
    assert (root.findtext("ReqSeqNo"), root.findtext("Cmp/TotalNum")) == (BATCH, "1")


@settings(deadline=None)
@given(body=st.binary(max_size=3000))
def test_a_head_says_what_follows_it(body: bytes) -> None:
    frame = codec.frame(body)
    assert (codec.body_length(frame[:7]), frame[7:]) == (len(body), body)


@settings(deadline=None)
@given(head=st.binary(min_size=7, max_size=7) | st.from_regex(rb"\A[01 -+x9]{7}\Z"))
def test_a_head_is_a_length_in_its_place_or_none(head: bytes) -> None:
    try:
        length = codec.body_length(head)
    except ReplyUnreadable:
        return
    assert head in {f"{flag}{digits:<6}".encode() for flag in "01"
                    for digits in (head[1:].decode().strip(),)}  # fmt: skip
    assert 0 <= length <= 999_999


def test_what_does_not_fit_into_a_frame_is_not_sent() -> None:
    with pytest.raises(BadInput):
        codec.frame(b"x" * 1_000_000)


def test_two_calls_have_two_numbers_and_none_looks_like_a_batch() -> None:
    bank = bench.bank()
    made = {Channel.new_serial(bank._channel) for _ in range(50)}  # type: ignore[attr-defined]
    assert len(made) == 50
    assert all(len(one) == 20 and one[0] == "Q" and one[1:].isdigit() for one in made)


@pytest.mark.parametrize(
    ("number", "name", "account", "amount"),
    [
        (NUMBERS[0], "郑琪", "6222", 0),
        ("123", "郑琪", "6222", 5),
        (NUMBERS[0], "一" * 31, "6222", 5),
        (NUMBERS[0], "𬭩" * 16, "6222", 5),
        (NUMBERS[0], "郑\x00琪", "6222", 5),
        (NUMBERS[0], "郑琪", "62 22", 5),
        (NUMBERS[0], "郑琪", "6" * 33, 5),
    ],
)
def test_a_row_that_cannot_be_said_is_refused_before_anything_is_sent(
    bank: BankPort, number: str, name: str, account: str, amount: int
) -> None:
    line = bench.line()
    row = InstructionRow(number, "ABC1", account, name, Fen(amount))
    with pytest.raises(BadInput):
        bank.instruct(line, InstructionBatch(BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_a_loan_contract_too_long_for_its_field_is_not_sent(bank: BankPort) -> None:
    line = bench.line()
    row = InstructionRow(NUMBERS[0], "C" * 31, "6222", "郑琪", Fen(1))
    with pytest.raises(BadInput, match="DCAF01"):
        bank.instruct(line, InstructionBatch(BATCH, OCTOBER, (row,)))
    assert line.calls == []


def test_limits_are_kept_on_our_side(bank: BankPort) -> None:
    rows = tuple(InstructionRow(f"{n:020d}", "C1", "6222", "郑琪", Fen(1)) for n in range(201))
    with pytest.raises(BadInput):
        bank.instruct(bench.line(), InstructionBatch(BATCH, OCTOBER, rows))
    with pytest.raises(BadInput):
        bank.inquire(bench.line(), [f"{n:020d}" for n in range(51)])
    assert bank.inquire(bench.line(), []) == ()
    with pytest.raises(BadInput):
        bank.fetch_statement(bench.line(), date(2025, 10, 14), None)


def test_a_missing_value_is_named(bank: BankPort) -> None:
    context = AdapterContext("bank-abc", bench.FOLDER, {}, {}, bank._clock)  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured, match="DbAccNo"):
        build(context)
