"""What the golden replies mean, and what broken ones may not mean."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.ccb import codec
from adapters.kit.replies import BadReply
from hub.contracts import load_contract
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import PartnerRefused, ReplyUnreadable
from tests.adapters.ccb import bench
from tests.adapters.ccb.bench import BATCH, CLAIM, NUMBERS, sample

OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
CONTRACT = load_contract(bench.FOLDER)


def _changed(name: str, old: str, new: str) -> bytes:
    text = sample(name).decode("gb18030")
    assert old in text
    return text.replace(old, new, 1).encode("gb18030")


class TestResults:
    def test_taking_a_batch_says_nothing_of_its_rows(self, bank: BankPort) -> None:
        assert bank.instruct(bench.line("6WD801.reply.xml"), bench.batch()) == ()

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (BATCH, "9" * 20),
            ("<TOTAL_NUM>3<", "<TOTAL_NUM>2<"),
            ("5784.15", "5784.16"),
            ("5784.15", "578415"),
        ],
    )
    def test_the_answer_to_another_batch_is_unknown(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(_changed("6WD801.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts

    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = bench.line("6WD802.reply.xml")
        found = bank.fetch_results(line, BATCH)
        assert [one.number for one in found] == NUMBERS
        assert [(one.status, one.amount, one.reason) for one in found] == [
            (RowStatus.DONE, 228414, None),
            (RowStatus.REFUSED, None, RefusalReason.ACCOUNT_CLOSED),
            (RowStatus.PROCESSING, None, None),
            (RowStatus.UNKNOWN, None, None),  # not final by its code
            (RowStatus.UNKNOWN, None, None),
            (RowStatus.DONE, 10000, None),  # yuan without decimals is still yuan, and a drift
            (RowStatus.UNKNOWN, None, None),  # a state nobody knows
        ]
        assert found[0].bank_serial == "2025101352001000000001"
        places = {drift.place.rsplit("/", 1)[-1] for drift in line.drift.drifts}
        assert places == {"AMOUNT", "STATE"}

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        assert bank.fetch_results(bench.line("6WD802.unknown-batch.reply.xml"), BATCH) == ()

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        found = bank.inquire(bench.line("6WD803.reply.xml"), NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip
        assert found[1].reason is RefusalReason.NAME_MISMATCH

    def test_a_number_left_out_is_unknown_never_not_found(self, bank: BankPort) -> None:
        line = bench.line("6WD803.reply.xml")
        (*_, last) = bank.inquire(line, [*NUMBERS[:3], NUMBERS[6]])
        assert (last.number, last.status) == (NUMBERS[6], RowStatus.UNKNOWN)
        assert line.drift.drifts

    def test_fen_where_yuan_are_due_is_no_success(self, bank: BankPort) -> None:
        line = bench.said(_changed("6WD803.reply.xml", "2284.14", "2284.145"))
        assert bank.inquire(line, NUMBERS[:4])[0].status is RowStatus.UNKNOWN


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "final"),
        [
            ("refused-busy", False),
            ("refused-password", False),
            ("refused-system", False),
            ("refused-format", True),
        ],
    )
    def test_final_only_by_the_table(self, bank: BankPort, name: str, final: bool) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.line(f"6WD801.{name}.reply.xml"), bench.batch())
        assert caught.value.final is final

    def test_a_code_nobody_knows_is_never_final(self, bank: BankPort) -> None:
        line = bench.said(_changed("6WD801.refused-busy.reply.xml", "YDH90131", "YDH77777"))
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert not caught.value.final
        assert line.drift.drifts


class TestPages:
    def test_a_full_page_and_what_follows(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("6WD901.reply.xml"), OCTOBER, None)
        assert (len(page.records), page.next_page) == (200, "2:202510-0a1b2c3d")
        assert (page.total_count, page.total_amount) == (206, 45704926)

    def test_what_is_wrong_with_a_line(self, bank: BankPort) -> None:
        line = bench.line("6WD901.page2.reply.xml")
        page = bank.fetch_dues(line, OCTOBER, "2:202510-0a1b2c3d")
        assert page.next_page is None
        assert [(one.amount, one.flaw) for one in page.records] == [
            (22126, ""), (-100, "amount"), (None, "amount"), (100, "due_date"), (0, ""), (100, ""),
        ]  # fmt: skip
        assert page.records[0].borrower_name == "唐𬭩"
        assert [one.settled for one in page.records] == [False] * 4 + [True, False]
        assert page.records[5].overdue

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<MONTH>202510", "<MONTH>202511"),
            ("<PAGE>1<", "<PAGE>2<"),
            ("<PAGES>2<", "<PAGES>x<"),
        ],
    )
    def test_another_page_is_not_taken(self, bank: BankPort, old: str, new: str) -> None:
        line = bench.said(_changed("6WD901.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(line, OCTOBER, None)

    def test_a_page_that_lacks_rows_is_not_taken(self, bank: BankPort) -> None:
        whole = sample("6WD901.reply.xml").decode("gb18030")
        start = whole.index("<LIST>")
        cut = whole[:start] + whole[whole.index("</LIST>") + 7 :]
        with pytest.raises(ReplyUnreadable, match="full page"):
            bank.fetch_dues(bench.said(cut.encode("gb18030")), OCTOBER, None)


class TestStatement:
    def test_a_day_that_has_ended(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("6W0300.reply.xml"), TENTH, None)
        assert page.closed
        assert page.next_page is None
        assert [(one.kind, one.number, one.amount) for one in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 350000),
            (EntryKind.RETURN, NUMBERS[0], 228414),
            (EntryKind.REVERSAL, NUMBERS[1], 350000),
            (EntryKind.OTHER, "", 10000000),
        ]

    def test_an_open_day_without_entries(self, bank: BankPort) -> None:
        line = bench.line("6W0300.open.reply.xml")
        page = bank.fetch_statement(line, date(2025, 10, 13), None)
        assert (page.closed, page.entries, page.next_page) == (False, (), None)

    def test_our_number_outweighs_the_banks_flag(self, bank: BankPort) -> None:
        line = bench.said(_changed("6W0300.reply.xml", "DCPF", "QITA"))
        assert bank.fetch_statement(line, TENTH, None).entries[0].kind is EntryKind.CREDIT

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<TOTAL_NUM>5", "<TOTAL_NUM>6"),
            ("<DAY_END>1", "<DAY_END>9"),
            ("<DATE>20251010</DATE><TIME>", "<DATE>20251009</DATE><TIME>"),
            ("<AMOUNT>2284.14", "<AMOUNT>二千"),
            ("<FLOW_NO>2025101052001000000001", "<FLOW_NO>"),
            ("<ACC_NO>52001453600052500001", "<ACC_NO>52001453600052500009"),
            ("<PAGES>1", "<PAGES>2"),
        ],
    )
    def test_a_page_that_cannot_be_trusted_is_not_taken(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(_changed("6W0300.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(line, TENTH, None)


class TestTheRest:
    def test_the_usable_balance_counts(self, bank: BankPort) -> None:
        found = bank.fetch_balance(bench.line("6W0100.reply.xml"))
        assert (found.amount, found.as_of.hour) == (4999999999, 9)

    def test_a_claim_the_bank_denies(self, bank: BankPort) -> None:
        found = bank.verify_loan(bench.line("6WD902.refused.reply.xml"), CLAIM)
        assert (found.matches, found.code) == (False, "3002")

    def test_a_check_code_nobody_knows_decides_nothing(self, bank: BankPort) -> None:
        line = bench.said(_changed("6WD902.reply.xml", ">0000<", ">8888<"))
        with pytest.raises(ReplyUnreadable):
            bank.verify_loan(line, CLAIM)

    def test_probe_says_what_it_saw(self, bank: BankPort) -> None:
        seen = bank.probe(bench.line("6W9101.reply.xml"))
        assert (seen.reachable, seen.usable) == (True, True)
        html = bank.probe(bench.said(b"<html>busy</html>"))
        assert (html.reachable, html.usable) == (True, False)


BROKEN: list[tuple[str, Callable[[bytes], bytes], int]] = [
    ("half of it", lambda data: data[: len(data) // 2], 200),
    ("empty", lambda _: b"", 200),
    ("HTML", lambda _: b"<html><body>502 Bad Gateway</body></html>", 200),
    ("UTF-16", lambda data: data.decode("gb18030").encode("utf-16"), 200),
    ("UTF-8", lambda data: data.decode("gb18030").encode("utf-8"), 200),
    ("another serial", lambda data: data.replace(b"2510130930000001", b"2510130930000002"), 200),
    ("another code", lambda data: data.replace(b"<TX_CODE>6WD802", b"<TX_CODE>6WD803"), 200),
    ("no TX_INFO", lambda data: data.split(b"<TX_INFO>")[0] + b"</TX>", 200),
    ("HTTP 500", lambda data: data, 500),
    (
        "an entity",
        lambda data: data.replace(b"<TX>", b'<!DOCTYPE TX [<!ENTITY a "b">]><TX>'),
        200,
    ),
]


@pytest.mark.parametrize(("what", "bend", "status"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_broken_reply_is_unreadable_and_a_drift(
    bank: BankPort, what: str, bend: Callable[[bytes], bytes], status: int
) -> None:
    line = bench.said(bend(sample("6WD802.reply.xml")), status)
    with pytest.raises(ReplyUnreadable):
        bank.fetch_results(line, BATCH)
    assert line.drift.drifts
    shown = repr(line.drift.drifts)
    assert "6217" not in shown
    assert "郑琪" not in shown


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_document_or_a_bad_reply(data: bytes) -> None:
    try:
        root = codec.reply_root(CONTRACT, "6WD802", data)
    except BadReply:
        return
    assert root.tag == "TX"
