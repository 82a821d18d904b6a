"""What the golden replies mean, and what broken ones may not mean."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.boc import codec
from adapters.kit.replies import BadReply
from hub.contracts import load_contract
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import PartnerRefused, ReplyUnreadable
from tests.adapters.boc import bench
from tests.adapters.boc.bench import BATCH, CLAIM, NUMBERS, sample

OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
CONTRACT = load_contract(bench.FOLDER)


def _changed(name: str, old: str, new: str) -> bytes:
    text = sample(name).decode("utf-8")
    assert old in text
    return text.replace(old, new, 1).encode("utf-8")


class TestResults:
    def test_three_rows_three_words(self, bank: BankPort) -> None:
        found = bank.instruct(bench.line("+", "b2e0078.reply"), bench.batch())
        assert [(one.status, one.amount, one.reason) for one in found] == [
            (RowStatus.DONE, 228414, None),
            (RowStatus.PROCESSING, None, None),
            (RowStatus.REFUSED, None, RefusalReason.NAME_MISMATCH),
        ]
        assert found[0].bank_serial == "OBS20251013000000000001"

    @pytest.mark.parametrize(
        ("old", "new"), [(BATCH, "9" * 20), (">3<", ">2<"), ("5784.15", "578415.00")]
    )
    def test_the_answer_to_another_batch_is_unknown(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(_changed("b2e0078.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())

    def test_a_row_that_is_not_ours_is_left_out_and_noted(self, bank: BankPort) -> None:
        line = bench.said(_changed("b2e0078.reply.xml", NUMBERS[2], "8" * 20))
        assert len(bank.instruct(line, bench.batch())) == 2
        assert line.drift.drifts

    def test_another_amount_is_passed_on_as_the_bank_said_it(self, bank: BankPort) -> None:
        line = bench.said(_changed("b2e0078.reply.xml", "2284.14", "2284.15"))
        assert bank.instruct(line, bench.batch())[0].amount == 228415
        assert line.drift.drifts

    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = bench.line("+", "b2e0007.batch.reply")
        found = bank.fetch_results(line, BATCH)
        assert [one.number for one in found] == NUMBERS[:7]
        assert [(one.status, one.reason) for one in found] == [
            (RowStatus.DONE, None),
            (RowStatus.REFUSED, RefusalReason.ACCOUNT_CLOSED),
            (RowStatus.PROCESSING, None),
            (RowStatus.PROCESSING, None),
            (RowStatus.UNKNOWN, None),
            (RowStatus.UNKNOWN, None),  # done, with an amount nobody can read
            (RowStatus.UNKNOWN, None),  # a code nobody knows
        ]
        places = {drift.place.rsplit("/", 1)[-1] for drift in line.drift.drifts}
        assert places == {"trnamt", "rspcod"}

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        assert bank.fetch_results(bench.line("+", "b2e0007.unknown-batch.reply"), BATCH) == ()

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        found = bank.inquire(bench.line("+", "b2e0007.numbers.reply"), NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip

    def test_a_number_left_out_is_unknown_never_not_found(self, bank: BankPort) -> None:
        line = bench.line("+", "b2e0007.numbers.reply")
        (*_, last) = bank.inquire(line, [*NUMBERS[:3], NUMBERS[6]])
        assert (last.number, last.status) == (NUMBERS[6], RowStatus.UNKNOWN)


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "final"),
        [("refused-busy", False), ("refused-system", False), ("refused-format", True)],
    )
    def test_final_only_by_the_table(self, bank: BankPort, name: str, final: bool) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.line("+", f"b2e0078.{name}.reply"), bench.batch())
        assert caught.value.final is final

    def test_a_code_nobody_knows_is_never_final(self, bank: BankPort) -> None:
        line = bench.said(_changed("b2e0078.refused-busy.reply.xml", "B131", "B771"))
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert not caught.value.final
        assert line.drift.drifts

    def test_a_password_that_is_refused_sends_no_order(self, bank: BankPort) -> None:
        line = bench.line("b2e0001.refused.reply")
        with pytest.raises(PartnerRefused):
            bank.instruct(line, bench.batch())
        assert [call.effect for call in line.calls] == [False]


class TestPages:
    def test_the_next_one_begins_where_this_ends(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("+", "b2e9001.reply"), OCTOBER, None)
        assert (len(page.records), page.next_page) == (2, "3:202510-0a1b2c3d")
        assert (page.total_count, page.total_amount) == (7, 250640)

    def test_what_is_wrong_with_a_line(self, bank: BankPort) -> None:
        line = bench.line("+", "b2e9001.next.reply")
        page = bank.fetch_dues(line, OCTOBER, "3:202510-0a1b2c3d")
        assert page.next_page is None
        assert [(one.amount, one.flaw) for one in page.records] == [
            (-100, "amount"), (None, "amount"), (100, "due_date"), (0, ""), (100, ""),
        ]  # fmt: skip
        assert page.records[3].settled
        assert page.records[4].overdue

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<period>202510", "<period>202511"),
            ("<begnum>1<", "<begnum>2<"),
            ("<recnum>2<", "<recnum>3<"),
            ("<notenum>7<", "<notenum>1<"),
        ],
    )
    def test_another_part_is_not_taken(self, bank: BankPort, old: str, new: str) -> None:
        line = bench.said(_changed("b2e9001.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(line, OCTOBER, None)


class TestStatement:
    def test_the_first_part_of_a_day_that_has_ended(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("+", "b2e0035.reply"), TENTH, None)
        assert (page.closed, page.next_page) == (True, "6")
        assert [(one.kind, one.number, one.amount) for one in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 350000),
            (EntryKind.RETURN, NUMBERS[0], 228414),
            (EntryKind.REVERSAL, NUMBERS[1], 350000),
            (EntryKind.OTHER, "", 10000000),
        ]

    def test_an_open_day_without_entries(self, bank: BankPort) -> None:
        line = bench.line("+", "b2e0035.open.reply")
        page = bank.fetch_statement(line, date(2025, 10, 13), None)
        assert (page.closed, page.entries, page.next_page) == (False, (), None)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<recnum>5", "<recnum>6"),
            ("<notenum>7", "<notenum>4"),
            ("<closed>Y", "<closed>?"),
            ("<trndat>20251010</trndat><trntim>", "<trndat>20251009</trndat><trntim>"),
            ("<trnamt>2284.14", "<trnamt>二千"),
            ("<obssid>OBS20251010000000000001", "<obssid>"),
            ("<actacn>132012345678", "<actacn>132012345679"),
        ],
    )
    def test_a_part_that_cannot_be_trusted_is_not_taken(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(_changed("b2e0035.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(line, TENTH, None)

    def test_a_part_without_rows_with_more_to_come_is_none(self, bank: BankPort) -> None:
        body = _changed("b2e0035.open.reply.xml", "<notenum>0", "<notenum>4")
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(bench.said(body), date(2025, 10, 13), None)


class TestTheRest:
    def test_the_usable_balance_counts(self, bank: BankPort) -> None:
        assert bank.fetch_balance(bench.line("+", "b2e0005.reply")).amount == 4999999999

    def test_a_claim_the_bank_denies(self, bank: BankPort) -> None:
        found = bank.verify_loan(bench.line("+", "b2e9002.refused.reply"), CLAIM)
        assert (found.matches, found.code) == (False, "4002")

    def test_probe_says_what_it_saw(self, bank: BankPort) -> None:
        good = bank.probe(bench.line("+"))
        assert (good.reachable, good.usable) == (True, True)
        refused = bank.probe(bench.line("b2e0001.refused.reply"))
        assert (refused.reachable, refused.usable, refused.code) == (True, False, "B101")


BROKEN: list[tuple[str, Callable[[bytes], bytes], int]] = [
    ("half of it", lambda data: data[: len(data) // 2], 200),
    ("empty", lambda _: b"", 200),
    ("HTML", lambda _: b"<html><body>502 Bad Gateway</body></html>", 200),
    ("UTF-16", lambda data: data.decode().encode("utf-16"), 200),
    ("GB18030", lambda data: data.decode().encode("gb18030"), 200),
    ("another serial", lambda data: data.replace(b"a1b2c3d4", b"a1b2c3d5"), 200),
    ("another code", lambda data: data.replace(b"<trncod>b2e0007", b"<trncod>b2e0078"), 200),
    ("no body", lambda data: data.split(b"<b2e0007-rs>")[0] + b"</trn-b2e0007-rs>", 200),
    ("HTTP 500", lambda data: data, 500),
    (
        "an entity",
        lambda data: data.replace(b"<bocb2e", b'<!DOCTYPE b [<!ENTITY a "b">]><bocb2e', 1),
        200,
    ),
]


@pytest.mark.parametrize(("what", "bend", "status"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_broken_reply_is_unreadable_and_a_drift(
    bank: BankPort, what: str, bend: Callable[[bytes], bytes], status: int
) -> None:
    line = bench.said(bend(sample("b2e0007.batch.reply.xml")), status)
    with pytest.raises(ReplyUnreadable):
        bank.fetch_results(line, BATCH)
    assert line.drift.drifts


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_document_or_a_bad_reply(data: bytes) -> None:
    try:
        root, _ = codec.open_reply(CONTRACT, "b2e0007", data)
    except BadReply:
        return
    assert root.tag == "bocb2e"
