"""What the golden replies mean, and what broken ones may not mean."""

from collections.abc import Callable
from datetime import date

import pytest

from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import PartnerRefused, ReplyUnreadable
from tests.adapters.bcm import bench
from tests.adapters.bcm.bench import BATCH, CLAIM, NUMBERS, changed, sample

OCTOBER = Period(2025, 10)
TODAY, TENTH = date(2025, 10, 13), date(2025, 10, 10)


class TestResults:
    def test_taking_a_batch_says_nothing_of_its_rows(self, bank: BankPort) -> None:
        assert bank.instruct(bench.line("330008.reply.xml"), bench.batch()) == ()

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (BATCH, "9" * 20),
            ("<sum_num>3<", "<sum_num>2<"),
            ("5784.15", "5784.16"),
            ("5784.15", "578415"),
        ],
    )
    def test_the_answer_to_another_batch_is_unknown(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(changed("330008.reply.xml", (old, new)))
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts

    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = bench.line("330012.reply.xml")
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
        assert found[0].bank_serial == "JT20251013000000000001"
        places = {drift.place.rsplit("/", 1)[-1] for drift in line.drift.drifts}
        assert places == {"amt", "stat"}

    def test_columns_are_found_by_name_wherever_the_bank_puts_them(self, bank: BankPort) -> None:
        usual = bank.fetch_results(bench.line("330012.reply.xml"), BATCH)
        assert bank.fetch_results(bench.line("330012.moved.reply.xml"), BATCH) == usual

    def test_the_golden_lists_say_by_hand_what_the_adapter_says(self, bank: BankPort) -> None:
        for name in ("330012.reply.xml", "330012.moved.reply.xml"):
            by_hand = bench.listed(sample(name))
            found = bank.fetch_results(bench.line(name), BATCH)
            assert [row["cert_no"] for row in by_hand] == [one.number for one in found]
            codes = [":".join(filter(None, (r["stat"], r["err_code"]))) for r in by_hand]
            assert codes == [one.code for one in found]

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        assert bank.fetch_results(bench.line("330012.unknown-batch.reply.xml"), BATCH) == ()

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        line = bench.line("310204.reply.xml")
        found = bank.inquire(line, NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip
        assert found[1].reason is RefusalReason.NAME_MISMATCH
        assert line.drift.drifts == []

    def test_a_number_left_out_is_unknown_never_not_found(self, bank: BankPort) -> None:
        line = bench.line("310204.reply.xml")
        (*_, last) = bank.inquire(line, [*NUMBERS[:3], NUMBERS[6]])
        assert (last.number, last.status) == (NUMBERS[6], RowStatus.UNKNOWN)
        assert line.drift.drifts

    def test_fen_where_yuan_are_due_is_no_success(self, bank: BankPort) -> None:
        line = bench.said(changed("310204.reply.xml", ("2284.14", "2284.145")))
        assert bank.inquire(line, NUMBERS[:4])[0].status is RowStatus.UNKNOWN


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "final", "code"),
        [
            ("refused-busy", False, "P0131"),
            ("refused-customer", False, "P0101"),
            ("refused-system", False, "P9999"),
            ("refused-format", True, "P0110"),
            ("contradiction", False, "P0110"),
        ],
    )
    def test_final_only_where_both_codes_say_so(
        self, bank: BankPort, name: str, final: bool, code: str
    ) -> None:
        line = bench.line(f"330008.{name}.reply.xml")
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert (caught.value.partner_code, caught.value.final) == (code, final)
        assert bool(line.drift.drifts) == (name == "contradiction")

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [
            ("330008.refused-busy", "P0131", "P7777"),
            ("330008.refused-format", "<ans_code>1", "<ans_code>7"),
            ("330008", "<ans_code>0", "<ans_code>1"),
            ("330008", "<ans_code>0", "<ans_code>"),
            ("330008", "<particular_code>0000", "<particular_code>8888"),
            ("330008", "<particular_code>0000", "<particular_code>"),
        ],
    )
    def test_what_nobody_knows_or_one_code_denies_is_neither_taken_nor_final(
        self, bank: BankPort, name: str, old: str, new: str
    ) -> None:
        line = bench.said(changed(f"{name}.reply.xml", (old, new)))
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert not caught.value.final
        assert line.drift.drifts


