"""What the adapter reads of the golden replies, beside what lxml and base64 read by hand."""

import base64
import gzip
from datetime import date, datetime

import pytest
from lxml import etree

from hub.kernel.clocks import SHANGHAI
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowResult, RowStatus
from hub.ports.line import HttpReply, LineNotSent, LineUnknown, PartnerRefused, ReplyUnreadable
from tests.adapters.icbc import bench
from tests.adapters.icbc.bench import (
    NUMBERS,
    SERIAL,
    PlayedLine,
    line_of,
    reply,
    sample,
    signed_line,
)


def _by_hand(name: str) -> list[dict[str, str]]:
    """The rd rows of a golden reply, without a line of ours."""
    body = sample(f"{name}.reply.txt")
    assert body.startswith(b"reqData=")
    raw = base64.b64decode(body[len(b"reqData=") :].replace(b"\n", b""))
    assert raw == sample(f"{name}.reply.xml")
    root = etree.fromstring(raw.decode("gb18030").split("?>", 1)[1])
    packed = root.findtext(".//zip")
    if packed is not None:
        root = etree.fromstring(gzip.decompress(base64.b64decode(packed)).decode("gb18030"))
    return [{str(e.tag): e.text or "" for e in rd} for rd in root.iter("rd")]


def _results(*rows: RowResult) -> list[tuple[str, RowStatus, int | None, RefusalReason | None]]:
    return [(row.number, row.status, row.amount, row.reason) for row in rows]


class TestInstruct:
    def test_three_credits(self, bank: BankPort) -> None:
        line = signed_line("PAYENT", sample("PAYENT.reply.txt"))
        got = bank.instruct(line, bench.golden_batch())
        by_hand = _by_hand("PAYENT")
        assert [(r.number, str(r.amount), r.bank_serial) for r in got] == [
            (rd["iSeqno"], rd["PayAmt"], rd["OrderNo"]) for rd in by_hand
        ]
        assert {r.status for r in got} == {RowStatus.DONE}
        assert [r.amount for r in got] == [228414, 1, 99999999999999999]
        assert line.drift.drifts == []

    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = signed_line("PAYENT", sample("PAYENT.mixed.reply.txt"))
        got = bank.instruct(line, bench.mixed_batch())
        done, refused, unknown = RowStatus.DONE, RowStatus.REFUSED, RowStatus.UNKNOWN
        assert _results(*got) == [
            (NUMBERS[0], done, 100, None),
            (NUMBERS[1], refused, None, RefusalReason.ACCOUNT_CLOSED),
            (NUMBERS[2], refused, None, RefusalReason.NAME_MISMATCH),
            (NUMBERS[3], refused, None, RefusalReason.LOAN_SETTLED),
            (NUMBERS[4], refused, None, RefusalReason.BANK_ERROR),
            (NUMBERS[5], RowStatus.PROCESSING, None, None),
            (NUMBERS[6], done, 700, None),
            (NUMBERS[6], done, 700, None),
            (NUMBERS[8], unknown, None, None),
            (NUMBERS[9], unknown, None, None),
            (NUMBERS[10], unknown, None, None),
        ]
        assert got[6] == got[7]
        assert {d.place.rpartition("/")[2] for d in line.drift.drifts} == {"instrRetCode", "Result"}

    def test_another_amount_is_passed_on_as_the_bank_said_it(self, bank: BankPort) -> None:
        out = _payent_row(NUMBERS[0], amount="228415")
        line = signed_line("PAYENT", reply("PAYENT", out))
        (got,) = bank.instruct(line, bench.golden_batch())
        assert (got.status, got.amount) == (RowStatus.DONE, 228415)
        assert [d.place for d in line.drift.drifts] == ["PAYENT.reply/CMS/eb/out/rd/PayAmt"]

    @pytest.mark.parametrize("amount", ["", "1.00", "abc", "-5", "0", "１２"])
    def test_done_without_a_readable_amount_is_unknown(self, bank: BankPort, amount: str) -> None:
        line = signed_line("PAYENT", reply("PAYENT", _payent_row(NUMBERS[0], amount=amount)))
        (got,) = bank.instruct(line, bench.golden_batch())
        assert (got.status, got.amount) == (RowStatus.UNKNOWN, None)

    def test_two_amounts_in_one_row_are_none(self, bank: BankPort) -> None:
        row = _payent_row(NUMBERS[0], amount="228414").replace(
            "<Result>", "<PayAmt>1</PayAmt><Result>"
        )
        line = signed_line("PAYENT", reply("PAYENT", row))
        (got,) = bank.instruct(line, bench.golden_batch())
        assert got.status is RowStatus.UNKNOWN
        assert line.drift.drifts

    def test_done_with_a_refusal_beside_it_is_unknown(self, bank: BankPort) -> None:
        row = _payent_row(NUMBERS[0], amount="228414", detail="A1101")
        (got,) = bank.instruct(signed_line("PAYENT", reply("PAYENT", row)), bench.golden_batch())
        assert (got.status, got.reason) == (RowStatus.UNKNOWN, None)

    @pytest.mark.parametrize("detail", ["", "0", "Z1", "A1302", "A1998"])
    def test_a_refusal_whose_code_is_not_final_is_unknown(
        self, bank: BankPort, detail: str
    ) -> None:
        row = _payent_row(NUMBERS[0], result="6", detail=detail)
        (got,) = bank.instruct(signed_line("PAYENT", reply("PAYENT", row)), bench.golden_batch())
        assert (got.status, got.reason) == (RowStatus.UNKNOWN, None)

    def test_rows_we_never_sent_are_left_out_and_noted(self, bank: BankPort) -> None:
        out = _payent_row("99990000000000000001") + _payent_row(NUMBERS[1], amount="1")
        line = signed_line("PAYENT", reply("PAYENT", out))
        got = bank.instruct(line, bench.golden_batch())
        assert [row.number for row in got] == [NUMBERS[1]]
        assert ("a number we asked about", "9×20") in [
            (d.expected, d.found) for d in line.drift.drifts
        ]

    def test_another_account_is_noted_without_showing_it(self, bank: BankPort) -> None:
        out = _payent_row(NUMBERS[0], amount="228414", account="6222999999999999999")
        line = signed_line("PAYENT", reply("PAYENT", out))
        bank.instruct(line, bench.golden_batch())
        assert line.drift.drifts
        assert "6222" not in "".join(f"{d}" for d in line.drift.drifts)


