"""What the golden replies mean, and what broken ones may not mean."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import PartnerRefused, ReplyUnreadable
from tests.adapters.gyb import bench
from tests.adapters.gyb.bench import BATCH, CLAIM, NUMBERS, SealedLine, sample

OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
TAKEN = "hc.pay.submit.reply"


def _changed(name: str, **members: Any) -> SealedLine:
    return SealedLine([{**sample(f"{name}.json"), **members}])


class TestEnvelope:
    """A reply that cannot be believed is unknown, whatever it says."""

    @pytest.mark.parametrize(
        "more",
        [
            {"spoil": True},
            {"party": bench.stranger()},
            {"nonce": "0" * 32},
            {"late": timedelta(seconds=301)},
            {"late": timedelta(seconds=-301)},
            {"charset": "utf-16"},
            {"charset": "gb18030"},
            {"status": 502},
            {"raw": b"<html>busy</html>"},
            {"raw": b""},
            {"raw": b'{"encData":"AAAA","sign":"AAAA"}'},
            {"raw": b'{"encData":1,"sign":2}'},
            {"raw": b'{"encData":"A","encData":"B","sign":"C"}'},
        ],
    )
    def test_it_is_unknown(self, bank: BankPort, more: dict[str, Any]) -> None:
        line = bench.line(TAKEN, **more)
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts

    def test_within_the_skew_it_is_taken(self, bank: BankPort) -> None:
        assert bank.instruct(bench.line(TAKEN, late=timedelta(seconds=299)), bench.batch()) == ()


class TestResults:
    @pytest.mark.parametrize(
        "members",
        [
            {"batchNo": "9" * 20}, {"totalCount": 2}, {"totalCount": "3"}, {"totalCount": 3.0},
            {"totalAmount": "578416"}, {"totalAmount": 578415}, {"reqNo": "another"},
            {"reqNo": "0"}, {"reqNo": None},
        ],
    )  # fmt: skip
    def test_the_answer_to_another_batch_is_unknown(
        self, bank: BankPort, members: dict[str, Any]
    ) -> None:
        line = _changed(TAKEN, **members)
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts

    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = bench.line("hc.pay.batch.query.reply")
        found = bank.fetch_results(line, BATCH)
        assert [one.number for one in found] == NUMBERS
        assert [(one.status, one.amount, one.reason) for one in found] == [
            (RowStatus.DONE, 228414, None),
            (RowStatus.REFUSED, None, RefusalReason.ACCOUNT_CLOSED),
            (RowStatus.PROCESSING, None, None),
            (RowStatus.UNKNOWN, None, None),  # failed, without a code that is final
            (RowStatus.UNKNOWN, None, None),
            (RowStatus.UNKNOWN, None, None),  # done, without an amount
            (RowStatus.UNKNOWN, None, None),  # a state nobody knows
            (RowStatus.UNKNOWN, None, None),
        ]
        assert found[0].bank_serial == "GYB2025101300000000001"
        places = {drift.place.rsplit("/", 1)[-1] for drift in line.drift.drifts}
        assert places == {"amount", "state"}

    @pytest.mark.parametrize("amount", [228414, 228414.0, "2284.14", "2e5", "", None, "0", "-1"])
    def test_what_is_no_amount_is_no_success(self, bank: BankPort, amount: Any) -> None:
        row = {"instNo": NUMBERS[0], "state": "30", "amount": amount}
        (found,) = bank.inquire(_changed("hc.pay.query.reply", rows=[row]), [NUMBERS[0]])
        assert (found.status, found.amount) == (RowStatus.UNKNOWN, None)

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        assert bank.fetch_results(bench.line("hc.pay.batch.query.unknown-batch.reply"), BATCH) == ()

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        found = bank.inquire(bench.line("hc.pay.query.reply"), NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip
        assert found[1].reason is RefusalReason.NAME_MISMATCH

    def test_a_number_left_out_is_unknown_never_not_found(self, bank: BankPort) -> None:
        line = bench.line("hc.pay.query.reply")
        (*_, last) = bank.inquire(line, [*NUMBERS[:3], NUMBERS[6]])
        assert (last.number, last.status) == (NUMBERS[6], RowStatus.UNKNOWN)
        assert line.drift.drifts

    @pytest.mark.parametrize("rows", [None, {}, "x", [1], [[]]])
    def test_rows_that_are_none_are_unknown(self, bank: BankPort, rows: Any) -> None:
        for ask in (lambda li: bank.fetch_results(li, BATCH), lambda li: bank.inquire(li, NUMBERS)):
            with pytest.raises(ReplyUnreadable):
                ask(_changed("hc.pay.batch.query.reply", rows=rows))

    def test_text_no_book_can_carry_says_nothing(self, bank: BankPort) -> None:
        rows = [{"instNo": NUMBERS[0] + "\x00", "state": "30", "amount": "1"}]
        line = _changed("hc.pay.batch.query.reply", rows=rows)
        assert bank.fetch_results(line, BATCH) == ()
        assert line.drift.drifts


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "final"),
        [("busy", False), ("system", False), ("signature", False), ("format", True)],
    )
    def test_final_only_by_the_table(self, bank: BankPort, name: str, final: bool) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.line(f"hc.pay.submit.refused-{name}.reply"), bench.batch())
        assert caught.value.final is final

    @pytest.mark.parametrize("code", ["E777", "", None, 0, "000001"])
    def test_a_code_nobody_knows_is_never_final(self, bank: BankPort, code: Any) -> None:
        line = _changed("hc.pay.submit.refused-busy.reply", code=code)
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert not caught.value.final
        assert line.drift.drifts


class TestPages:
    def test_what_is_wrong_with_a_line(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("hc.due.query.reply"), OCTOBER, None)
        assert [(one.amount, one.flaw) for one in page.records] == [
            (228414, ""), (-100, "amount"), (None, "amount"), (100, "due_date"), (0, ""), (100, ""),
        ]  # fmt: skip
        assert [one.settled for one in page.records] == [False] * 4 + [True, False]
        assert page.records[5].overdue
        assert (page.next_page, page.list_version) == (None, "202510-0a1b2c3d")
        assert (page.total_count, page.total_amount) == (6, 228514)

    @pytest.mark.parametrize(
        "members",
        [{"month": "202511"}, {"pageNo": 2}, {"pageNo": "1"}, {"pages": 2}, {"pages": None},
         {"pages": True}],
    )  # fmt: skip
    def test_another_page_is_not_taken(self, bank: BankPort, members: dict[str, Any]) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(_changed("hc.due.query.reply", **members), OCTOBER, None)

    def test_a_list_that_changed_meanwhile_is_not_taken(self, bank: BankPort) -> None:
        line = _changed("hc.due.query.reply", pageNo=2, pages=2)
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(line, OCTOBER, "2:202510-older")

    def test_the_statement(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("hc.statement.query.reply"), TENTH, None)
        assert [(one.kind, one.number, one.amount) for one in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 350000),
            (EntryKind.RETURN, NUMBERS[1], 350000),
            (EntryKind.REVERSAL, NUMBERS[0], 228414),
            (EntryKind.OTHER, "", 1500),
        ]
        assert (page.closed, page.next_page) == (True, None)

    def test_an_open_day(self, bank: BankPort) -> None:
        line = bench.line("hc.statement.query.open.reply")
        page = bank.fetch_statement(line, date(2025, 10, 13), None)
        assert (page.entries, page.closed) == ((), False)

    @pytest.mark.parametrize(
        "members", [{"count": 4}, {"dayEnd": "true"}, {"dayEnd": 1}, {"account": "1"},
                    {"date": "20251011"}]
    )  # fmt: skip
    def test_half_a_page_proves_nothing(self, bank: BankPort, members: dict[str, Any]) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(_changed("hc.statement.query.reply", **members), TENTH, None)


def test_the_balance_is_what_can_be_used(bank: BankPort) -> None:
    found = bank.fetch_balance(bench.line("hc.balance.query.reply"))
    assert (found.amount, found.as_of) == (4999999999999, bench.NOW)


def test_a_claim_that_does_not_match(bank: BankPort) -> None:
    said = bank.verify_loan(bench.line("hc.loan.verify.refused.reply"), CLAIM)
    assert (said.matches, said.code) == (False, "5002")


def test_a_probe_says_what_is_wrong(bank: BankPort) -> None:
    assert bank.probe(bench.line("hc.ping.reply")).usable
    seen = bank.probe(bench.line("hc.pay.submit.refused-signature.reply"))
    assert (seen.reachable, seen.usable, seen.code) == (True, False, "E102")
