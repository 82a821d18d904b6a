"""What the golden replies mean, and what broken ones may not mean."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.abc import codec
from adapters.kit.replies import BadReply
from hub.contracts import load_contract
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import LineUnknown, PartnerRefused, ReplyUnreadable
from tests.adapters.abc import bench
from tests.adapters.abc.bench import BATCH, CLAIM, NUMBERS, changed, sample

OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
CONTRACT = load_contract(bench.FOLDER)


class TestTaking:
    @pytest.mark.parametrize("name", ["DCAF01.reply", "DCAF01.waiting.reply"])
    def test_taken_or_waiting_says_nothing_of_the_rows(self, bank: BankPort, name: str) -> None:
        line = bench.line(name)
        assert bank.instruct(line, bench.batch()) == ()
        assert line.drift.drifts == []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (BATCH, "9" * 20),
            ("<TotalNum>3<", "<TotalNum>2<"),
            ("5784.15", "5784.16"),
            ("5784.15", "578415"),
        ],
    )
    def test_the_answer_to_another_batch_is_unknown(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = bench.said(changed("DCAF01.reply", old, new))
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts

    @pytest.mark.parametrize(
        ("name", "final"), [("busy", False), ("auth", False), ("system", False), ("format", True)]
    )
    def test_final_only_by_the_table(self, bank: BankPort, name: str, final: bool) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.line(f"DCAF01.refused-{name}.reply"), bench.batch())
        assert caught.value.final is final

    def test_a_code_nobody_knows_is_never_final(self, bank: BankPort) -> None:
        line = bench.said(changed("DCAF01.refused-busy.reply", ">1031<", ">7777<"))
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert not caught.value.final
        assert line.drift.drifts

    def test_an_agreement_that_waits_is_not_registered(self, bank: BankPort) -> None:
        for reply in (
            changed("DCAF02.reply", "<WaitFlag>0", "<WaitFlag>1"),
            changed("DCAF02.reply", "<RespCode>0000", "<RespCode>0001"),
        ):
            with pytest.raises((ReplyUnreadable, PartnerRefused)) as caught:
                bank.register_agreement(bench.said(reply), CLAIM)
            assert not getattr(caught.value, "final", False)


class TestAsking:
    def test_a_batch_that_was_taken_row_by_row(self, bank: BankPort) -> None:
        line = bench.line("CQRT04.reply", "CQRA61.batch.reply")
        found = bank.fetch_results(line, BATCH)
        assert [call.step for call in line.calls] == ["CQRT04", "CQRA61"]
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
        assert found[0].bank_serial == "2025101310300000000001"
        places = {drift.place.rsplit("/", 1)[-1] for drift in line.drift.drifts}
        assert places == {"Amt", "RowSta"}

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        line = bench.line("CQRT04.unknown.reply")
        assert bank.fetch_results(line, BATCH) == ()
        assert len(line.calls) == 1

    @pytest.mark.parametrize(
        ("reply", "code", "final"),
        [
            (sample("CQRT04.refused.reply"), "1011", True),
            (changed("CQRT04.refused.reply", ">1011<", ">9999<"), "9999", False),
            (changed("CQRT04.refused.reply", ">1011<", ">0000<"), "0000", False),
            (changed("CQRT04.refused.reply", "<OrgRespCode>1011</OrgRespCode>", ""), None, False),
            (sample("CQRT04.doubtful.reply"), "9", False),
            (changed("CQRT04.reply", "<TransSta>1", "<TransSta>7"), "7", False),
        ],
    )
    def test_neither_taken_nor_not_found(
        self, bank: BankPort, reply: bytes, code: str | None, final: bool
    ) -> None:
        line = bench.said(reply)
        with pytest.raises(PartnerRefused) as caught:
            bank.fetch_results(line, BATCH)
        assert caught.value.final is final
        assert code in (None, caught.value.partner_code)
        assert len(line.calls) == 1

    def test_taken_by_one_and_unknown_to_the_other_is_no_result(self, bank: BankPort) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.fetch_results(bench.line("CQRT04.reply", "CQRA61.unknown.reply"), BATCH)
        assert not caught.value.final

    @pytest.mark.parametrize("name", ["CQRT04.reply", "CQRA61.batch.reply"])
    def test_the_state_of_another_request_is_not_taken(self, bank: BankPort, name: str) -> None:
        wrong = changed(name, f"<OrgReqSeqNo>{BATCH}", f"<OrgReqSeqNo>{'9' * 20}")
        first = [] if name.startswith("CQRT04") else [sample("CQRT04.reply")]
        with pytest.raises(ReplyUnreadable):
            bank.fetch_results(bench.said(*first, wrong), BATCH)

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        found = bank.inquire(bench.line("CQRA61.numbers.reply"), NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip
        assert found[1].reason is RefusalReason.NAME_MISMATCH

    def test_a_number_left_out_is_unknown_never_not_found(self, bank: BankPort) -> None:
        line = bench.line("CQRA61.numbers.reply")
        (*_, last) = bank.inquire(line, [*NUMBERS[:3], NUMBERS[6]])
        assert (last.number, last.status) == (NUMBERS[6], RowStatus.UNKNOWN)
        assert line.drift.drifts

    def test_fen_where_yuan_are_due_is_no_success(self, bank: BankPort) -> None:
        line = bench.said(changed("CQRA61.numbers.reply", "2284.14", "2284.145"))
        assert bank.inquire(line, NUMBERS[:4])[0].status is RowStatus.UNKNOWN


class TestLists:
    def test_a_full_page_and_what_follows(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("DCQR01.reply"), OCTOBER, None)
        assert (len(page.records), page.next_page) == (200, "201:202510-0a1b2c3d")
        assert (page.total_count, page.total_amount) == (206, 47715026)

    def test_what_is_wrong_with_a_line(self, bank: BankPort) -> None:
        line = bench.line("DCQR01.next.reply")
        page = bank.fetch_dues(line, OCTOBER, "201:202510-0a1b2c3d")
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
            ("<Period>202510", "<Period>202511"),
            ("<StartNo>1<", "<StartNo>2<"),
            ("<RecNum>200<", "<RecNum>199<"),
            ("<TotalNum>206<", "<TotalNum>x<"),
            ("<TotalNum>206<", "<TotalNum>9<"),
        ],
    )
    def test_another_part_is_not_taken(self, bank: BankPort, old: str, new: str) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(bench.said(changed("DCQR01.reply", old, new)), OCTOBER, None)

    def test_a_day_that_has_ended(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("CQRA10.reply"), TENTH, None)
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
        page = bank.fetch_statement(bench.line("CQRA10.open.reply"), date(2025, 10, 13), None)
        assert (page.closed, page.entries, page.next_page) == (False, (), None)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<RecNum>5", "<RecNum>6"),
            ("<DayEnd>1", "<DayEnd>9"),
            ("<TrDate>20251010</TrDate><TrTime>", "<TrDate>20251009</TrDate><TrTime>"),
            ("<Amt>2284.14", "<Amt>二千"),
            ("<TransNo>2025101010300000000001", "<TransNo>"),
            ("<AccNo>23710101040000001", "<AccNo>23710101040000009"),
            ("<TotalNum>5", "<TotalNum>4"),
        ],
    )
    def test_a_part_that_cannot_be_trusted_is_not_taken(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(bench.said(changed("CQRA10.reply", old, new)), TENTH, None)


class TestTheRest:
    def test_the_usable_balance_counts(self, bank: BankPort) -> None:
        found = bank.fetch_balance(bench.line("CQRA06.reply"))
        assert (found.amount, found.as_of.hour) == (4999999999, 9)

    def test_a_claim_the_bank_denies(self, bank: BankPort) -> None:
        found = bank.verify_loan(bench.line("DCQR02.refused.reply"), CLAIM)
        assert (found.matches, found.code) == (False, "12")

    def test_a_check_code_nobody_knows_decides_nothing(self, bank: BankPort) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.verify_loan(bench.said(changed("DCQR02.reply", ">00<", ">88<")), CLAIM)

    def test_probe_says_what_it_saw(self, bank: BankPort) -> None:
        seen = bank.probe(bench.line("CQLT01.reply"))
        assert (seen.reachable, seen.usable) == (True, True)
        html = bank.probe(bench.said(b"<html>busy</html>"))
        assert (html.reachable, html.usable) == (True, False)


def _body(bend: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda frame: bench.framed(bend(frame[7:]))


BROKEN: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("half a body under its own length", _body(lambda body: body[: len(body) // 2])),
    ("nothing", _body(lambda _: b"")),
    ("HTML", lambda _: b"<html><body>502 Bad Gateway</body></html>"),
    ("HTML in a frame", _body(lambda _: b"<html/>")),
    ("UTF-16", _body(lambda body: body.decode("gb18030").encode("utf-16"))),
    ("UTF-8", _body(lambda body: body.decode("gb18030").encode("utf-8"))),
    ("encrypted", lambda frame: b"1" + frame[1:]),
    ("another flag", lambda frame: b"2" + frame[1:]),
    ("length of letters", lambda frame: b"012AB  " + frame[7:]),
    ("length on the right", lambda frame: b"0%6d" % (len(frame) - 7) + frame[7:]),
    ("length in characters", lambda frame: b"0%-6d" % len(frame[7:].decode("gb18030")) + frame[7:]),
    ("another number", _body(lambda body: body.replace(b"Q2510130930", b"Q2510130931", 1))),
    (
        "another code",
        _body(lambda body: body.replace(b"Code>CQRA6", b"Code>CQRA1")),
    ),
    ("no Cmp", _body(lambda body: body.split(b"<Cmp>")[0] + b"</ap>")),
    ("an entity", _body(lambda body: b'<!DOCTYPE ap [<!ENTITY a "b">]>' + body)),
]


@pytest.mark.parametrize(("what", "bend"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_broken_reply_is_unreadable_and_a_drift(
    bank: BankPort, what: str, bend: Callable[[bytes], bytes]
) -> None:
    line = bench.said(bend(sample("CQRA61.numbers.reply")))
    with pytest.raises(ReplyUnreadable):
        bank.inquire(line, NUMBERS[:4])
    assert line.drift.drifts
    shown = repr(line.drift.drifts)
    assert "6228" not in shown
    assert "郑琪" not in shown


def test_half_a_frame_is_unknown(bank: BankPort) -> None:
    with pytest.raises(LineUnknown):
        bank.inquire(bench.said(sample("CQRA61.numbers.reply")[:200]), NUMBERS[:4])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_document_or_a_bad_reply(data: bytes) -> None:
    try:
        root = codec.reply_root(CONTRACT, "CQRA61", bench.framed(data))
    except BadReply:
        return
    assert root.tag == "ap"
