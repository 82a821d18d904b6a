"""What the golden files and messages mean, and what broken ones may not mean."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contracts import BadDocument, load_contract
from hub.crypto import sm3_hex
from hub.kernel.periods import Period
from hub.ports.bank import BankPort, EntryKind, RefusalReason, RowStatus
from hub.ports.line import (
    FileConflict,
    FileMissing,
    LineNotSent,
    PartnerRefused,
    ReplyUnreadable,
)
from tests.adapters.gznx import bench
from tests.adapters.gznx.bench import BATCH, CLAIM, ENTRIES, NUMBERS, RESULT, Played, sample

OCTOBER = Period(2025, 10)
TENTH = date(2025, 10, 10)


def _said(name: str, old: str, new: str) -> Played:
    text = sample(name).decode("gb18030")
    assert old in text
    return Played([bench.framed(text.replace(old, new, 1).encode("gb18030"))])


def _signed(data: bytes) -> bytes:
    """The same file with a digest that agrees."""
    start = data.rindex(b"\nT") + 1
    return data[: start + 27] + sm3_hex(data[:start]).encode() + data[start + 91 :]


class TestResults:
    def test_every_meaning_a_row_can_have(self, bank: BankPort) -> None:
        line = bench.line("GX1020.reply.xml", result="HKJG.result.txt")
        found = bank.fetch_results(line, BATCH)
        assert [one.number for one in found] == NUMBERS
        assert [(one.status, one.amount, one.reason) for one in found] == [
            (RowStatus.DONE, 228414, None),
            (RowStatus.REFUSED, None, RefusalReason.ACCOUNT_CLOSED),
            (RowStatus.PROCESSING, None, None),
            (RowStatus.UNKNOWN, None, None),  # not final by its code
            (RowStatus.UNKNOWN, None, None),
            (RowStatus.UNKNOWN, None, None),  # done, but with no amount
            (RowStatus.UNKNOWN, None, None),  # a state nobody knows
        ]
        assert found[0].bank_serial == "20251010402000000001"
        assert {drift.place for drift in line.drift.drifts} == {"result/detail/STATE"}

    def test_a_file_is_acknowledged_after_it_was_read(self, bank: BankPort) -> None:
        line = bench.line("GX1020.reply.xml", result="HKJG.result.txt")
        bank.fetch_results(line, BATCH)
        assert [call.step for call in line.calls] == ["GX1020", "get.result", "ack.result"]
        assert list(line.files) == [f"out/done/{RESULT}"]

    def test_one_that_was_picked_up_says_the_same_again(self, bank: BankPort) -> None:
        line = bench.line("GX1020.reply.xml", "GX1020.reply.xml", result="HKJG.result.txt")
        assert bank.fetch_results(line, BATCH) == bank.fetch_results(line, BATCH)
        assert [call.step for call in line.calls].count("ack.result") == 1

    def test_another_content_under_its_name_says_nothing(self, bank: BankPort) -> None:
        line = bench.line("GX1020.reply.xml", result="HKJG.result.txt")
        line.refuse["ack.result"] = FileConflict("other")
        with pytest.raises(FileConflict):
            bank.fetch_results(line, BATCH)
        assert any(drift.place == "result/name" for drift in line.drift.drifts)

    def test_one_that_cannot_be_moved_still_counts(self, bank: BankPort) -> None:
        line = bench.line("GX1020.reply.xml", result="HKJG.result.txt")
        line.refuse["ack.result"] = LineNotSent("cut")
        assert len(bank.fetch_results(line, BATCH)) == 7
        assert any(drift.place == "result/ack" for drift in line.drift.drifts)

    def test_one_that_is_late_is_no_result(self, bank: BankPort) -> None:
        with pytest.raises(FileMissing):
            bank.fetch_results(bench.line("GX1020.reply.xml"), BATCH)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (RESULT, f"HKJG_{BATCH}_002.txt"),  # the same file under another name
            (RESULT, f"HKJG_{'9' * 20}_001.txt"),
            (RESULT, "HKWJ_1_1.txt"),
            (RESULT, f"x/{RESULT}"),
            ("<TURN>001", "<TURN>002"),
            (f"<BATCH_NO>{BATCH}", f"<BATCH_NO>{'9' * 20}"),
        ],
    )
    def test_a_name_that_is_not_this_batch_s(self, bank: BankPort, old: str, new: str) -> None:
        line = _said("GX1020.reply.xml", old, new)
        line.files = {f"out/{RESULT}": sample("HKJG.result.txt")}
        with pytest.raises(ReplyUnreadable):
            bank.fetch_results(line, BATCH)
        assert line.drift.drifts

    def test_a_copy_under_the_next_name_is_not_acknowledged(self, bank: BankPort) -> None:
        text = sample("GX1020.reply.xml").decode("gb18030")
        text = text.replace("<TURN>001", "<TURN>002").replace("_001.txt", "_002.txt")
        line = Played([bench.framed(text.encode("gb18030"))])
        name = RESULT.replace("_001", "_002")
        line.files = {f"out/{name}": sample("HKJG.result.txt")}
        with pytest.raises(ReplyUnreadable, match="TURN"):
            bank.fetch_results(line, BATCH)
        assert list(line.files) == [f"out/{name}"]

    def test_a_batch_the_bank_does_not_know_is_empty(self, bank: BankPort) -> None:
        assert bank.fetch_results(bench.line("GX1020.unknown-batch.reply.xml"), BATCH) == ()

    def test_four_numbers_four_answers(self, bank: BankPort) -> None:
        found = bank.inquire(bench.line("GX1030.reply.xml"), NUMBERS[:4])
        assert [one.status for one in found] == [
            RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
        ]  # fmt: skip
        assert found[1].reason is RefusalReason.NAME_MISMATCH

    def test_a_number_left_out_is_unknown_never_not_found(self, bank: BankPort) -> None:
        line = bench.line("GX1030.reply.xml")
        (*_, last) = bank.inquire(line, [*NUMBERS[:3], NUMBERS[6]])
        assert (last.number, last.status) == (NUMBERS[6], RowStatus.UNKNOWN)


class TestNotice:
    @pytest.mark.parametrize(
        ("name", "final"), [("refused-busy", False), ("refused-digest", True),
                            ("refused-system", False)],
    )  # fmt: skip
    def test_only_what_its_table_calls_final_is(
        self, bank: BankPort, name: str, final: bool
    ) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.instruct(bench.line(f"GX1010.{name}.reply.xml"), bench.batch())
        assert caught.value.final is final

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (BATCH, "9" * 20),
            ("<TOTAL_NUM>3<", "<TOTAL_NUM>2<"),
            ("578415", "578416"),
            ("578415", "5784.15"),
            (bench.SERIAL, "9" * 20),
            ("<TX_CODE>GX1010", "<TX_CODE>GX1030"),
            ("GZ5227000001", "GZ5227000002"),
        ],
    )
    def test_the_answer_to_another_batch_is_unknown(
        self, bank: BankPort, old: str, new: str
    ) -> None:
        line = _said("GX1010.reply.xml", old, new)
        with pytest.raises(ReplyUnreadable):
            bank.instruct(line, bench.batch())
        assert line.drift.drifts


class TestDues:
    def test_every_line_as_the_bank_has_it(self, bank: BankPort) -> None:
        line = bench.line("GX2010.reply.xml", dues="YHMX.dues.txt")
        page = bank.fetch_dues(line, OCTOBER, None)
        assert (page.next_page, page.list_version) == (None, "202510-0a1b2c3d")
        assert (page.total_count, page.total_amount) == (7, 228414 + 350000 - 12057 + 100 + 100001)
        assert [(one.amount, one.flaw) for one in page.records] == [
            (228414, ""), (350000, ""), (-12057, "amount"), (None, "amount"), (100, "due_date"),
            (0, ""), (100001, ""),
        ]  # fmt: skip
        assert [one.borrower_name for one in page.records[1:3]] == ["唐𬭩", "欣信丽·红东俊娜"]
        assert page.records[2].borrower_id == " 522729690303083"
        assert (page.records[5].settled, page.records[6].overdue) == (True, True)

    def test_the_bytes_by_hand(self) -> None:
        found = bench.unpacked("YHMX", sample("YHMX.dues.txt"))
        assert found[0] == [
            "GZ5227000001", "202510", "202510-0a1b2c3d", "0001", "0001", "00000007",
            "000000000000666458",
        ]  # fmt: skip
        assert found[3][6] == "-000000000012057"
        assert found[4][6] == "壹佰元"

    def test_an_empty_list_is_no_error(self, bank: BankPort) -> None:
        line = bench.line("GX2010.empty.reply.xml")
        line.files = {"out/YHMX_202511_202511-0_0001.txt": sample("YHMX.empty.txt")}
        page = bank.fetch_dues(line, Period(2025, 11), None)
        assert (page.records, page.next_page, page.total_count) == ((), None, 0)

    def test_a_version_that_is_gone_is_refused(self, bank: BankPort) -> None:
        with pytest.raises(PartnerRefused) as caught:
            bank.fetch_dues(bench.line("GX2010.stale.reply.xml"), OCTOBER, "2:202510-old")
        assert caught.value.partner_code == "E00113"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<PARTS>1", "<PARTS>2"),  # the file says one
            ("<MONTH>202510", "<MONTH>202509"),
            ("202510-0a1b2c3d</VERSION>", "202510-ffffffff</VERSION>"),
        ],
    )
    def test_a_file_that_is_another_than_was_told(self, bank: BankPort, old: str, new: str) -> None:
        line = _said("GX2010.reply.xml", old, new)
        line.files = {f"out/{bench.DUES}": sample("YHMX.dues.txt")}
        with pytest.raises(ReplyUnreadable):
            bank.fetch_dues(line, OCTOBER, None)


class TestStatement:
    def test_a_day_that_is_over(self, bank: BankPort) -> None:
        line = bench.line("GX2020.reply.xml", entries="ZHMX.closed.txt")
        page = bank.fetch_statement(line, TENTH, None)
        assert (page.closed, page.next_page) == (True, None)
        assert [(one.kind, one.number, one.amount) for one in page.entries] == [
            (EntryKind.CREDIT, NUMBERS[0], 228414),
            (EntryKind.CREDIT, NUMBERS[1], 350000),  # its remark in full-width digits
            (EntryKind.RETURN, NUMBERS[1], 350000),
            (EntryKind.REVERSAL, NUMBERS[0], 228414),
            (EntryKind.OTHER, "", 1500),
        ]

    def test_a_day_that_goes_on_without_entries(self, bank: BankPort) -> None:
        line = bench.line("GX2020.open.reply.xml")
        line.files = {"out/ZHMX_20251013_0001_0f1e2d3c4b5a.txt": sample("ZHMX.open.txt")}
        page = bank.fetch_statement(line, date(2025, 10, 13), None)
        assert (page.closed, page.entries) == (False, ())

    def test_the_header_decides_whether_the_day_is_over(self, bank: BankPort) -> None:
        data = sample("ZHMX.closed.txt")
        opened = _signed(data[:61] + b"0" + data[62:])
        line = Played([bench.framed(sample("GX2020.reply.xml"))], {f"out/{ENTRIES}": opened})
        with pytest.raises(ReplyUnreadable, match="DAY_END"):  # the message says otherwise
            bank.fetch_statement(line, TENTH, None)


def test_the_balance_is_the_usable_one(bank: BankPort) -> None:
    found = bank.fetch_balance(bench.line("GX3010.reply.xml"))
    assert (found.account, found.amount) == (bench.ACCOUNT, 5000000000)


def test_a_loan_is_checked(bank: BankPort) -> None:
    assert bank.verify_loan(bench.line("GX4010.reply.xml"), CLAIM).matches
    refused = bank.verify_loan(bench.line("GX4010.refused.reply.xml"), CLAIM)
    assert (refused.matches, refused.code) == (False, "3002")


def _spoil(change: Callable[[bytes], bytes]) -> Played:
    return Played(
        [bench.framed(sample("GX1020.reply.xml"))],
        {f"out/{RESULT}": change(sample("HKJG.result.txt"))},
    )


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda data: data[: len(data) // 2],
    "no trailer": lambda data: data[: data.rindex(b"T0")],
    "empty": lambda _: b"",
    "html": lambda _: b"<html>\r\n<body>\r\n</body>",
    "short": lambda data: _signed(data.replace(b"                    \r\n", b"\r\n", 1)),
    "long": lambda data: _signed(data.replace(b"\r\nD", b" \r\nD", 1)),
    "count": lambda data: data.replace(b"T00000007", b"T00000006"),
    "total": lambda data: data.replace(b"0228414" + data[-66:-2], b"0228415" + data[-66:-2]),
    "digest": lambda data: data[:-3] + (b"0" if data[-3:-2] != b"0" else b"1") + data[-2:],
    "row changed": lambda data: data.replace(b"0000000000228414", b"0000000000228415", 1),
    "row lost": lambda data: b"\r\n".join([*(rows := data.split(b"\r\n"))[:2], *rows[3:]]),
    "row twice": lambda data: b"\r\n".join([*(rows := data.split(b"\r\n"))[:2], *rows[1:]]),
    "after the trailer": lambda data: data + b"D\r\n",
    "cut character": lambda data: _signed(data.replace(b"F01101", b"F0110\xd6", 1)),
    "utf-16": lambda data: data.decode("gb18030").encode("utf-16"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_does_not_agree_with_itself_says_nothing(
    bank: BankPort, change: Callable[[bytes], bytes]
) -> None:
    assert change(sample("HKJG.result.txt")) != sample("HKJG.result.txt")
    line = _spoil(change)
    with pytest.raises(ReplyUnreadable):
        bank.fetch_results(line, BATCH)
    assert [call.step for call in line.calls] == ["GX1020", "get.result"]  # not acknowledged
    assert line.drift.drifts[-1].place == "result"


@pytest.mark.parametrize("end", [b"\n", None])
def test_line_ends_of_either_kind_are_read(bank: BankPort, end: bytes | None) -> None:
    def ended(data: bytes) -> bytes:
        rows = data.split(b"\r\n")[:-1]
        return _signed(
            b"".join(row + (end or (b"\n", b"\r\n")[at % 2]) for at, row in enumerate(rows))
        )

    line = _spoil(ended)
    assert len(bank.fetch_results(line, BATCH)) == 7
    assert ("result/ends" in {one.place for one in line.drift.drifts}) is (end is None)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_no_changed_byte_of_a_file_changes_what_it_says(at: int, byte: int) -> None:
    data = sample("HKJG.result.txt")
    place = at % len(data)
    changed = data[:place] + bytes([byte]) + data[place + 1 :]
    layout = load_contract(bench.FOLDER).layout("result")
    try:
        found = layout.read(changed)
    except BadDocument:
        return
    # The same, a digest in capitals, or a last line without its end.
    assert found.details == layout.read(data).details
    assert found.header == layout.read(data).header