class TestResultsAndInquiry:
    def test_a_whole_batch_from_a_zip(self, bank: BankPort) -> None:
        line = line_of(sample("QPAYENT.batch.reply.txt"))
        got = bank.fetch_results(line, bench.BATCH)
        assert [(r.number, str(r.amount)) for r in got] == [
            (rd["QryiSeqno"], rd["PayAmt"]) for rd in _by_hand("QPAYENT.batch")
        ]
        assert line.drift.drifts == []

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        line = line_of(sample("QPAYENT.unknown-batch.reply.txt"))
        assert bank.fetch_results(line, bench.BATCH) == ()

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        line = line_of(sample("QPAYENT.numbers.reply.txt"))
        got = bank.inquire(line, NUMBERS[:4])
        assert _results(*got) == [
            (NUMBERS[0], RowStatus.DONE, 100, None),
            (NUMBERS[1], RowStatus.REFUSED, None, RefusalReason.ACCOUNT_CLOSED),
            (NUMBERS[2], RowStatus.PROCESSING, None, None),
            (NUMBERS[3], RowStatus.NOT_FOUND, None, None),
        ]
        assert line.drift.drifts == []

    def test_a_number_left_out_or_answered_in_two_ways_is_unknown(self, bank: BankPort) -> None:
        out = (
            "<QryfSeqno/>"
            + _inquiry_row(NUMBERS[0], "7", amount="5")
            + _inquiry_row(NUMBERS[0], "4", amount="5")
            + _inquiry_row(NUMBERS[2], "7", amount="7") * 2
        )
        line = line_of(reply("QPAYENT", out, serial=SERIAL))
        got = bank.inquire(line, NUMBERS[:3])
        assert _results(*got) == [
            (NUMBERS[0], RowStatus.UNKNOWN, None, None),
            (NUMBERS[1], RowStatus.UNKNOWN, None, None),
            (NUMBERS[2], RowStatus.DONE, 7, None),
        ]

    def test_the_answer_of_another_batch_is_not_taken(self, bank: BankPort) -> None:
        line = line_of(sample("QPAYENT.batch.reply.txt"))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_results(line, "25109999999999999999")


