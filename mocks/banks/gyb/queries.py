"""What can be asked of the account and of the book, by page number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mocks.banks.gyb.words import BIZ_TYPE, direction
from mocks.kit.bank.book import DUE_FIELDS, LoanBook
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.said import Refused
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.storage import Row

_DUE = (
    "loanNo", "loanAccount", "repayAccount", "borrowerName", "borrowerId", "dueDate", "dueAmount",
    "duePrincipal", "dueInterest", "loanState", "overdueAmount",
)  # fmt: skip
"""DUE_FIELDS as this wire calls them."""
_STALE = ("E113", "页号或清单版本失效")


@dataclass(frozen=True, slots=True)
class Page:
    """A document's part and what the journal keeps of it."""

    out: dict[str, Any]
    rows: int


class Queries:
    """Pages of ``page_rows``; a page number beyond the last is refused."""

    def __init__(self, book: LoanBook, ledger: Ledger, clock: MockClock, page_rows: int) -> None:
        self._book = book
        self._ledger = ledger
        self._clock = clock
        self._limit = page_rows

    def entries(self, account: str, day_text: str, page: int, hits: Hits) -> Page:
        """hc.statement.query: one day's entries; dayEnd once the day is over."""
        day = _day(day_text)
        if day > self._clock.today():
            raise Refused("E110", "日期在将来")
        pages = self._pages(self._ledger.count(day_text), page)
        rows = self._ledger.nth(day_text, (page - 1) * self._limit, self._limit)
        out = {
            "account": account, "date": day_text, "pageNo": page, "pages": pages,
            "count": len(rows) + bool(hits.first("wrong_total")),
            "dayEnd": day < self._clock.today(),
            "rows": [one for row in rows for one in _bent(_entry(row), hits)],
        }  # fmt: skip
        return Page(out, len(rows))

    def dues(self, month: str, version: str, page: int, hits: Hits) -> Page:
        """hc.due.query: the month's list; another version than today's is gone."""
        whole = self._book.due_list(month)
        if version not in ("", whole.version):
            raise Refused(*_STALE)
        pages = self._pages(whole.rows, page)
        rows = self._book.nth_due(month, (page - 1) * self._limit, self._limit)
        off = hits.first("wrong_total")
        total = whole.fen + (0 if off is None else int(off.parameters.get("fen", 100)))
        out = {
            "month": month, "version": whole.version, "pageNo": page, "pages": pages,
            "totalCount": whole.rows, "totalAmount": str(total),
            "rows": [one for row in rows for one in _bent(_due(row[1:]), hits)],
        }  # fmt: skip
        return Page(out, len(rows))

    def _pages(self, every: int, page: int) -> int:
        pages = -(-every // self._limit)
        if page < 1 or page > max(pages, 1):
            raise Refused(*_STALE)
        return pages


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise Refused("E110", "日期不对") from error


def _due(row: Sequence[str]) -> dict[str, str]:
    return dict(zip(_DUE, row[: len(DUE_FIELDS)], strict=True))


def _entry(row: Row) -> dict[str, str]:
    _, day, clock, kind, side, fen, *_, account, name, postscript, _, _, serial = row
    return {
        "bankSerial": serial, "date": day, "time": clock, "direction": direction(side),
        "amount": str(fen), "bizType": BIZ_TYPE[kind], "counterAccount": account,
        "counterName": name, "remark": postscript,
    }  # fmt: skip


def _bent(fields: dict[str, str], hits: Hits) -> list[dict[str, str]]:
    """One row, as rules on rows change it: ``answer`` replaces fields, ``lost``, ``twice``."""
    times = 1
    if hits.any_rows:
        for rule in hits.on_row(fields):
            fields |= {k: str(v) for k, v in rule.answer.items() if k in fields}
            times = {"lost": 0, "twice": 2}.get(rule.fault, times)
    return [fields] * times
