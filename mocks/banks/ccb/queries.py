"""What can be asked of the account and of the book, by page number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mocks.banks.ccb.words import BUSI, flag
from mocks.kit.bank.book import DUE_FIELDS, LoanBook
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.said import Refused
from mocks.kit.bank.yuan import yuan
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.storage import Row
from mocks.kit.xml import tags

_STALE = ("YDH90113", "页号或清单版本失效")


@dataclass(frozen=True, slots=True)
class Page:
    """A TX_INFO and what the journal keeps of it."""

    out: str
    rows: int
    page: int
    pages: int


class Queries:
    """Pages of ``page_rows``; a page number beyond the last is refused."""

    def __init__(self, book: LoanBook, ledger: Ledger, clock: MockClock, page_rows: int) -> None:
        self._book = book
        self._ledger = ledger
        self._clock = clock
        self._limit = page_rows

    def entries(self, account: str, day_text: str, page: int, hits: Hits) -> Page:
        """6W0300: one day's entries; DAY_END once the day is over."""
        day = _day(day_text)
        if day > self._clock.today():
            raise Refused("YDH90110", "日期在将来")
        pages = self._pages(self._ledger.count(day_text), page)
        rows = self._ledger.nth(day_text, (page - 1) * self._limit, self._limit)
        head = (
            ("ACC_NO", account), ("DATE", day_text),
            ("DAY_END", "1" if day < self._clock.today() else "0"),
            ("PAGE", str(page)), ("PAGES", str(pages)),
            ("TOTAL_NUM", str(len(rows) + (1 if hits.first("wrong_total") else 0))),
        )  # fmt: skip
        return Page(tags(head) + "".join(_entry(row, hits) for row in rows), len(rows), page, pages)

    def dues(self, month: str, version: str, page: int, hits: Hits) -> Page:
        """6WD901: the month's list; another version than today's is gone."""
        whole = self._book.due_list(month)
        if version not in ("", whole.version):
            raise Refused(*_STALE)
        pages = self._pages(whole.rows, page)
        rows = self._book.nth_due(month, (page - 1) * self._limit, self._limit)
        off = hits.first("wrong_total")
        total = whole.fen + (0 if off is None else int(off.parameters.get("fen", 100)))
        head = (
            ("MONTH", month), ("VERSION", whole.version), ("PAGE", str(page)),
            ("PAGES", str(pages)), ("TOTAL_NUM", str(whole.rows)), ("TOTAL_AMT", yuan(str(total))),
        )  # fmt: skip
        return Page(
            tags(head) + "".join(_due(row[1:], hits) for row in rows), len(rows), page, pages
        )

    def _pages(self, count: int, page: int) -> int:
        pages = -(-count // self._limit)
        if not 1 <= page <= max(pages, 1):
            raise Refused(*_STALE)
        return pages


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise Refused("YDH90110", "日期不对") from error


def _due(row: Sequence[str], hits: Hits) -> str:
    fields = dict(zip(DUE_FIELDS, row, strict=True))
    fields = {"LOAN_NO": fields.pop("JKHTBH"), **fields}
    for name in ("DQYHJE", "DQYHBJ", "DQYHLX", "YQJE"):
        fields[name] = yuan(fields[name])
    return _list(fields, hits)


def _entry(row: Row, hits: Hits) -> str:
    _, day, clock, kind, side, fen, *_, account, name, postscript, _, _, serial = row
    fields = {
        "FLOW_NO": serial, "DATE": day, "TIME": clock, "FLAG": flag(side),
        "AMOUNT": yuan(str(fen)), "BUSI": BUSI[kind], "OTHER_ACC": account, "OTHER_NAME": name,
        "REMARK": postscript,
    }  # fmt: skip
    return _list(fields, hits)


def _list(fields: dict[str, str], hits: Hits) -> str:
    """One row, as rules on rows change it: ``answer`` replaces fields, ``lost``, ``twice``."""
    times = 1
    if hits.any_rows:
        for rule in hits.on_row(fields):
            fields |= {k: str(v) for k, v in rule.answer.items() if k in fields}
            times = {"lost": 0, "twice": 2}.get(rule.fault, times)
    return f"<LIST>{tags(fields.items())}</LIST>" * times