class TestDues:
    def test_a_page_and_what_is_wrong_in_it(self, bank: BankPort) -> None:
        first = bank.fetch_dues(line_of(sample("QDKDUE.page1.reply.txt")), Period(2025, 10), None)
        assert (first.next_page, first.list_version) == ("202510-1.4", "202510-1")
        assert (first.total_count, first.total_amount) == (6, 228414 + 100 - 1205742 + 50000)
        by_hand = _by_hand("QDKDUE.page1")
        assert [(r.loan_contract, r.borrower_name, r.borrower_id) for r in first.records] == [
            (rd["JKHTBH"], rd["JKRXM"], rd["JKRZJH"]) for rd in by_hand
        ]
        assert [(r.amount, r.settled, r.overdue, r.flaw) for r in first.records] == [
            (228414, False, False, ""),
            (100, False, True, ""),
            (0, True, False, ""),
            (-1205742, False, False, "amount"),
        ]
        assert first.records[0].due_date == date(2025, 10, 10)
        assert first.records[1].borrower_name == "唐𬭩"

    def test_the_last_page_with_an_amount_and_a_date_nobody_can_read(self, bank: BankPort) -> None:
        line = line_of(sample("QDKDUE.page2.reply.txt"))
        page = bank.fetch_dues(line, Period(2025, 10), "202510-1.4")
        assert page.next_page is None
        assert [(r.amount, r.due_date is None, r.flaw) for r in page.records] == [
            (None, False, "amount"),
            (50000, True, "due_date"),
        ]
        assert [d.place for d in line.drift.drifts] == ["QDKDUE.reply/CMS/eb/out/rd/DQYHJE"]

    @pytest.mark.parametrize(
        ("number", "flaw"),
        [
            ("", "borrower_id"),
            ("???", "borrower_id"),
            ("身份证", "borrower_id"),
            ("E86727206553899", ""),
            (" 52272619840106055x ", ""),
        ],
    )
    def test_a_broken_document_number(self, bank: BankPort, number: str, flaw: str) -> None:
        page = bank.fetch_dues(_due_line(JKRZJH=number), Period(2025, 10), None)
        assert page.records[0].flaw == flaw

    def test_a_loan_state_nobody_knows_is_a_flaw(self, bank: BankPort) -> None:
        page = bank.fetch_dues(_due_line(DKZT="7"), Period(2025, 10), None)
        assert page.records[0].flaw == "loan_state"

    def test_an_expired_tag_is_refused_by_its_code(self, bank: BankPort) -> None:
        line = line_of(reply("QDKDUE", None, serial=SERIAL, ret="B0113"))
        with pytest.raises(PartnerRefused) as caught:
            bank.fetch_dues(line, Period(2025, 10), "x")
        assert caught.value.partner_code == "B0113"

    def test_another_month_or_the_same_page_again_is_not_taken(self, bank: BankPort) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(line_of(sample("QDKDUE.page1.reply.txt")), Period(2025, 9), None)
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(
                line_of(sample("QDKDUE.page1.reply.txt")), Period(2025, 10), "202510-1.4"
            )


class TestStatement:
    @pytest.mark.parametrize(
        ("name", "day", "closed", "tag"),
        [
            ("QPD", date(2025, 10, 13), False, "20251013-5"),
            ("QHISD", date(2025, 10, 10), True, None),
        ],
    )
    def test_a_day(
        self, bank: BankPort, name: str, day: date, closed: bool, tag: str | None
    ) -> None:
        line = line_of(sample(f"{name}.reply.txt"))
        page = bank.fetch_statement(line, day, None)
        assert (page.closed, page.next_page) == (closed, tag)
        assert [(e.kind, e.number, e.amount) for e in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 1),
            (EntryKind.RETURN, NUMBERS[0], 228414),
            (EntryKind.REVERSAL, NUMBERS[1], 1),
            (EntryKind.OTHER, "", 10000000),
        ]
        assert [(e.serial, e.counter_account, e.counter_name) for e in page.entries] == [
            (rd["OnlySequence"], rd["RecipAccNo"], rd["RecipName"]) for rd in _by_hand(name)
        ]
        assert {e.booked_on for e in page.entries} == {day}
        assert line.drift.drifts == []

    @pytest.mark.parametrize(
        ("side", "bus_type", "amount", "kind"),
        [
            ("1", "009", "5", EntryKind.CREDIT),
            ("1", "777", "5", EntryKind.CREDIT),
            ("1", "777", "-5", EntryKind.REVERSAL),
            ("2", "777", "5", EntryKind.RETURN),
            ("2", "001", "5", EntryKind.RETURN),
            ("2", "003", "5", EntryKind.REVERSAL),
            ("2", "777", "-5", EntryKind.OTHER),
        ],
    )
    def test_our_number_outweighs_a_missing_flag(
        self, bank: BankPort, side: str, bus_type: str, amount: str, kind: EntryKind
    ) -> None:
        line = _entry_line(Drcrf=side, BusType=bus_type, Amount=amount)
        page = bank.fetch_statement(line, date(2025, 10, 13), None)
        assert [e.kind for e in page.entries] == [kind]
        assert page.entries[0].amount == 5

    @pytest.mark.parametrize(
        ("remark", "number"),
        [
            ("", ""),
            ("退票" + NUMBERS[0], NUMBERS[0]),
            (NUMBERS[0] + "9", ""),
            (NUMBERS[0] + " " + NUMBERS[1], ""),
            (f"{NUMBERS[0]}/{NUMBERS[0]}", NUMBERS[0]),
        ],
    )
    def test_our_number_in_a_remark(self, bank: BankPort, remark: str, number: str) -> None:
        page = bank.fetch_statement(_entry_line(PostScript=remark), date(2025, 10, 13), None)
        assert page.entries[0].number == number

    @pytest.mark.parametrize(
        "change",
        [{"Amount": "1.5"}, {"Amount": ""}, {"Date": "20251012"}, {"OnlySequence": ""}],
    )
    def test_an_entry_that_cannot_be_read_spoils_its_page(
        self, bank: BankPort, change: dict[str, str]
    ) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(_entry_line(**change), date(2025, 10, 13), None)

    def test_fewer_rows_than_the_page_says_spoil_it(self, bank: BankPort) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(_entry_line(rows="2"), date(2025, 10, 13), None)

    def test_the_entries_of_another_account_are_not_taken(self, bank: BankPort) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(_entry_line(account="240100"), date(2025, 10, 13), None)


