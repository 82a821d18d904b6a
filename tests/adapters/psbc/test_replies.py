"""What the golden replies and files mean, and what broken ones may not mean."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.kit.exchange import RequestOffContract
from hub.kernel.errors import BadInput, HubError
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import (
    FileGrowing,
    FileMissing,
    LineNotSent,
    LineUnknown,
    PartnerRefused,
    ReplyUnreadable,
)
from tests.adapters.psbc import bench
from tests.adapters.psbc.bench import BATCH, CLAIM, NUMBERS, Played

OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)
RESULT = f"download/HCRES_{BATCH}_0001.txt"


def _said(name: str, **change: Any) -> Played:
    """A golden reply with members of its body told otherwise."""
    line = bench.line(f"{name}.reply")
    line.answers[0]["body"] |= change
    return line


class TestResults:
    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = bench.line("HC0202.reply")
        found = bank.fetch_results(line, BATCH)
        assert [one.number for one in found] == NUMBERS[:7]
        assert [(one.status, one.amount, one.reason) for one in found] == [
            (RowStatus.DONE, 228414, None),
            (RowStatus.REFUSED, None, RefusalReason.ACCOUNT_CLOSED),
            (RowStatus.PROCESSING, None, None),
            (RowStatus.UNKNOWN, None, None),  # not final by its code
            (RowStatus.UNKNOWN, None, None),
            (RowStatus.UNKNOWN, None, None),  # done, but with no amount
            (RowStatus.UNKNOWN, None, None),  # a state nobody knows
        ]
        assert found[0].bank_serial == "PS202510130000000001"
        assert {drift.place for drift in line.drift.drifts} == {"result/rows/state"}

    def test_a_file_says_the_same_however_often_it_is_fetched(self, bank: BankPort) -> None:
        line = bench.line("HC0202.reply", "HC0202.reply")
        assert bank.fetch_results(line, BATCH) == bank.fetch_results(line, BATCH)
        assert not any(call.effect for call in line.calls)

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        assert bank.fetch_results(bench.line("HC0202.unknown-batch.reply"), BATCH) == ()

    def test_one_that_is_late_or_growing_is_no_result(self, bank: BankPort) -> None:
        with pytest.raises(FileMissing):
            bank.fetch_results(Played([bench.sample("HC0202.reply.json")]), BATCH)
        growing = bench.line("HC0202.reply", refuse={"get.result": FileGrowing("x")})
        with pytest.raises(FileGrowing):
            bank.fetch_results(growing, BATCH)

    @pytest.mark.parametrize(
        "change",
        [
            {"fileSize": 1},
            {"fileSm3": "0" * 64},
            {"totalNum": 6},
            {"totalAmt": "2285.13"},
            {"totalNum": "7"},
            {"totalNum": True},
            {"totalAmt": 2285.14},
            {"fileName": f"HCRES_{BATCH}_0002.txt"},
            {"fileName": f"HCRES_{'9' * 20}_0001.txt"},
            {"fileName": f"../upload/HCRES_{BATCH}_0001.txt"},
            {"fileName": f"HCPAY_{BATCH}_0001.txt"},
        ],
    )
    def test_a_file_that_is_not_the_one_told_of(
        self, bank: BankPort, change: dict[str, object]
    ) -> None:
        file = bench.sample("HC0202.reply.json")["body"]["file"] | change
        line = _said("HC0202", file=file)
        with pytest.raises(ReplyUnreadable):
            bank.fetch_results(line, BATCH)
        assert line.drift.drifts

    def test_a_copy_under_the_next_name_says_nothing(self, bank: BankPort) -> None:
        line = _said("HC0202", turn="0002")
        name = f"HCRES_{BATCH}_0002.txt"
        line.answers[0]["body"]["file"]["fileName"] = name
        line.files[f"download/{name}"] = line.files[RESULT]
        with pytest.raises(ReplyUnreadable, match="turn"):
            bank.fetch_results(line, BATCH)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("|7|2285.14", "|8|2285.14"),
            ("|7|2285.14", "|7|2285.15"),
            ("|S|2284.14|", "|S|2284.15|"),
            (f"{NUMBERS[6]}|Z|1.00||\n", ""),
            (BATCH, "9" * 20),
        ],
    )
    def test_totals_that_do_not_add_up_though_the_digest_does(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        text = bench.raw("HCRES.result.txt").decode()
        assert old in text
        line = bench.told("HC0202", text.replace(old, new, 1).encode())
        with pytest.raises(ReplyUnreadable):
            bank.fetch_results(line, BATCH)

    def test_a_row_without_a_number_says_nothing_of_anybody(self, bank: BankPort) -> None:
        text = bench.raw("HCRES.result.txt").decode().replace(f"{NUMBERS[2]}|P", "|P")
        line = bench.told("HC0202", text.encode())
        assert len(bank.fetch_results(line, BATCH)) == 6
        assert "result/rows/orderNo" in {drift.place for drift in line.drift.drifts}


class TestInquiry:
    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        found = bank.inquire(bench.line("HC0203.reply"), NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip
        assert found[1].reason is RefusalReason.NAME_MISMATCH

    def test_a_number_left_out_or_told_in_two_ways_is_unknown(self, bank: BankPort) -> None:
        line = _said("HC0203")
        rows = line.answers[0]["body"]["rows"]
        rows[3] = {"orderNo": NUMBERS[0], "state": "F", "errCode": "E01"}
        found = bank.inquire(line, NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.UNKNOWN, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.UNKNOWN,
        ]  # fmt: skip
        assert line.drift.drifts

    @pytest.mark.parametrize("amount", [2284.14, "2,284.14", "-2284.14", "0.00", None])
    def test_success_with_no_amount_is_unknown(self, bank: BankPort, amount: object) -> None:
        line = _said("HC0203")
        line.answers[0]["body"]["rows"][0]["amt"] = amount
        assert bank.inquire(line, NUMBERS[:4])[0].status is RowStatus.UNKNOWN
        assert line.drift.drifts


class TestNotice:
    @pytest.mark.parametrize(
        ("name", "final"),
        [("digest", False), ("totals", True), ("system", False), ("signature", False)],
    )
    def test_only_what_its_table_calls_final_is(
        self, bank: BankPort, name: str, final: bool
    ) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.line(f"HC0201.refused-{name}.reply"), bench.batch())
        assert caught.value.final is final

    def test_an_answer_about_another_file_or_batch_is_none(self, bank: BankPort) -> None:
        file = bench.sample("HC0201.reply.json")["body"]["file"]
        for change in (
            {"batchId": "9" * 20}, {"file": file | {"totalAmt": "5784.16"}},
            {"file": file | {"fileSm3": "0" * 64}}, {"file": None}, {"file": []},
        ):  # fmt: skip
            with pytest.raises(ReplyUnreadable):
                bank.instruct(_said("HC0201", **change), bench.batch())

    @pytest.mark.parametrize(
        "change",
        [
            {"reqSerial": "other"}, {"reqSerial": ""}, {"txCode": "HC0202"}, {"body": None},
            {"respCode": ""}, {"respCode": 0},
        ],
    )  # fmt: skip
    def test_a_head_that_is_not_this_request_s(
        self, bank: BankPort, change: dict[str, object]
    ) -> None:
        line = bench.line("HC0201.reply")
        line.answers[0] |= change
        with pytest.raises((ReplyUnreadable, PartnerRefused)) as caught:
            bank.instruct(line, bench.batch())
        assert not getattr(caught.value, "final", False)
        assert line.drift.drifts

    def test_a_code_nobody_knows_is_never_final(self, bank: BankPort) -> None:
        line = bench.line("HC0201.reply")
        line.answers[0] |= {"respCode": "P0777", "body": None}
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(line, bench.batch())
        assert (caught.value.partner_code, caught.value.final) == ("P0777", False)

    @pytest.mark.parametrize(
        "how",
        [
            {"party": bench.stranger()},
            {"spoil": True},
            {"nonce": "f" * 32},
            {"late": timedelta(seconds=181)},
            {"late": timedelta(seconds=-181)},
            {"status": 502},
            {"whole": b"<html>502 Bad Gateway</html>"},
            {"whole": b'{"encryptedBody": "'},
            {"whole": b""},
            {"party": replace(bench.PARTY, bank_id="PSBC-SFOP-02")},
            {"party": replace(bench.PARTY, cipher=bytes(16))},
        ],
    )
    def test_an_envelope_not_to_be_believed_is_no_answer(
        self, bank: BankPort, how: dict[str, Any]
    ) -> None:
        line = bench.line("HC0201.reply", **how)
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts
        assert [call.effect for call in line.calls] == [False, True]


class TestDues:
    def test_lines_as_the_bank_has_them(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("HC0301.reply"), OCTOBER, None)
        assert (page.list_version, page.next_page) == ("202510-0a1b2c3d", None)
        assert (page.total_count, page.total_amount) == (6, 918714)
        assert [(one.amount, one.flaw) for one in page.records] == [
            (228414, ""), (350000, ""), (352357, ""), (-12057, "amount"), (None, "amount"),
            (0, ""),
        ]  # fmt: skip
        assert page.records[2].borrower_name == "买买提|艾\\力·红东"
        assert [one.settled for one in page.records] == [False] * 5 + [True]
        assert page.records[1].overdue

    def test_a_month_without_dues(self, bank: BankPort) -> None:
        page = bank.fetch_dues(bench.line("HC0301.empty.reply"), Period(2025, 11), None)
        assert (page.records, page.next_page, page.total_count) == ((), None, 0)

    def test_one_that_is_being_made_is_not_an_empty_one(self, bank: BankPort) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.fetch_dues(bench.line("HC0301.making.reply"), OCTOBER, None)
        assert not caught.value.final

    @pytest.mark.parametrize(
        "change",
        [{"period": "202509"}, {"pageNo": 2}, {"pages": 2}, {"pages": 0}, {"version": "other"},
         {"pages": True}],
    )  # fmt: skip
    def test_a_page_that_is_not_the_one_asked_for(
        self, bank: BankPort, change: dict[str, object]
    ) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(_said("HC0301", **change), OCTOBER, None)

    def test_the_list_changed_under_way(self, bank: BankPort) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(bench.line("HC0301.reply"), OCTOBER, "1:202510-ffffffff")

    def test_half_the_file_told_truly_is_no_list(self, bank: BankPort) -> None:
        content = bench.raw("HCDUE.dues.txt")
        half = content[: content.index(b"PSBC2019000000003")]
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(bench.told("HC0301", half), OCTOBER, None)


class TestStatement:
    def test_a_closed_day(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("HC0302.reply"), TENTH, None)
        assert (page.closed, page.next_page) == (True, None)
        assert [(one.kind, one.number, one.amount) for one in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 350000),
            (EntryKind.RETURN, NUMBERS[1], 350000),
            (EntryKind.REVERSAL, NUMBERS[2], 352899),
            (EntryKind.OTHER, "", 1500),
        ]
        assert page.entries[3].counter_name == "买买提|艾\\力·红东"

    def test_an_open_day_without_entries(self, bank: BankPort) -> None:
        page = bank.fetch_statement(bench.line("HC0302.open.reply"), date(2025, 10, 13), None)
        assert (page.entries, page.closed) == ((), False)

    @pytest.mark.parametrize(
        "change",
        [{"dayEnd": "true"}, {"dayEnd": None}, {"payAcct": "1"}, {"bookDate": "20251009"},
         {"pageNo": 2}],
    )  # fmt: skip
    def test_a_page_of_another_day_or_account(
        self, bank: BankPort, change: dict[str, object]
    ) -> None:
        with pytest.raises(ReplyUnreadable):
            bank.fetch_statement(_said("HC0302", **change), TENTH, None)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("PS202510100000000002|20251010", "PS202510100000000002|20251009"),
            ("PS202510100000000002|", "|"),
            ("|15.00|", "|十五元|"),
        ],
    )
    def test_an_entry_nobody_can_read_proves_nothing_about_the_others(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        text = bench.raw("HCACC.closed.txt").decode()
        fixed = text.replace("5770.15", "5755.15") if "十五元" in new else text
        line = bench.told("HC0302", fixed.replace(old, new, 1).encode())
        line.answers[0]["body"]["file"]["totalAmt"] = "5755.15" if fixed != text else "5770.15"
        with pytest.raises(ReplyUnreadable, match="statement/rows"):
            bank.fetch_statement(line, TENTH, None)


class TestOthers:
    def test_the_balance_is_what_can_be_used_as_of_the_answer(self, bank: BankPort) -> None:
        found = bank.fetch_balance(bench.line("HC0303.reply"))
        assert (found.account, found.amount) == (bench.ACCOUNT, 7999999999)
        assert found.as_of == bench.NOW
        for change in ({"usable": "1e9"}, {"payAcct": "1"}):
            with pytest.raises(ReplyUnreadable):
                bank.fetch_balance(_said("HC0303", **change))

    def test_a_claim_matches_or_not_or_says_nothing(self, bank: BankPort) -> None:
        assert bank.verify_loan(bench.line("HC0401.reply"), CLAIM).matches
        refused = bank.verify_loan(bench.line("HC0401.refused.reply"), CLAIM)
        assert (refused.matches, refused.code) == (False, "C02")
        for change in ({"checkCode": "C77"}, {"agreementNo": "other"}):
            with pytest.raises(ReplyUnreadable):
                bank.verify_loan(_said("HC0401", **change), CLAIM)

    def test_a_claim_off_the_contract_is_not_sent(self, bank: BankPort) -> None:
        line = bench.line("HC0402.reply")
        with pytest.raises(RequestOffContract):
            bank.register_agreement(line, replace(CLAIM, agreement="Y" * 31))
        with pytest.raises(BadInput):
            bank.register_agreement(line, replace(CLAIM, borrower_name="郑\x00琪"))
        assert line.calls == []

    @pytest.mark.parametrize(
        ("step", "error", "reachable"),
        [("HC0101", LineNotSent("x"), False), ("HC0101", LineUnknown("x"), False),
         ("list.result", LineNotSent("x"), False), ("list.result", FileMissing("x"), True)],
    )  # fmt: skip
    def test_a_probe_needs_both_doors(
        self, bank: BankPort, step: str, error: HubError, reachable: bool
    ) -> None:
        assert bank.probe(bench.line("HC0101.reply")).usable
        line = bench.line("HC0101.reply", refuse={step: error})
        found = bank.probe(line)
        assert (found.reachable, found.usable) == (reachable, False)
