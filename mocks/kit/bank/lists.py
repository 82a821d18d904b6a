"""Parts of the due list and of the account's entries, as wires in yuan tell them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from mocks.kit.bank.book import DUE_FIELDS, DueList
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import Codes
from mocks.kit.bank.said import Refused
from mocks.kit.bank.yuan import yuan
from mocks.kit.faults import Hits
from mocks.kit.storage import Row

_AMOUNTS = ("DQYHJE", "DQYHBJ", "DQYHLX", "YQJE")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the account; ``day`` yyyyMMdd, ``clock`` HHmmss, ``amount`` in yuan."""

    serial: str
    day: str
    clock: str
    kind: str
    side: str
    amount: str
    account: str
    name: str
    postscript: str


class Lists:
    """At most ``page_rows`` rows at once; Refused with the bank's codes."""

    def __init__(self, books: Books, codes: Codes) -> None:
        self._books = books
        self._codes = codes
        self._limit = books.contract.limit("page_rows")

    def day(self, text: str) -> date:
        """A day up to today."""
        try:
            found = datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
        except ValueError as error:
            raise Refused(self._codes.off_format, "日期不对") from error
        if found > self._books.clock.today():
            raise Refused(self._codes.off_format, "日期在将来")
        return found

    def over(self, day: date) -> bool:
        """Whether a day is over at this bank."""
        return day < self._books.clock.today()

    def pages(self, count: int, page: int) -> int:
        """How many pages ``count`` rows make; Refused for a page beyond them."""
        pages = -(-count // self._limit)
        if not 1 <= page <= max(pages, 1):
            raise Refused(self._codes.stale, "页号或清单版本失效")
        return pages

    def skipped(self, first: int, count: int) -> int:
        """How many rows stand before the ``first`` (from 1); Refused for one beyond ``count``."""
        if first < 1 or first > max(count, 1):
            raise Refused(self._codes.stale, "起始条数或清单版本失效")
        return first - 1

    def on_page(self, page: int) -> int:
        """How many rows stand before a page."""
        return (page - 1) * self._limit

    def due_list(self, month: str, version: str) -> DueList:
        """The month's list; another version than today's is gone: Refused."""
        whole = self._books.loans.due_list(month)
        if version not in ("", whole.version):
            raise Refused(self._codes.stale, "清单版本失效")
        return whole

    def dues(self, month: str, skip: int, wanted: int | None = None) -> list[dict[str, str]]:
        """Rows of a month's list by their standard names, amounts in yuan."""
        rows = self._books.loans.nth_due(month, skip, self._most(wanted))
        return [_due(row) for row in rows]

    def entries(self, day: str, skip: int, wanted: int | None = None) -> list[Entry]:
        """A day's entries (yyyyMMdd)."""
        return [_entry(row) for row in self._books.ledger.nth(day, skip, self._most(wanted))]

    def _most(self, wanted: int | None) -> int:
        return self._limit if wanted is None else min(wanted, self._limit)


def bent(fields: dict[str, str], hits: Hits) -> Iterable[dict[str, str]]:
    """A row as rules on rows change it: ``answer`` replaces fields, ``lost`` none, ``twice``."""
    times = 1
    if hits.any_rows:
        for rule in hits.on_row(fields):
            fields |= {k: str(v) for k, v in rule.answer.items() if k in fields}
            times = {"lost": 0, "twice": 2}.get(rule.fault, times)
    return [fields] * times


def _due(row: Row) -> dict[str, str]:
    fields = dict(zip(DUE_FIELDS, row[1:], strict=True))
    return fields | {name: yuan(fields[name]) for name in _AMOUNTS}


def _entry(row: Row) -> Entry:
    _, day, clock, kind, side, fen, *_, account, name, postscript, _, _, serial = row
    return Entry(serial, day, clock, kind, side, yuan(str(fen)), account, name, postscript)
