"""The month's book and the day's end: they say what bank and core hold, and what is in the way."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from hub.offset.day_end import BankDay, read_day_end
from hub.offset.month_book import MonthBook, OpenEntry, OpenSide, read_month_book
from hub.web.books import Imprint, balance_report, month_report
from hub.web.workbook import Sheet, Strong, Yuan, write_workbook
from tests.offset.kit import Centre, Person
from tests.offset.test_reconcile import FOREIGN, paid, read

FEN = 100_000
MADE = datetime(2025, 10, 31, 17, 30, tzinfo=UTC)
IMPRINT = Imprint("test", MADE, {"ICBC": "工商银行", "CCB": "建设银行"})


def book_of(centre: Centre) -> MonthBook:
    with centre.store.read() as view:
        return read_month_book(view, centre.run_id)


def day_of(centre: Centre) -> dict[str, BankDay]:
    with centre.store.read() as view:
        found = read_day_end(view, centre.office, centre.clock.today())
    return {each.bank: each for each in found}


def sheets_of(body: bytes) -> dict[str, list[list[object]]]:
    read = CalamineWorkbook.from_filelike(BytesIO(body))
    return {name: read.get_sheet_by_name(name).to_python() for name in read.sheet_names}


def test_a_closed_month_agrees_to_the_fen(centre: Centre) -> None:
    centre.add(*(Person(f"A{n}", due=FEN + n) for n in range(4)))
    centre.icbc.minds = {"LA3": "refuse"}
    centre.finish()
    book = book_of(centre)
    assert book.state == "closed"
    (icbc,) = book.reconciliations
    assert (icbc.at_bank, icbc.in_books, icbc.open_entries) == (3 * FEN + 3, 3 * FEN + 3, ())
    assert book.outcomes["ICBC", "FAILED", "account_closed"].fen == FEN + 3
    assert all(one.balanced for one in book.equations)
    assert sum(f.count for f in book.outcomes.values()) == 4


def test_what_one_ledger_lacks_stands_open_on_the_other(centre: Centre) -> None:
    paid(centre)
    centre.icbc.book(FOREIGN, 77)
    lost = centre.number("A1")
    centre.core.booked = [p for p in centre.core.booked if p.number != lost]
    centre.core.post("25100000000000000098", "52A1", 55)
    read(centre)
    (one,) = book_of(centre).reconciliations
    assert set(one.open_entries) == {
        OpenEntry(OpenSide.BANK_PAID, FOREIGN, 77),
        OpenEntry(OpenSide.BANK_PAID, lost, FEN),
        OpenEntry(OpenSide.CENTRE_BOOKED, "25100000000000000098", 55),
    }
    assert one.bank_adjusted == one.books_adjusted == 3 * FEN + 77 + 55
    assert {d.kind for d in book_of(centre).differences} >= {"unknown_instruction", "core_only"}


def test_the_sheets_hold_exactly_the_book(quick: Centre) -> None:
    quick.add(*(Person(f"A{n}", due=FEN + n) for n in range(3)))
    quick.finish()
    book = book_of(quick)
    sheets = sheets_of(month_report(book, IMPRINT))
    assert list(sheets) == ["分行汇总", "控制等式", "结果分布", "对账差异", "关账后的调整"]
    header, bank, whole = sheets["分行汇总"][3:6]
    assert (bank[0], whole[0]) == ("工商银行", "合计")
    assert bank[header.index("协议 笔数")] == 3
    assert whole[header.index("银行入账 金额（元）")] == pytest.approx(3000.03, abs=0)
    assert [row[0] for row in sheets["控制等式"][4:12]] == [f"E{n}" for n in range(8)]
    (sheet,) = sheets_of(balance_report(book, IMPRINT)).values()
    assert sheet[0][0] == "2025-10 期 工商银行 余额调节表"
    said = {row[0]: row[1] for row in sheet if row[0]}
    assert (
        said["划款净额（入账减退票、冲正）"] == said["调节后余额"] == pytest.approx(3000.03, abs=0)
    )
    assert said["差额"] == 0
    assert month_report(book, IMPRINT) == month_report(book, IMPRINT)


def test_texts_stay_texts_and_amounts_exact() -> None:
    rows = [["=1+1", "00123", Yuan(99_999_999_999_99), 7], [Strong("@sum"), "-3", Yuan(-1), None]]
    body = write_workbook(
        [Sheet("表", "标题", ("注",), ("a", "b", "c", "d"), rows, (9,))], made=MADE
    )
    (sheet,) = sheets_of(body).values()
    assert sheet[4][:4] == ["=1+1", "00123", 99_999_999_999.99, 7]
    assert sheet[5][:3] == ["@sum", "-3", -0.01]


def test_a_day_is_clear_only_when_nothing_is_in_the_way(centre: Centre) -> None:
    centre.add(*(Person(f"A{n}") for n in range(3)))
    centre.icbc.minds = {"LA1": "never"}
    centre.open()
    centre.planned()
    centre.approve()
    centre.cut()
    assert "between" in {o.code for o in day_of(centre)["ICBC"].obstacles}
    moving = {"planned", "held", "succeeded", "failed"}
    centre.until(lambda: not moving & {s for s, _, _ in centre.items().values()})
    seen = {o.code: o.figure for o in day_of(centre)["ICBC"].obstacles}
    assert seen["statement_unread"].count == 0
    assert (seen["unknown"].count, seen["unknown"].fen) == (1, FEN)
    day = centre.clock.today()
    centre.next_day()
    centre.until(centre.closed)
    with centre.store.read() as view:
        (ended,) = read_day_end(view, centre.office, day)
    assert (ended.instructed.fen, ended.credited.fen) == (3 * FEN, 2 * FEN)
    assert ended.clear
    assert day_of(centre) == {}


def test_a_stopped_channel_and_a_difference_are_in_the_way(centre: Centre) -> None:
    paid(centre)
    centre.icbc.book(FOREIGN, 77)
    read(centre)
    with centre.store.write() as tx:
        centre.bus.stop(tx, "bank-icbc", actor="王静", reason="切换")
    codes = {o.code: o for o in day_of(centre)["ICBC"].obstacles}
    assert codes["difference"].figure.fen == 77
    assert codes["stopped"].what == "王静"
