"""What can be asked of the account and of the book: page by page, in dates of XML Schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mocks.banks.bgz.codec import rows_xml
from mocks.banks.bgz.words import ENTRY_TYPE, LOAN_STATE, direction
from mocks.kit.bank.book import LoanBook
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.said import Refused
from mocks.kit.bank.yuan import yuan
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.storage import Row
from mocks.kit.xml import tags

_STALE = ("HPF0113", "页号或清单版本失效")
_DUE = (
    "loanContractNo", "loanAccount", "repayAccount", "borrowerName", "borrowerId", "dueDate",
    "dueAmount", "duePrincipal", "dueInterest", "loanState", "overdueAmount",
)  # fmt: skip
_AMOUNTS = ("dueAmount", "duePrincipal", "dueInterest", "overdueAmount")


@dataclass(frozen=True, slots=True)
class Page:
    """A body and what the journal keeps of it."""

    out: str
    rows: int
    page: int


class Queries:
    """At most ``page_rows`` rows at once; the caller may want fewer."""

    def __init__(self, book: LoanBook, ledger: Ledger, clock: MockClock, page_rows: int) -> None:
        self._book = book
        self._ledger = ledger
        self._clock = clock
        self._limit = page_rows

    def entries(self, account: str, day: date, page: int, size: int, hits: Hits) -> Page:
        """QueryStatement: one day's entries; closed once the day is over."""
        if day > self._clock.today():
            raise Refused("HPF0110", "日期在将来")
        compact = f"{day:%Y%m%d}"
        every, size = self._ledger.count(compact), self._size(size)
        pages = self._pages(page, size, every)
        rows = self._ledger.nth(compact, (page - 1) * size, size)
        head = (
            ("account", account), ("bookDate", day.isoformat()),
            ("dayClosed", "true" if day < self._clock.today() else "false"),
            ("pageNo", str(page)), ("pageCount", str(pages)), ("totalCount", str(every)),
            ("itemCount", str(len(rows) + bool(hits.first("wrong_total")))),
        )  # fmt: skip
        return Page(tags(head) + "".join(_entry(row, hits) for row in rows), len(rows), page)

    def dues(self, month: str, version: str, page: int, size: int, hits: Hits) -> Page:
        """QueryDues: the month's list; another version than today's is gone."""
        whole, size = self._book.due_list(month), self._size(size)
        if version not in ("", whole.version):
            raise Refused(*_STALE)
        pages = self._pages(page, size, whole.rows)
        rows = self._book.nth_due(month, (page - 1) * size, size)
        off = hits.first("wrong_total")
        total = whole.fen + (0 if off is None else int(off.parameters.get("fen", 100)))
        head = (
            ("period", month), ("listVersion", whole.version), ("pageNo", str(page)),
            ("pageCount", str(pages)), ("totalCount", str(whole.rows)),
            ("totalAmount", yuan(str(total))), ("itemCount", str(len(rows))),
        )  # fmt: skip
        return Page(tags(head) + "".join(_due(row[1:], hits) for row in rows), len(rows), page)

    def _size(self, wanted: int) -> int:
        if wanted < 1:
            raise Refused("HPF0110", "每页至少一行")
        return min(wanted, self._limit)

    @staticmethod
    def _pages(page: int, size: int, every: int) -> int:
        pages = -(-every // size)
        if not 1 <= page <= max(pages, 1):
            raise Refused(*_STALE)
        return pages


def _due(row: Sequence[str], hits: Hits) -> str:
    fields = dict(zip(_DUE, row, strict=True))
    fields["dueDate"] = _dashed(fields["dueDate"])
    fields["loanState"] = LOAN_STATE.get(fields["loanState"], "X")
    for name in _AMOUNTS:
        fields[name] = yuan(fields[name])
    return _row(fields, hits)


def _entry(row: Row, hits: Hits) -> str:
    _, day, clock, kind, side, fen, *_, account, name, postscript, _, _, serial = row
    at = datetime.strptime(day + clock, "%Y%m%d%H%M%S")  # noqa: DTZ007
    fields = {
        "bankSerial": serial, "bookedAt": f"{at:%Y-%m-%dT%H:%M:%S}+08:00",
        "direction": direction(side), "amount": yuan(str(fen)), "entryType": ENTRY_TYPE[kind],
        "counterAccount": account, "counterName": name, "postscript": postscript,
    }  # fmt: skip
    return _row(fields, hits)


def _row(fields: dict[str, str], hits: Hits) -> str:
    """One row, as rules on rows change it: ``answer`` replaces fields, ``lost``, ``twice``."""
    times = 1
    if hits.any_rows:
        for rule in hits.on_row(fields):
            fields |= {k: str(v) for k, v in rule.answer.items() if k in fields}
            times = {"lost": 0, "twice": 2}.get(rule.fault, times)
    return rows_xml(fields, times)


def _dashed(day: str) -> str:
    """yyyyMMdd as xs:date writes it; what is no such thing goes out as it stands."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 and day.isdigit() else day