class TestPages:
    def test_a_full_page_and_what_follows(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("390001.reply.xml"), OCTOBER, None)
        assert (len(page.records), page.next_page) == (200, "2:202510-0a1b2c3d")
        assert (page.total_count, page.total_amount) == (206, 47715026)

    def test_what_is_wrong_with_a_line(self, bank: BankPort) -> None:
        line = bench.line("390001.page2.reply.xml")
        page = bank.fetch_dues(line, OCTOBER, "2:202510-0a1b2c3d")
        assert page.next_page is None
        assert [(one.amount, one.flaw) for one in page.records] == [
            (22126, ""), (-100, "amount"), (None, "amount"), (100, "due_date"), (0, ""), (100, ""),
        ]  # fmt: skip
        assert page.records[0].borrower_name == "唐𬭩"
        assert [one.settled for one in page.records] == [False] * 4 + [True, False]
        assert page.records[5].overdue
        assert {drift.place.rsplit("/", 1)[-1] for drift in line.drift.drifts} == {"dqyhje"}

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<period>202510", "<period>202511"),
            ("<page_no>1<", "<page_no>2<"),
            ("<page_count>2<", "<page_count>x<"),
            ("<record_num>200<", "<record_num>199<"),
        ],
    )
    def test_another_page_is_not_taken(self, bank: BankPort, old: str, new: str) -> None:
        line = bench.said(changed("390001.reply.xml", (old, new)))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(line, OCTOBER, None)

    def test_a_page_that_lacks_a_row_is_not_taken_though_its_counts_agree(
        self, bank: BankPort
    ) -> None:
        whole = sample("390001.reply.xml").decode("gb18030")
        last = whole.index("BCM2019000000200|")
        cut = whole[:last] + whole[whole.index("</serial_record>") :]
        cut = cut.replace("<record_num>200<", "<record_num>199<")
        with pytest.raises(ReplyUnreadable, match="full page"):
            bank.fetch_dues(bench.said(cut.encode("gb18030")), OCTOBER, None)


class TestStatement:
    def test_a_day_that_has_ended(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("310301.reply.xml"), TENTH, None)
        assert page.closed
        assert page.next_page is None
        assert [(one.kind, one.number, one.amount) for one in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 350000),
            (EntryKind.RETURN, NUMBERS[0], 228414),
            (EntryKind.REVERSAL, NUMBERS[1], 350000),
            (EntryKind.OTHER, "", 10000000),
        ]

    def test_an_open_day_without_entries_is_a_header_row_alone(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("310201.reply.xml"), TODAY, None)
        assert (page.closed, page.entries, page.next_page) == (False, (), None)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<record_num>5", "<record_num>6"),
            ("<day_end>1", "<day_end>9"),
            ("<tr_date>20251010", "<tr_date>20251009"),
            ("000001|20251010|", "000001|20251009|"),
            ("|2284.14|", "|二千|"),
            ("JT20251010000000000001", ""),
            (f"<acno>{bench.ACCOUNT}", "<acno>523001201018170000009"),
            ("<page_count>1", "<page_count>2"),
        ],
    )
    def test_a_page_that_cannot_be_trusted_is_not_taken(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(changed("310301.reply.xml", (old, new)))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(line, TENTH, None)
        assert line.drift.drifts


class TestTheRest:
    def test_the_usable_balance_counts(self, bank: BankPort) -> None:
        found = bank.fetch_balance(bench.line("310101.reply.xml"))
        assert (found.amount, found.as_of.hour) == (4999999999, 9)

    @pytest.mark.parametrize(
        ("old", "new"), [(f"|{bench.ACCOUNT}|", "|6222|"), ("|49999999.99|", "||")]
    )
    def test_a_balance_of_another_account_or_of_none_is_none(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(changed("310101.reply.xml", (old, new)))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_balance(line)

    def test_a_claim_the_bank_denies(self, bank: BankPort) -> None:
        found = bank.verify_loan(bench.line("390002.refused.reply.xml"), CLAIM)
        assert (found.matches, found.code) == (False, "5002")

    @pytest.mark.parametrize(
        ("old", "new"), [(">0000</check_code>", ">8888</check_code>"), ("DC2025", "DC2024")]
    )
    def test_a_check_of_something_else_decides_nothing(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(changed("390002.reply.xml", (old, new)))
        with pytest.raises(ReplyUnreadable):
            bank.verify_loan(line, CLAIM)

    def test_probe_says_what_it_saw(self, bank: BankPort) -> None:
        seen = bank.probe(bench.line("310101.reply.xml"))
        assert (seen.reachable, seen.usable) == (True, True)
        html = bank.probe(bench.said(b"<html>busy</html>"))
        assert (html.reachable, html.usable) == (True, False)


BROKEN: list[tuple[str, Callable[[bytes], bytes], int]] = [
    ("half of it", lambda data: data[: len(data) // 2], 200),
    ("empty", lambda _: b"", 200),
    ("HTML", lambda _: b"<html><body>502 Bad Gateway</body></html>", 200),
    ("UTF-16", lambda data: data.decode("gb18030").encode("utf-16"), 200),
    ("UTF-8", lambda data: data.decode("gb18030").encode("utf-8"), 200),
    ("another serial", lambda data: data.replace(b"a1b2c3d4", b"a1b2c3d5"), 200),
    ("another code", lambda data: data.replace(b"<tr_code>330012", b"<tr_code>310204"), 200),
    ("no body", lambda data: data.split(b"<body>")[0] + b"</ap>", 200),
    ("HTTP 500", lambda data: data, 500),
    (
        "an entity",
        lambda data: data.replace(b"<ap>", b'<!DOCTYPE ap [<!ENTITY a "b">]><ap>'),
        200,
    ),
]


@pytest.mark.parametrize(("what", "bend", "status"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_broken_reply_is_unreadable_and_a_drift(
    bank: BankPort, what: str, bend: Callable[[bytes], bytes], status: int
) -> None:
    line = bench.said(bend(sample("330012.reply.xml")), status)
    with pytest.raises(ReplyUnreadable):
        bank.fetch_results(line, BATCH)
    assert line.drift.drifts
