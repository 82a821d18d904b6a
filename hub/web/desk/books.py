"""Workbooks of a run, as people take them away: each taking is in the audit with its digest."""

from hub import audit
from hub.app.hub import Hub
from hub.kernel.clocks import from_us
from hub.kernel.errors import NotFound
from hub.kernel.periods import Period
from hub.offset import runs
from hub.offset.month_book import MonthBook, read_month_book
from hub.web.books import BOOKS, Imprint, write_book
from hub.web.words import Language


class NoSuchBook(NotFound):
    """There is no workbook of this name."""

    code = "web.no_such_book"
    hint = "Workbooks: month (月报), balance (余额调节表)."


def make(hub: Hub, period: Period, name: str, language: Language = "zh") -> bytes:
    """One workbook; of a closed run without later adjustments it is always the same bytes.

    Raises NoSuchRun, NoSuchBook.
    """
    with hub.store.read() as view:
        book = read_month_book(view, int(runs.find_run(view, period).id))
    for known in BOOKS:
        if known == name:
            made = write_book(known, book, _imprint(hub, book, language))
            break
    else:
        raise NoSuchBook(f"there is no workbook {name[:20]!r}")
    with hub.store.write() as tx:
        audit.record(
            tx, act="book.made", actor="hub", subject=f"{period} {name}",
            detail={"sm3": audit.digest(made).hex(), "language": language, "state": book.state},
            count=len(book.totals),
        )  # fmt: skip
    return made


def _imprint(hub: Hub, book: MonthBook, language: Language) -> Imprint:
    closed = book.closed_us if not book.adjustments else None
    return Imprint(
        environment=hub.settings.environment,
        made=from_us(closed if closed is not None else hub.office.now_us()),
        bank_names={seat.code: seat.name for seat in hub.office.banks.values()},
        language=language,
    )
