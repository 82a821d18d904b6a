"""What can be asked of the account and of the book: balance, entries, due lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mocks.banks.icbc.words import BUS_TYPE, side
from mocks.kit.bank.book import DUE_FIELDS, LoanBook
from mocks.kit.bank.ledger import OUT, Ledger
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.storage import Row
from mocks.kit.xml import tags

_ENTRY_TAG = re.compile(r"(\d{8})-(\d{8})-(\d{8})-(\d+)")
_DUE_TAG = re.compile(r"(\w+-\w+)\.(\d+)")


class QueryRefused(Exception):
    """Refused with a RetCode (the argument)."""


@dataclass(frozen=True, slots=True)
class Page:
    """An ``out`` and what the journal keeps of it."""

    out: str
    rows: int
    next_tag: str


class Queries:
    """Pages of at most ``page_rows``, continued by NextTag."""

    def __init__(self, book: LoanBook, ledger: Ledger, clock: MockClock, page_rows: int) -> None:
        self._book = book
        self._ledger = ledger
        self._clock = clock
        self._limit = page_rows

    def today(self, account: tuple[str, str], tag: str, hits: Hits) -> Page:
        """QPD: today's entries; the day is open, more may follow."""
        day = self._clock.today()
        return self._entries(account, (day, day), tag, hits, open_day=True)

    def history(
        self, account: tuple[str, str], days: tuple[str, str], tag: str, hits: Hits
    ) -> Page:
        """QHISD: entries of closed days (before today), first to last."""
        try:
            first, last = (datetime.strptime(day, "%Y%m%d").date() for day in days)  # noqa: DTZ007
        except ValueError as error:
            raise QueryRefused("B0110") from error
        if first > last:
            raise QueryRefused("B0110")
        if last >= self._clock.today():
            raise QueryRefused("B0114")
        return self._entries(account, (first, last), tag, hits, open_day=False)

    def dues(self, month: str, tag: str, hits: Hits) -> Page:
        """QDKDUE: the month's list; a tag of another version has expired."""
        whole = self._book.due_list(month)
        after = 0
        if tag:
            found = _DUE_TAG.fullmatch(tag)
            if found is None or found[1] != whole.version:
                raise QueryRefused("B0113")
            after = int(found[2])
        limit = self._rows(hits)
        rows = self._book.due_rows(month, after, limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        next_tag = f"{whole.version}.{rows[-1][0]}" if more else ""
        off = _off(hits)
        head = (
            ("Month", month), ("ListVersion", whole.version), ("TotalNum", str(whole.rows)),
            ("TotalAmt", str(whole.fen + off)), ("NextTag", next_tag),
        )  # fmt: skip
        body = "".join(_due(row[1:], hits) for row in rows)
        return Page(tags(head) + body, len(rows), next_tag)

    def _entries(
        self,
        account: tuple[str, str],
        days: tuple[date, date],
        tag: str,
        hits: Hits,
        *,
        open_day: bool,
    ) -> Page:
        first, last = (day.strftime("%Y%m%d") for day in days)
        after = ("", 0)
        if tag:
            found = _ENTRY_TAG.fullmatch(tag)
            if found is None or (found[1], found[2]) != (first, last):
                raise QueryRefused("B0113")
            after = (found[3], int(found[4]))
        limit = self._rows(hits)
        rows = self._ledger.page(first, last, after, limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        next_tag = f"{first}-{last}-{rows[-1][1]}-{rows[-1][0]}" if more else ""
        head = (
            ("AccNo", account[0]), ("AccName", account[1]), ("NextTag", next_tag),
            ("TotalNum", str(len(rows) + (1 if _off(hits) else 0))),
        )  # fmt: skip
        body = "".join(_entry(row, hits, open_day=open_day) for row in rows)
        return Page(tags(head) + body, len(rows), next_tag)

    def _rows(self, hits: Hits) -> int:
        """Most rows of this page: a bank may always give fewer than it could."""
        rule = hits.first("small_pages")
        return self._limit if rule is None else int(rule.parameters.get("rows", 40))


def balance_out(account: str, fen: int, moment: datetime, asked: str) -> str:
    """The ``out`` of QACCBAL; all of the balance is usable."""
    row = (
        ("iSeqno", asked), ("AccNo", account), ("CurrType", "001"), ("Balance", str(fen)),
        ("UsableBalance", str(fen)), ("QueryTime", moment.strftime("%Y%m%d%H%M%S")),
        ("iRetCode", "0"), ("iRetMsg", ""),
    )  # fmt: skip
    return f"<TotalNum>1</TotalNum><rd>{tags(row)}</rd>"


def _off(hits: Hits) -> int:
    rule = hits.first("wrong_total")
    return 0 if rule is None else int(rule.parameters.get("fen", 100))


def _due(row: Sequence[str], hits: Hits) -> str:
    fields = dict(zip(DUE_FIELDS, row, strict=True))
    return _rd(fields, hits)


def _rd(fields: dict[str, str], hits: Hits) -> str:
    """One row, as rules on rows change it: ``answer`` replaces fields, ``lost``, ``twice``."""
    times = 1
    if hits.any_rows:
        for rule in hits.on_row(fields):
            fields |= {k: str(v) for k, v in rule.answer.items() if k in fields}
            times = {"lost": 0, "twice": 2}.get(rule.fault, times)
    return f"<rd>{tags(fields.items())}</rd>" * times


def _entry(row: Row, hits: Hits, *, open_day: bool) -> str:
    _, day, clock, kind, way, fen, *_, account, name, postscript, summary, use, serial = row
    amount = str(fen)
    if open_day:
        money = {"Amount": amount}
    else:
        out = way == OUT
        money = {"DebitAmount": amount if out else "", "CreditAmount": "" if out else amount}
    fields = {
        "Drcrf": side(way), **money, "RecipAccNo": account, "RecipName": name, "Summary": summary,
        "UseCN": use, "PostScript": postscript, "BusType": BUS_TYPE[kind], "OnlySequence": serial,
        "Date": day, "Time": clock,
    }  # fmt: skip
    return _rd(fields, hits)
