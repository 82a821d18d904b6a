"""The same paper as PDF: laid out here, so that print does not depend on a word processor.

The letters are STSong-Light of Adobe's GB1 collection, which readers bring with them (or replace
by their own Chinese face): no font file is shipped or embedded.  It has the characters of the
Basic Multilingual Plane alone; any other is shown as 〓.  The same calls give the same bytes.
"""

import io
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from hub.papers.paper import Cell

_FONT = "STSong-Light"
_PAGE_CM = 17.0
_INDENT_PT = 9
_OUTSIDE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|[\U00010000-\U0010ffff]"
)
_GETA = "\u3013"


class PdfPaper:
    """One document, written to as :class:`hub.papers.Paper` is.  ``title`` and ``edition`` stand
    on every page."""

    def __init__(self, title: str, edition: str) -> None:
        self._title, self._edition = _clean(title), _clean(edition)
        self._flow: list[Any] = []

    def cover(self, title: str, under: str, facts: Sequence[tuple[str, str]]) -> None:
        """What it is, and a table of what must be known about it."""
        self._say(title, "cover")
        self._say(under, "under")
        self._flow.append(Spacer(1, 16))
        self.table(None, [(Cell(name, bold=True), text) for name, text in facts], (4, 13))

    def heading(self, text: str, level: int = 1) -> None:
        """``level`` from 1."""
        self._say(text, f"head{min(level, 2)}")

    def text(self, text: str, *, small: bool = False) -> None:
        """A paragraph."""
        self._say(text, "small" if small else "body")

    def table(
        self,
        head: Sequence[str] | None,
        rows: Iterable[Sequence[str | Cell]],
        widths: Sequence[float],
        tall_cm: float = 0.0,
    ) -> None:
        """``widths`` are shares of the page; the head is repeated on every page it runs over."""
        given: list[Sequence[str | Cell]] = [*([head] if head is not None else []), *rows]
        if not given:
            return
        sizes = [one * _PAGE_CM * cm / sum(widths) for one in widths]
        lines = [[self._cell(cell) for cell in row] for row in given]
        # An empty line still is a line: without a height of its own it would be drawn over.
        heights = [tall_cm * cm or None] * len(lines)
        made = LongTable(lines, sizes, heights, repeatRows=0 if head is None else 1)
        made.setStyle(_grid(headed=head is not None))
        self._flow += [made, Spacer(1, 8)]

    def signatures(self, parties: Sequence[str]) -> None:
        """A block to sign and seal, one column for each party."""
        lines = ("单位（盖章）", "代表签字", "姓名（正楷）", "职务", "日期")
        rows: list[list[str | Cell]] = [[line, *([""] * len(parties))] for line in lines]
        self.table(["", *parties], rows, (3, *[7] * len(parties)), tall_cm=1.1)

    def bytes(self) -> bytes:
        """The document as a file."""
        made = io.BytesIO()
        template = SimpleDocTemplate(
            made, pagesize=A4, leftMargin=2 * cm, rightMargin=2 * cm, topMargin=2.2 * cm,
            bottomMargin=2.2 * cm, title=self._title, subject=self._edition, author="",
            invariant=1, pageCompression=1,
        )  # fmt: skip
        template.build(list(self._flow), onFirstPage=self._frame, onLaterPages=self._frame)
        return made.getvalue()

    def _frame(self, canvas: Any, template: Any) -> None:
        width, height = template.pagesize
        canvas.saveState()
        canvas.setFont(_FONT, 9)
        canvas.drawString(template.leftMargin, height - 40, f"{self._title}　{self._edition}")
        canvas.drawCentredString(width / 2, 34, f"第 {canvas.getPageNumber()} 页")
        canvas.restoreState()

    def _say(self, text: str, style: str) -> None:
        self._flow.append(Paragraph(_marked(text.replace("**", "").replace("`", "")),
                                    _styles()[style]))  # fmt: skip

    def _cell(self, cell: str | Cell) -> Any:
        one = cell if isinstance(cell, Cell) else Cell(cell)
        text = "\u3000" * one.indent + one.text
        return Paragraph(_marked(text), _styles()["strong" if one.bold else "cell"])


@cache
def _styles() -> dict[str, Any]:
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))

    def style(name: str, size: float, **more: Any) -> Any:
        # wordWrap CJK: a line may end after any character, and no word is lost over the edge.
        return ParagraphStyle(
            name, fontName=_FONT, fontSize=size, leading=size * 1.45, wordWrap="CJK", **more
        )

    deep = HexColor("#1F2937")
    return {
        "cover": style("cover", 22, alignment=TA_CENTER, spaceBefore=12, spaceAfter=6),
        "under": style("under", 13, alignment=TA_CENTER),
        "head1": style("head1", 14, spaceBefore=12, spaceAfter=5, keepWithNext=1, textColor=deep),
        "head2": style("head2", 11.5, spaceBefore=8, spaceAfter=4, keepWithNext=1, textColor=deep),
        "body": style("body", 10.5, spaceAfter=5),
        "small": style("small", 8.5, spaceAfter=4),
        "cell": style("cell", 9),
        "strong": style("strong", 9, textColor=deep),
    }


def _grid(*, headed: bool) -> Any:
    _styles()
    rules: list[tuple[Any, ...]] = [
        ("GRID", (0, 0), (-1, -1), 0.4, HexColor("#6B7280")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    if headed:
        rules.append(("BACKGROUND", (0, 0), (-1, 0), HexColor("#E8ECF1")))
    return TableStyle(rules)


def _marked(text: str) -> str:
    return escape(_clean(text)).replace("\n", "<br/>")


def _clean(text: str) -> str:
    return _OUTSIDE.sub(_GETA, text)