class TestTheRest:
    def test_balance(self, bank: BankPort) -> None:
        got = bank.fetch_balance(line_of(sample("QACCBAL.reply.txt")))
        assert (got.account, got.amount) == (bench.ACCOUNT, 499999999)
        assert got.as_of == datetime(2025, 10, 13, 9, 29, 59, tzinfo=SHANGHAI)

    def test_a_claim_the_bank_denies(self, bank: BankPort) -> None:
        got = bank.verify_loan(line_of(sample("QDKVER.reply.txt")), bench.CLAIM)
        assert (got.matches, got.code, got.text) == (False, "2003", "姓名不符")

    def test_a_check_code_nobody_knows_decides_nothing(self, bank: BankPort) -> None:
        out = "<XYBH>DC202500000001</XYBH><CheckCode>8888</CheckCode>"
        with pytest.raises(ReplyUnreadable):
            bank.verify_loan(line_of(reply("QDKVER", out, serial=SERIAL)), bench.CLAIM)

    def test_probe_says_what_it_saw(self, bank: BankPort) -> None:
        good = bank.probe(signed_line("QNCTEST", sample("QNCTEST.reply.txt")))
        assert (good.reachable, good.usable) == (True, True)
        no_key = bank.probe(line_of(sample("sign-refused.html")))
        assert (no_key.reachable, no_key.usable, no_key.code) == (True, False, "sign -10")
        for error in (LineNotSent("away"), LineUnknown("cut")):
            away = bank.probe(line_of(error))
            assert (away.reachable, away.usable) == (False, False)
        odd = bank.probe(PlayedLine([HttpReply(502, {}, b"<html>")]))
        assert (odd.reachable, odd.usable) == (True, False)


def _payent_row(
    number: str, *, amount: str = "1", result: str = "7", detail: str = "0", account: str = ""
) -> str:
    head = (
        "<OnlBatF>1</OnlBatF><SettleMode>0</SettleMode><TotalNum>1</TotalNum><TotalAmt>1</TotalAmt>"
    )
    return (
        f"{head}<rd><iSeqno>{number}</iSeqno><OrderNo>H1</OrderNo><RecAccNo>{account}</RecAccNo>"
        f"<PayAmt>{amount}</PayAmt><Result>{result}</Result>"
        f"<instrRetCode>{detail}</instrRetCode></rd>"
    )


def _inquiry_row(number: str, result: str, *, amount: str) -> str:
    return (
        f"<rd><QryiSeqno>{number}</QryiSeqno><OrderNo>H1</OrderNo><PayAmt>{amount}</PayAmt>"
        f"<iRetCode>0</iRetCode><Result>{result}</Result></rd>"
    )


def _due_line(**change: str) -> PlayedLine:
    row = {
        "JKHTBH": "ICBC1", "DKZH": "1", "HKZH": "6222", "JKRXM": "郑琪",
        "JKRZJH": "522729200303083343", "YHRQ": "20251010", "DQYHJE": "100", "DQYHBJ": "90",
        "DQYHLX": "10", "DKZT": "0", "YQJE": "0",
    } | change  # fmt: skip
    out = (
        "<Month>202510</Month><ListVersion>1</ListVersion><TotalNum>1</TotalNum>"
        "<TotalAmt>100</TotalAmt><NextTag/><rd>" + _tags(row) + "</rd>"
    )
    return line_of(reply("QDKDUE", out, serial=SERIAL))


def _entry_line(rows: str = "1", account: str = bench.ACCOUNT, **change: str) -> PlayedLine:
    row = {
        "Drcrf": "1", "Amount": "5", "RecipAccNo": "6222", "RecipName": "郑琪",
        "PostScript": NUMBERS[0], "BusType": "001", "OnlySequence": "H1", "Date": "20251013",
        "Time": "093001",
    } | change  # fmt: skip
    out = (
        f"<AccNo>{account}</AccNo><NextTag/><TotalNum>{rows}</TotalNum><rd>" + _tags(row) + "</rd>"
    )
    return line_of(reply("QPD", out, serial=SERIAL))


def _tags(row: dict[str, str]) -> str:
    return "".join(f"<{name}>{text}</{name}>" for name, text in row.items())
