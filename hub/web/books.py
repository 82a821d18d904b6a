"""The month on paper: 月报 and 余额调节表 as workbooks, from :mod:`hub.offset.month_book`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.offset.month_book import MonthBook, OpenSide, Reconciliation
from hub.offset.totals import Equation, Figure, add_up
from hub.web import flow, show
from hub.web.words import Language, Words
from hub.web.workbook import Cell, Sheet, Strong, Yuan, write_workbook

BookName = Literal["month", "balance"]
BOOKS: tuple[BookName, ...] = ("month", "balance")

_FIGURES = (
    "agreements", "due", "planned", "short", "held", "instructed", "withdrawn", "succeeded",
    "failed", "unknown", "posted", "released", "reversed", "credited", "returned",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imprint:
    """What stands on every sheet: whose book, of which environment, made when."""

    environment: str
    made: datetime
    bank_names: Mapping[str, str]
    language: Language = "zh"


def month_report(book: MonthBook, imprint: Imprint) -> bytes:
    """月报: figures by bank, equations, outcomes, differences, adjustments."""
    writer = _Writer(book, imprint)
    sheets = [
        writer.figures(), writer.equations(), writer.outcomes(), writer.differences(),
        writer.adjustments(),
    ]  # fmt: skip
    return write_workbook(sheets, made=imprint.made)


def balance_report(book: MonthBook, imprint: Imprint) -> bytes:
    """余额调节表: one sheet per bank."""
    writer = _Writer(book, imprint)
    sheets = [writer.reconciliation(each) for each in book.reconciliations]
    return write_workbook(sheets, made=imprint.made)


def write_book(name: BookName, book: MonthBook, imprint: Imprint) -> bytes:
    """One of :data:`BOOKS`."""
    return {"month": month_report, "balance": balance_report}[name](book, imprint)


def file_name(name: BookName, period: str) -> str:
    """``月报-2025-10.xlsx``."""
    return f"{Words('zh')(f'book.{name}')}-{period}.xlsx"


class _Writer:
    def __init__(self, book: MonthBook, imprint: Imprint) -> None:
        self._book = book
        self._imprint = imprint
        self._t = Words(imprint.language)

    def _notes(self) -> tuple[str, ...]:
        t, book = self._t, self._book
        return (
            t(
                "book.made_from",
                environment=t(f"env.{self._imprint.environment}"),
                state=t(f"run_state.{book.state}"),
                closed=show.moment(book.closed_us),
                made=self._imprint.made.strftime("%Y-%m-%d %H:%M:%S"),
            ),
        )

    def _name(self, bank: str) -> str:
        return self._imprint.bank_names.get(bank, bank)

    def _sheet(
        self,
        key: str,
        header: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        widths: Sequence[int],
    ) -> Sheet:
        title = f"{self._t('run.title', month=self._book.period)} {self._t(key)}"
        return Sheet(self._t(key), title, self._notes(), header, rows, widths)

    def figures(self) -> Sheet:
        """One row per bank and one for all: count and amount of every station."""
        t = self._t
        header = [t("banks.bank")]
        for name in _FIGURES:
            word = t(f"figure.{name}")
            header.append(f"{word} {t('book.count')}")
            if name != "agreements":
                header.append(f"{word} {t('book.amount')}")
        rows: list[list[Cell]] = [
            [self._name(bank), *_stations(totals)] for bank, totals in self._book.totals.items()
        ]
        whole = _stations(add_up(self._book.totals))
        rows.append([Strong(t("book.all")), *(Strong(cell) for cell in whole)])
        return self._sheet("book.figures", header, rows, [14, *[13] * (len(header) - 1)])

    def equations(self) -> Sheet:
        """E0 to E7 per bank and for the run; printed again where something came later."""
        t = self._t
        header = [
            "№", t("banks.bank"), t("equations.statement"), t("equations.left"), t("book.count"),
            t("equations.right"), t("book.count"), t("equations.remainder"), t("equations.state"),
        ]  # fmt: skip
        rows = [self._equation(each, "") for each in self._book.equations]
        rows += [self._equation(each, "′") for each in self._book.adjusted]
        return self._sheet("equations.title", header, rows, [6, 14, 58, 17, 9, 17, 9, 17, 8])

    def _equation(self, one: Equation, mark: str) -> list[Cell]:
        t = self._t
        bank = t("book.all") if one.bank == "total" else self._name(one.bank)
        left, right = flow.EQUATIONS[one.name]
        said = f"{self._side(left)} = {self._side(right)}"
        word = t("equations.balanced") if one.balanced else t("equations.open")
        return [
            one.name + mark, bank, said, Yuan(one.left.fen), one.left.count, Yuan(one.right.fen),
            one.right.count, Yuan(one.remainder.fen), word,
        ]  # fmt: skip

    def _side(self, terms: flow.Side) -> str:
        return " ".join(f"{sign} {self._t(f'figure.{name}')}".strip() for sign, name in terms)

    def outcomes(self) -> Sheet:
        """What became of the agreements, by bank and reason."""
        t = self._t
        header = [
            t("banks.bank"), t("outcomes.title"), t("outcomes.reason"), t("book.count"),
            t("book.amount"),
        ]  # fmt: skip
        rows: list[list[Cell]] = [
            [
                self._name(bank), t.of("outcome", outcome), t.of("reason", reason),
                figure.count, Yuan(figure.fen),
            ]
            for (bank, outcome, reason), figure in self._book.outcomes.items()
        ]  # fmt: skip
        return self._sheet("outcomes.title", header, rows, [14, 14, 30, 10, 17])

    def differences(self) -> Sheet:
        """Every difference of the run, settled or not."""
        t = self._t
        words = ("id", "bank", "kind", "number", "hub", "at_bank", "core", "owner", "state", "how")
        header = [t(f"book.difference_{word}") for word in words]
        rows: list[list[Cell]] = [
            [
                str(d.id), self._name(d.bank), t.of("difference_kind", d.kind), d.number,
                Yuan(d.hub_fen), Yuan(d.bank_fen), Yuan(d.core_fen), d.owner,
                t.of("book", f"difference_is_{d.state}"), d.settlement,
            ]
            for d in self._book.differences
        ]  # fmt: skip
        return self._sheet("difference.title", header, rows, [7, 12, 16, 24, 14, 14, 14, 14, 9, 40])

    def adjustments(self) -> Sheet:
        """What came back after the close."""
        t = self._t
        words = ("made_on", "agreement", "bank", "number", "booked_on", "shape", "amount", "serial")
        header = [t(f"book.adjustment_{word}") for word in words]
        rows: list[list[Cell]] = [
            [
                str(a.made_on), a.agreement, self._name(a.bank), a.number, str(a.booked_on),
                t.of("entry_kind", a.shape), Yuan(a.fen), a.serial,
            ]
            for a in self._book.adjustments
        ]  # fmt: skip
        return self._sheet("difference.adjustments", header, rows, [11, 18, 12, 24, 11, 12, 14, 28])

    def reconciliation(self, one: Reconciliation) -> Sheet:
        """Bank on the left, centre on the right, down to two equal sums."""
        t = self._t
        ahead, behind = OpenSide.CENTRE_BOOKED, OpenSide.BANK_PAID
        rows: list[list[Cell]] = [
            [t("book.at_bank"), Yuan(one.at_bank), t("book.in_books"), Yuan(one.in_books)],
            [
                t("book.plus_centre_booked"), Yuan(one.open_sum(ahead)),
                t("book.plus_bank_paid"), Yuan(one.open_sum(behind)),
            ],
            *_beside(one),
            [
                Strong(t("book.adjusted")), Strong(Yuan(one.bank_adjusted)),
                Strong(t("book.adjusted")), Strong(Yuan(one.books_adjusted)),
            ],
            [
                Strong(t("book.gap")), Strong(Yuan(one.bank_adjusted - one.books_adjusted)),
                None, None,
            ],
            [t("book.payer", account=one.payer), *self._balance(one)],
            [t("book.signed_by"), None, t("book.checked_by"), None],
        ]  # fmt: skip
        name = self._name(one.bank)
        title = f"{self._t('run.title', month=self._book.period)} {name} {t('book.balance')}"
        header = [t("book.bank_side"), t("book.amount"), t("book.centre_side"), t("book.amount")]
        return Sheet(name, title, self._notes(), header, rows, [34, 20, 34, 20])

    def _balance(self, one: Reconciliation) -> list[Cell]:
        if one.balance is None:
            return [self._t("plan.balance_unknown"), None, None]
        as_of = self._t("book.as_of", moment=show.moment(one.balance_us))
        return [Yuan(one.balance), as_of, None]


def _stations(totals: Mapping[str, Figure]) -> list[int | Yuan]:
    cells: list[int | Yuan] = []
    for name in _FIGURES:
        cells.append(totals[name].count)
        if name != "agreements":
            cells.append(Yuan(totals[name].fen))
    return cells


def _beside(one: Reconciliation) -> Iterator[list[Cell]]:
    """The open entries, each on the side whose sum it raises."""
    left = [e for e in one.open_entries if e.side is OpenSide.CENTRE_BOOKED]
    right = [e for e in one.open_entries if e.side is OpenSide.BANK_PAID]
    for place in range(max(len(left), len(right))):
        row: list[Cell] = []
        for side in (left, right):
            entry = side[place] if place < len(side) else None
            row += [None, None] if entry is None else [f"　{entry.number}", Yuan(entry.fen)]
        yield row
