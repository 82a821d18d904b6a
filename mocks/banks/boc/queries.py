"""What can be asked of the account and of the book: from the n-th row, so many rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mocks.banks.boc.words import TRNTYP, direct
from mocks.kit.bank.book import DUE_FIELDS, LoanBook
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.said import Refused
from mocks.kit.bank.yuan import yuan
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.storage import Row
from mocks.kit.xml import tags

_STALE = ("B113", "起始条数或清单版本失效")


@dataclass(frozen=True, slots=True)
class Part:
    """A body and what the journal keeps of it."""

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
        """b2e0035: one day's entries; closed once the day is over."""
        day = _day(day_text)
        if day > self._clock.today():
            raise Refused("B110", "日期在将来")
        every = self._ledger.count(day_text)
        rows = self._ledger.nth(day_text, self._skip(first, every), min(wanted, self._limit))
        head = (
            ("actacn", account), ("trndat", day_text),
            ("closed", "Y" if day < self._clock.today() else "N"),
            ("begnum", str(first)), ("recnum", str(len(rows) + bool(hits.first("wrong_total")))),
            ("notenum", str(every)),
        )  # fmt: skip
        return Part(tags(head) + "".join(_entry(row, hits) for row in rows), len(rows), first)

    def dues(self, month: str, version: str, first: int, wanted: int, hits: Hits) -> Part:
        """b2e9001: the month's list; another version than today's is gone."""
        whole = self._book.due_list(month)
        if version not in ("", whole.version):
            raise Refused(*_STALE)
        skip = self._skip(first, whole.rows)
        rows = self._book.nth_due(month, skip, min(wanted, self._limit))
        off = hits.first("wrong_total")
        total = whole.fen + (0 if off is None else int(off.parameters.get("fen", 100)))
        head = (
            ("period", month), ("listver", whole.version), ("begnum", str(first)),
            ("recnum", str(len(rows))), ("notenum", str(whole.rows)),
            ("totamt", yuan(str(total))),
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
        raise Refused("B110", "日期不对") from error


def _due(row: Sequence[str], hits: Hits) -> str:
    known = dict(zip(DUE_FIELDS, row, strict=True))
    fields = {"loanno": known.pop("JKHTBH")} | {name.lower(): v for name, v in known.items()}
    for name in ("dqyhje", "dqyhbj", "dqyhlx", "yqje"):
        fields[name] = yuan(fields[name])
    return _detail(fields, hits)


def _entry(row: Row, hits: Hits) -> str:
    _, day, clock, kind, side, fen, *_, account, name, postscript, _, _, serial = row
    fields = {
        "obssid": serial, "trndat": day, "trntim": clock, "direct": direct(side),
        "trnamt": yuan(str(fen)), "trntyp": TRNTYP[kind], "toactn": account, "toname": name,
        "furinfo": postscript,
    }  # fmt: skip
    return _detail(fields, hits)


def _detail(fields: dict[str, str], hits: Hits) -> str:
    """One row, as rules on rows change it: ``answer`` replaces fields, ``lost``, ``twice``."""
    times = 1
    if hits.any_rows:
        for rule in hits.on_row(fields):
            fields |= {k: str(v) for k, v in rule.answer.items() if k in fields}
            times = {"lost": 0, "twice": 2}.get(rule.fault, times)
    return f"<detail>{tags(fields.items())}</detail>" * times
