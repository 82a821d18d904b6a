"""Workbooks (XLSX) of plain tables: texts stay texts, amounts are exact, nothing is a formula."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Yuan:
    """An amount in 分, shown in yuan with two decimals."""

    fen: int


@dataclass(frozen=True, slots=True)
class Strong:
    """A cell that carries the eye: a sum, a heading in the middle of a sheet."""

    value: "str | int | Yuan"


Cell = str | int | Yuan | Strong | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: a title, notes below it, a header row (may be empty) and rows.

    ``widths`` in characters, one per column.
    """

    name: str
    title: str
    notes: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[int]


def write_workbook(sheets: Sequence[Sheet], *, made: datetime) -> bytes:
    """The file.  The same sheets and ``made`` give the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": made.astimezone(UTC).replace(tzinfo=None)})
    formats = _formats(book)
    for sheet in sheets:
        _write(book.add_worksheet(sheet.name), sheet, formats)
    book.close()
    return buffer.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    # quote_prefix: what begins with = + - @ stays a text when it is edited or copied on.
    base: dict[str, Any] = {"font_size": 10, "valign": "vcenter"}
    ruled = base | {"border": 1, "border_color": "#B8C0CC"}
    text = ruled | {"num_format": "@", "quote_prefix": True}
    count, yuan = ruled | {"num_format": "#,##0"}, ruled | {"num_format": "#,##0.00"}
    bold = {"bold": True, "bg_color": "#F3F5F8"}
    return {
        "title": book.add_format(base | {"bold": True, "font_size": 14}),
        "note": book.add_format(base | {"font_color": "#5A6573"}),
        "header": book.add_format(ruled | {"bold": True, "bg_color": "#E4EAF2", "text_wrap": True}),
        "text": book.add_format(text), "strong text": book.add_format(text | bold),
        "count": book.add_format(count), "strong count": book.add_format(count | bold),
        "yuan": book.add_format(yuan), "strong yuan": book.add_format(yuan | bold),
    }  # fmt: skip


def _write(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, width)
    page.write_string(0, 0, sheet.title, formats["title"])
    for place, note in enumerate(sheet.notes, 1):
        page.write_string(place, 0, note, formats["note"])
    row = len(sheet.notes) + 2
    if sheet.header:
        for column, text in enumerate(sheet.header):
            page.write_string(row, column, text, formats["header"])
        row += 1
        page.freeze_panes(row, 1)
    for cells in sheet.rows:
        for column, cell in enumerate(cells):
            _cell(page, row, column, cell, formats)
        row += 1
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _cell(page: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    strong = "strong " if isinstance(cell, Strong) else ""
    value = cell.value if isinstance(cell, Strong) else cell
    match value:
        case None:
            page.write_blank(row, column, None, formats["text"])
        case Yuan(fen):
            # A Decimal is written with its own digits: no amount of ours passes through a float.
            page.write_number(row, column, Decimal(fen) / 100, formats[f"{strong}yuan"])
        case int():
            page.write_number(row, column, value, formats[f"{strong}count"])
        case str():
            page.write_string(row, column, value, formats[f"{strong}text"])
