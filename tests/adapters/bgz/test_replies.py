"""What the golden replies mean, and what broken ones may not mean."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.bgz.envelope import open_reply
from adapters.kit.replies import BadReply
from hub.contracts import load_contract
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import DriftNotes, HttpReply, PartnerRefused, ReplyUnreadable
from tests.adapters.bgz import bench
from tests.adapters.bgz.bench import BATCH, CLAIM, NUMBERS, sample

OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
PAGE_2 = "2:202510-0a1b2c3d"
CONTRACT = load_contract(bench.FOLDER)


def _changed(name: str, old: str, new: str) -> bytes:
    text = sample(name).decode("utf-8")
    assert old in text
    return text.replace(old, new, 1).encode("utf-8")


class TestResults:
    def test_three_rows_three_words(self, bank: BankPort) -> None:
        found = bank.instruct(bench.line("BatchPay.reply"), bench.batch())
        assert [(one.status, one.amount, one.reason) for one in found] == [
            (RowStatus.DONE, 228414, None),
            (RowStatus.PROCESSING, None, None),
            (RowStatus.REFUSED, None, RefusalReason.NAME_MISMATCH),
        ]
        assert found[0].bank_serial == "GZ202510130000000001"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (BATCH, "9" * 20),
            (">3<", ">2<"),
            (">5784.15<", ">578415.00<"),
            (">5784.15<", ">5784.150<"),
            (">5784.15<", ">5.78415E+3<"),
            ("<totalAmount>", "<totalAmount>5784.15</totalAmount><totalAmount>"),
        ],
    )
    def test_the_answer_to_another_batch_is_unknown(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(_changed("BatchPay.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts

    def test_a_row_that_is_not_ours_is_left_out_and_noted(self, bank: BankPort) -> None:
        line = bench.said(_changed("BatchPay.reply.xml", NUMBERS[2], "8" * 20))
        assert len(bank.instruct(line, bench.batch())) == 2
        assert line.drift.drifts

    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = bench.line("QueryBatch.reply")
        found = bank.fetch_results(line, BATCH)
        assert [one.number for one in found] == NUMBERS[:8]
        assert [(one.status, one.reason) for one in found] == [
            (RowStatus.DONE, None),
            (RowStatus.REFUSED, RefusalReason.ACCOUNT_CLOSED),
            (RowStatus.PROCESSING, None),
            (RowStatus.PROCESSING, None),
            (RowStatus.UNKNOWN, None),
            (RowStatus.UNKNOWN, None),  # done, with 1E+2
            (RowStatus.UNKNOWN, None),  # a state nobody knows
            (RowStatus.UNKNOWN, None),  # done, with three decimals
        ]
        places = {drift.place for drift in line.drift.drifts}
        base = "QueryBatch.reply/Envelope/Body/QueryBatchResponse/item"
        assert places == {f"{base}/amount", f"{base}/status"}

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        assert bank.fetch_results(bench.line("QueryBatch.unknown-batch.reply"), BATCH) == ()

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        found = bank.inquire(bench.line("QueryPayments.reply"), NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip

    def test_a_number_left_out_is_unknown_never_not_found(self, bank: BankPort) -> None:
        line = bench.line("QueryPayments.reply")
        (*_, last) = bank.inquire(line, [*NUMBERS[:3], NUMBERS[6]])
        assert (last.number, last.status) == (NUMBERS[6], RowStatus.UNKNOWN)


class TestFaults:
    @pytest.mark.parametrize("status", [200, 500])
    @pytest.mark.parametrize(
        ("name", "code", "final"),
        [
            ("refused-format", "HPF0110", True),
            ("refused-busy", "HPF0131", False),
            ("refused-system", "HPF9999", False),
            ("refused-expired", "HPF0120", False),
            ("replayed", "InvalidSecurity", False),
            ("gateway", "Server", False),
        ],
    )
    def test_final_only_by_the_table_whatever_the_http_status(
        self, bank: BankPort, name: str, code: str, final: bool, status: int
    ) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.line(f"BatchPay.{name}.reply", status=status), bench.batch())
        assert (caught.value.partner_code, caught.value.final) == (code, final)

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [
            ("BatchPay.refused-format-server.reply.xml", "", ""),
            ("BatchPay.refused-format.reply.xml", "4e5f", "4e5e"),  # another request's
            ("BatchPay.refused-busy.reply.xml", "4e5f", "4e5e"),
            ("BatchPay.refused-format.reply.xml", "wsa:RelatesTo>", "wsa:Other>"),  # nobody's
        ],
    )
    def test_one_that_contradicts_itself_or_is_not_ours_proves_nothing(
        self, bank: BankPort, name: str, old: str, new: str
    ) -> None:
        body = sample(name).replace(old.encode(), new.encode()) if old else sample(name)
        line = bench.said(body.replace(b"<wsa:RelatesTo ", b"<wsa:Other ")
                          if "Other" in new else body, 500)  # fmt: skip
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts

    @pytest.mark.parametrize("kind", ["Client", "MustUnderstand", "VersionMismatch", "Strange"])
    def test_a_gateways_own_is_never_final(self, bank: BankPort, kind: str) -> None:
        body = _changed("BatchPay.gateway.reply.xml", ">S:Server<", f">S:{kind}<")
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.said(body, 500), bench.batch())
        assert not caught.value.final

    def test_a_code_nobody_knows_is_never_final(self, bank: BankPort) -> None:
        line = bench.said(_changed("BatchPay.refused-format.reply.xml", "HPF0110", "HPF7771"), 500)
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert not caught.value.final
        assert line.drift.drifts

    def test_not_found_with_server_is_not_believed(self, bank: BankPort) -> None:
        body = _changed("QueryBatch.unknown-batch.reply.xml", "S:Client", "S:Server")
        with pytest.raises(ReplyUnreadable):
            bank.fetch_results(bench.said(body, 500), BATCH)

    def test_elements_of_a_default_namespace_are_read_as_a_fault_too(self, bank: BankPort) -> None:
        text = sample("BatchPay.refused-system.reply.xml").decode()
        body = text.replace("S:Server", "Server").replace("<S:", "<").replace("</S:", "</")
        body = body.replace("xmlns:S=", "xmlns=")
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.said(body.encode(), 500), bench.batch())
        assert not caught.value.final


class TestPages:
    def test_a_full_page_names_the_next(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.said(bench.many_dues(1000, 1006)), OCTOBER, None)
        assert (len(page.records), page.next_page) == (1000, PAGE_2)
        assert (page.total_count, page.total_amount) == (1006, 250540)
        assert page.records[0].due_date == date(2025, 10, 15)

    def test_what_is_wrong_with_a_line(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("QueryDues.page2.reply"), OCTOBER, PAGE_2)
        assert page.next_page is None
        assert [(one.amount, one.flaw) for one in page.records] == [
            (-100, "amount"), (None, "amount"), (100, "due_date"), (100, "due_date"), (0, ""),
            (100, ""),
        ]  # fmt: skip
        assert page.records[4].settled
        assert page.records[5].overdue

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<period>202510", "<period>202511"),
            ("<pageNo>1<", "<pageNo>2<"),
            ("<itemCount>2<", "<itemCount>3<"),
            ("<totalCount>2<", "<totalCount>1002<"),  # half a page with more to come
            ("<pageCount>1<", "<pageCount>2<"),
            ("<pageCount>1</pageCount>", ""),
        ],
    )
    def test_another_page_is_not_taken(self, bank: BankPort, old: str, new: str) -> None:
        line = bench.said(_changed("QueryDues.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(line, OCTOBER, None)

    def test_a_version_that_is_gone_is_refused(self, bank: BankPort) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.fetch_dues(bench.line("QueryDues.stale.reply"), OCTOBER, "2:202510-old")
        assert (caught.value.partner_code, caught.value.final) == ("HPF0113", True)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<listVersion>", "<bankTime>09:30</bankTime><listVersion>"),
            ("<totalAmount>2505.40</totalAmount>", ""),
            ("<totalAmount>2505.40", "<totalAmount>两千"),
        ],
    )
    def test_what_decides_nothing_is_a_drift_and_no_obstacle(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(_changed("QueryDues.reply.xml", old, new))
        page = bank.fetch_dues(line, OCTOBER, None)
        assert len(page.records) == 2
        assert page.total_amount == (250540 if "bankTime" in new else None)
        assert line.drift.drifts


class TestStatement:
    def test_a_day_that_has_ended(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("QueryStatement.reply"), TENTH, None)
        assert (page.closed, page.next_page) == (True, None)
        assert [(one.kind, one.number, one.amount) for one in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 350000),
            (EntryKind.RETURN, NUMBERS[0], 228414),
            (EntryKind.REVERSAL, NUMBERS[1], 350000),
            (EntryKind.OTHER, "", 10000000),
        ]

    def test_an_open_day_without_entries(self, bank: BankPort) -> None:
        line = bench.line("QueryStatement.open.reply")
        page = bank.fetch_statement(line, date(2025, 10, 13), None)
        assert (page.closed, page.entries, page.next_page) == (False, (), None)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<itemCount>5", "<itemCount>6"),
            ("<totalCount>5", "<totalCount>4"),
            ("<dayClosed>true", "<dayClosed>yes"),
            ("<dayClosed>true</dayClosed>", ""),
            ("<bookDate>2025-10-10", "<bookDate>2025-10-10Z"),
            ("<bookedAt>2025-10-10T09:30:01+08:00", "<bookedAt>2025-10-10T16:30:01Z"),
            ("<bookedAt>2025-10-10T09:30:01+08:00", "<bookedAt>2025-10-10T09:30:01"),
            ("<amount>2284.14", "<amount>2.28414E+3"),
            ("<bankSerial>GZ202510100000000001", "<bankSerial>"),
            ("<account>0801001500000001", "<account>0801001500000002"),
        ],
    )
    def test_a_page_that_cannot_be_trusted_is_not_taken(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(_changed("QueryStatement.reply.xml", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(line, TENTH, None)


class TestTheRest:
    def test_the_usable_balance_counts(self, bank: BankPort) -> None:
        found = bank.fetch_balance(bench.line("QueryBalance.reply"))
        assert (found.amount, found.as_of.isoformat()) == (
            4999999999, "2025-10-13T09:30:00+08:00",
        )  # fmt: skip

    @pytest.mark.parametrize("new", ["4.999999999E+7", "49999999.990", "NaN", "4_9.99", "４.99"])
    def test_a_balance_of_another_writing_is_none(self, bank: BankPort, new: str) -> None:
        line = bench.said(_changed("QueryBalance.reply.xml", "49999999.99", new))
        with pytest.raises(ReplyUnreadable):
            bank.fetch_balance(line)

    def test_a_claim_the_bank_denies(self, bank: BankPort) -> None:
        found = bank.verify_loan(bench.line("VerifyLoan.refused.reply"), CLAIM)
        assert (found.matches, found.code) == (False, "6002")

    def test_probe_says_what_it_saw(self, bank: BankPort) -> None:
        good = bank.probe(bench.line("Ping.reply"))
        assert (good.reachable, good.usable) == (True, True)
        late = bank.probe(bench.line("Ping.expired.reply"))
        assert (late.reachable, late.usable, late.code) == (True, False, "MessageExpired")


BOMB = (
    b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"> ]>'
)  # fmt: skip
OUTSIDE = b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/hosts"> ]>'
PARTS = {"content_type": 'multipart/related; type="application/xop+xml"; boundary=x'}
_Bend = Callable[[bytes], bytes]
BROKEN: list[tuple[str, _Bend, int, dict[str, str]]] = [
    ("half of it", lambda data: data[: len(data) // 2], 200, {}),
    ("empty", lambda _: b"", 200, {}),
    ("empty and accepted", lambda _: b"", 202, {}),
    ("HTML", lambda _: b"<html><body>x</body></html>", 200, {"content_type": "text/html"}),
    ("HTML that says XML", lambda _: b"<html><body>x</body></html>", 200, {}),
    ("MIME parts", lambda data: b"--x\r\n\r\n" + data + b"\r\n--x--", 200, PARTS),
    ("SOAP 1.2", lambda d: d.replace(b"schemas.xmlsoap.org/soap/", b"www.w3.org/2003/05/soap-"),
     200, {}),
    ("SOAP 1.2's type", lambda data: data, 200, {"content_type": "application/soap+xml"}),
    ("UTF-16", lambda data: data.decode().encode("utf-16"), 200, {}),
    ("GB18030", lambda data: data.replace(b"GZ2025", "贵州".encode("gb18030")), 200, {}),
    ("another request's", lambda data: data.replace(b"4e5f", b"4e5e"), 200, {}),
    ("nobody's", lambda data: data.replace(b"wsa:RelatesTo", b"wsa:Action"), 200, {}),
    ("another operation's", lambda d: d.replace(b"QueryBatchResponse", b"BatchPayResponse"),
     200, {}),
    ("another namespace", lambda data: data.replace(b"offset:v1", b"offset:v2"), 200, {}),
    ("two bodies", lambda d: d.replace(b"</S:Body>", b"</S:Body><S:Body/>"), 200, {}),
    ("no Fault in 500", lambda data: data, 500, {}),
    ("HTTP 502", lambda data: data, 502, {}),
    ("a bomb", lambda data: data.replace(b"<S:Envelope", BOMB + b"<S:Envelope", 1), 200, {}),
    ("an entity", lambda data: data.replace(b"<S:Envelope", OUTSIDE + b"<S:Envelope", 1), 200, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "bend", "status", "headers"), BROKEN, ids=[one[0] for one in BROKEN]
)
def test_a_broken_reply_is_unreadable_and_a_drift(
    bank: BankPort, what: str, bend: _Bend, status: int, headers: dict[str, str]
) -> None:
    line = bench.said(bend(sample("QueryBatch.reply.xml")), status, **headers)
    with pytest.raises(ReplyUnreadable):
        bank.fetch_results(line, BATCH)
    assert line.drift.drifts


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_an_envelope_or_a_bad_reply(data: bytes) -> None:
    with pytest.raises(BadReply):
        open_reply(CONTRACT, DriftNotes(), "QueryBatch", HttpReply(200, bench.XML, data))
