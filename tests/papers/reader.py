"""Reads a DOCX with zipfile and lxml alone: what the tests believe is what stands in the file."""

import io
import zipfile
from dataclasses import dataclass, field

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass
class Table:
    """Rows of cells as text; ``caption`` is the paragraph before it."""

    caption: str
    rows: list[list[str]] = field(default_factory=list)


@dataclass
class Document:
    """Paragraphs and tables in their order."""

    paragraphs: list[str]
    headings: list[str]
    tables: list[Table]

    def captioned(self, words: str) -> Table:
        """The one table with that caption."""
        (found,) = [one for one in self.tables if one.caption == words]
        return found

    def cells(self) -> set[str]:
        """Every cell's text."""
        return {cell for table in self.tables for row in table.rows for cell in row}

    def text(self) -> str:
        """All of it, cells too."""
        return "\n".join([*self.paragraphs, *sorted(self.cells())])


def parts(data: bytes) -> dict[str, bytes]:
    """The parts of the package."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def read(data: bytes) -> Document:
    """The document."""
    body = etree.fromstring(parts(data)["word/document.xml"]).find(W + "body")
    assert body is not None
    made = Document([], [], [])
    caption = ""
    for one in body:
        if one.tag == W + "p":
            caption = _text(one)
            made.paragraphs.append(caption)
            style = one.find(f"{W}pPr/{W}pStyle")
            if style is not None and str(style.get(W + "val")).startswith("Heading"):
                made.headings.append(caption)
        elif one.tag == W + "tbl":
            rows = [
                ["\n".join(map(_text, cell.iter(W + "p"))) for cell in row.iter(W + "tc")]
                for row in one.iter(W + "tr")
            ]
            made.tables.append(Table(caption, rows))
    return made


def _text(one: etree._Element) -> str:
    said = []
    for part in one.iter(W + "t", W + "br"):
        said.append("\n" if part.tag == W + "br" else part.text or "")
    return "".join(said)
