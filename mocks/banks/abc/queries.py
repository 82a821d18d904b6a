"""What can be asked of the account and of the book: from the n-th row, so many rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mocks.banks.abc.words import TR_TYPE, side_code
from mocks.kit.bank.book import DUE_FIELDS, LoanBook
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.said import Refused
from mocks.kit.bank.yuan import yuan
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.storage import Row
from mocks.kit.xml import tags

_STALE = ("1013", "起始条数或清单版本失效")


@dataclass(frozen=True, slots=True)
class Part:
    """A Cmp and what the journal keeps of it."""

    out: str
    rows: int
    first: int


class Queries:
    """At most ``page_rows`` rows at once."""

    def __init__(self, book: LoanBook, ledger: Ledger, clock: MockClock, page_rows: int) -> None:
        self._book = book
        self._ledger = ledger
        self._clock = clock
        self._limit = page_rows

    def entries(self, account: str, day_text: str, first: int, wanted: int, hits: Hits) -> Part:
        """CQRA10: one day's entries; DayEnd once the day is over."""
        day = _day(day_text)
        if day > self._clock.today():
            raise Refused("1010", "日期在将来")
        every = self._ledger.count(day_text)
        rows = self._ledger.nth(day_text, self._skip(first, every), min(wanted, self._limit))
        head = (
            ("AccNo", account), ("TrDate", day_text),
            ("DayEnd", "1" if day < self._clock.today() else "0"),
            ("StartNo", str(first)), ("RecNum", str(len(rows) + bool(hits.first("wrong_total")))),
            ("TotalNum", str(every)),
        )  # fmt: skip
        return Part(tags(head) + "".join(_entry(row, hits) for row in rows), len(rows), first)

    def dues(self, month: str, version: str, first: int, wanted: int, hits: Hits) -> Part:
        """DCQR01: the month's list; another version than today's is gone."""
        whole = self._book.due_list(month)
        if version not in ("", whole.version):
            raise Refused(*_STALE)
        rows = self._book.nth_due(month, self._skip(first, whole.rows), min(wanted, self._limit))
        off = hits.first("wrong_total")
        total = whole.fen + (0 if off is None else int(off.parameters.get("fen", 100)))
        head = (
            ("Period", month), ("ListVer", whole.version), ("StartNo", str(first)),
            ("RecNum", str(len(rows))), ("TotalNum", str(whole.rows)),
            ("TotalAmt", yuan(str(total))),
        )  # fmt: skip
        return Part(tags(head) + "".join(_due(row[1:], hits) for row in rows), len(rows), first)

    def _skip(self, first: int, every: int) -> int:
        if first < 1 or first > max(every, 1):
            raise Refused(*_STALE)
        return first - 1


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise Refused("1010", "日期不对") from error


def _due(row: Sequence[str], hits: Hits) -> str:
    fields = dict(zip(DUE_FIELDS, row, strict=True))
    fields = {"LoanNo": fields.pop("JKHTBH"), **fields}
    for name in ("DQYHJE", "DQYHBJ", "DQYHLX", "YQJE"):
        fields[name] = yuan(fields[name])
    return _row(fields, hits)


def _entry(row: Row, hits: Hits) -> str:
    _, day, clock, kind, side, fen, *_, account, name, postscript, _, _, serial = row
    fields = {
        "TransNo": serial, "TrDate": day, "TrTime": clock, "DrCr": side_code(side),
        "Amt": yuan(str(fen)), "TrType": TR_TYPE[kind], "OppAccNo": account, "OppAccName": name,
        "Postscript": postscript,
    }  # fmt: skip
    return _row(fields, hits)


def _row(fields: dict[str, str], hits: Hits) -> str:
    """One row, as rules on rows change it: ``answer`` replaces fields, ``lost``, ``twice``."""
    times = 1
    if hits.any_rows:
        for rule in hits.on_row(fields):
            fields |= {k: str(v) for k, v in rule.answer.items() if k in fields}
            times = {"lost": 0, "twice": 2}.get(rule.fault, times)
    return f"<Row>{tags(fields.items())}</Row>" * times
