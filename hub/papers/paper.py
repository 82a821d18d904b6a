"""A paper (DOCX): cover, headings, tables, code, a place to sign.  The same calls give the same
bytes: no moment of making is in it, and nothing of the machine it was made on.

Tables are written as XML at once: asked cell by cell, python-docx takes minutes for a contract.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt

BODY_FONT, HEAD_FONT, CODE_FONT = "宋体", "黑体", "Consolas"
_NOBODYS_DAY = datetime(2000, 1, 1)  # noqa: DTZ001  a file's date that says nothing
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)
_PAGE_CM = 17.0
"""What is left of A4 between the margins."""
_INDENT = 180
"""Twentieths of a point for every level of a field inside another."""
_NS = nsdecls("w")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell that is not plain: ``indent`` in levels, ``code`` in the code's letters."""

    text: str
    indent: int = 0
    bold: bool = False
    code: bool = False


class Paper:
    """One document.  ``title`` and ``edition`` stand on every page."""

    def __init__(self, title: str, edition: str) -> None:
        self._doc: Any = docx.Document()
        self._marks = 0
        self._toc: Any = None
        self._plain_styles()
        self._frame(title, edition)
        core = self._doc.core_properties
        core.title, core.subject, core.author = title, edition, ""
        core.comments, core.last_modified_by, core.revision = "", "", 1
        core.created = core.modified = _NOBODYS_DAY

    def cover(self, title: str, under: str, facts: Sequence[tuple[str, str]]) -> None:
        """The first page: what it is, and a table of what must be known about it."""
        for text, size, before in ((title, 26, 110), (under, 16, 12)):
            made = self._doc.add_paragraph()
            made.alignment = WD_ALIGN_PARAGRAPH.CENTER
            made.paragraph_format.space_before = Pt(before)
            run = made.add_run(_clean(text))
            run.bold, run.font.size = True, Pt(size)
            _set_font(run._element.get_or_add_rPr(), HEAD_FONT)
        self._doc.add_paragraph().paragraph_format.space_after = Pt(40)
        self.table(None, [(Cell(name, bold=True), text) for name, text in facts], (4, 13))

    def contents(self) -> None:
        """A list of the headings to come, each leading to its place."""
        self.heading("目录", 1, listed=False)
        self._toc = self._doc.add_paragraph()
        self._toc.paragraph_format.space_after = Pt(0)

    def heading(self, text: str, level: int = 1, *, listed: bool = True) -> None:
        """``level`` from 1; the first level begins a page."""
        made = self._doc.add_heading(_clean(text), level)
        made.paragraph_format.page_break_before = level == 1
        if listed and level <= 2 and self._toc is not None:
            self._list(made, text, level)

    def text(self, text: str, *, small: bool = False, indent: int = 0) -> None:
        """A paragraph; ``**bold**`` and code between backquotes are set so.  ``indent``: the
        level of a list's line, whose further lines hang under its words."""
        made = self._doc.add_paragraph()
        if indent:
            made.paragraph_format.left_indent = Cm(0.6 * indent)
            made.paragraph_format.first_line_indent = Cm(-0.4)
            made.paragraph_format.space_after = Pt(3)
        for part in re.split(r"(\*\*.+?\*\*|`[^`]+`)", text):
            bold = part.startswith("**") and part.endswith("**") and len(part) > 4
            code = part.startswith("`") and part.endswith("`") and len(part) > 2
            run = made.add_run(_clean(part.strip("*") if bold else part[1:-1] if code else part))
            run.bold = bold or None
            if code:
                _set_font(run._element.get_or_add_rPr(), BODY_FONT, CODE_FONT)
            if small:
                run.font.size = Pt(8.5)

    def bullet(self, text: str, level: int = 0) -> None:
        """One line of a list."""
        self.text(f"• {text}", indent=level + 1)

    def code(self, text: str) -> None:
        """Text as it stands, line by line."""
        inside = "<w:br/>".join(
            f'<w:t xml:space="preserve">{escape(_clean(line))}</w:t>' for line in text.split("\n")
        )
        self._append(
            f'<w:p {_NS}><w:pPr><w:shd w:val="clear" w:color="auto" w:fill="F4F6F8"/>'
            f'<w:spacing w:before="60" w:after="120" w:line="240" w:lineRule="auto"/>'
            f'<w:jc w:val="left"/></w:pPr><w:r><w:rPr>{_fonts(CODE_FONT)}<w:sz w:val="16"/></w:rPr>'
            f"{inside}</w:r></w:p>"
        )

    def table(
        self,
        head: Sequence[str] | None,
        rows: Iterable[Sequence[str | Cell]],
        widths: Sequence[float],
        tall_cm: float = 0.0,
    ) -> None:
        """``widths`` are shares of the page; the head is repeated on every page it runs over.
        ``tall_cm``: how high a row is at least."""
        unit = _PAGE_CM / sum(widths) * 567
        sizes = [round(one * unit) for one in widths]
        grid = "".join(f'<w:gridCol w:w="{one}"/>' for one in sizes)
        lines = [] if head is None else [_row([Cell(h, bold=True) for h in head], sizes, head=True)]
        lines += [_row(row, sizes, tall=round(tall_cm * 567)) for row in rows]
        self._append(
            f'<w:tbl {_NS}><w:tblPr><w:tblStyle w:val="TableGrid"/>'
            f'<w:tblW w:w="{sum(sizes)}" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{''.join(lines)}</w:tbl>"
        )
        self._doc.add_paragraph().paragraph_format.space_after = Pt(4)

    def signatures(self, parties: Sequence[str]) -> None:
        """A block to sign and seal, one column for each party."""
        lines = ("单位（盖章）", "代表签字", "姓名（正楷）", "职务", "日期")
        rows: list[list[str | Cell]] = [
            [Cell(line, bold=True), *([""] * len(parties))] for line in lines
        ]
        self.table(["", *parties], rows, (3, *[7] * len(parties)), tall_cm=1.1)

    def bytes(self) -> bytes:
        """The document as a file."""
        written = io.BytesIO()
        self._doc.save(written)
        settled = io.BytesIO()
        with (
            zipfile.ZipFile(written) as made,
            zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as again,
        ):
            for name in made.namelist():
                entry = zipfile.ZipInfo(name, _ZIP_DAY)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
                entry.create_system = 3
                again.writestr(entry, made.read(name))
        return settled.getvalue()

    def _append(self, xml: str) -> None:
        self._doc.element.body.insert_element_before(parse_xml(xml), "w:sectPr")

    def _list(self, made: Any, text: str, level: int) -> None:
        self._marks += 1
        name = f"part{self._marks}"
        start = parse_xml(f'<w:bookmarkStart {_NS} w:id="{self._marks}" w:name="{name}"/>')
        made._p.insert(1 if made._p.pPr is not None else 0, start)
        made._p.append(parse_xml(f'<w:bookmarkEnd {_NS} w:id="{self._marks}"/>'))
        entry = parse_xml(
            f'<w:p {_NS}><w:pPr><w:spacing w:before="0" w:after="0"/>'
            f'<w:ind w:left="{(level - 1) * 420}"/></w:pPr>'
            f"<w:hyperlink w:anchor={quoteattr(name)}><w:r>"
            f"<w:t>{escape(_clean(text))}</w:t></w:r></w:hyperlink></w:p>"
        )
        self._toc._p.addprevious(entry)

    def _plain_styles(self) -> None:
        package = self._doc.part.package
        for key, relation in list(package.rels.items()):
            if relation.reltype.endswith("/thumbnail"):  # of the template's, not of this paper's
                package.rels.pop(key)
        for style in self._doc.styles:
            element = style.element
            for fonts in element.findall(".//" + qn("w:rFonts")):
                fonts.getparent().remove(fonts)
            name = style.name or ""
            if name == "Normal" or name.startswith(("Heading", "Title")):
                font = BODY_FONT if name == "Normal" else HEAD_FONT
                _set_font(element.get_or_add_rPr(), font)
            if name.startswith("Heading"):
                for colour in element.findall(".//" + qn("w:color")):
                    colour.getparent().remove(colour)
                if hasattr(style, "paragraph_format"):
                    style.paragraph_format.space_after = Pt(4)
        normal = self._doc.styles["Normal"]
        normal.font.size, normal.paragraph_format.space_after = Pt(10.5), Pt(6)

    def _frame(self, title: str, edition: str) -> None:
        section = self._doc.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2)
        section.top_margin = section.bottom_margin = Cm(2.2)
        section.different_first_page_header_footer = True
        head = section.header.paragraphs[0]
        head.text = _clean(f"{title}　{edition}")
        head.style.font.size = Pt(9)
        foot = section.footer.paragraphs[0]
        foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
        for said, field in (("第 ", "PAGE"), (" 页，共 ", "NUMPAGES"), (" 页", "")):
            foot.add_run(said)
            if field:
                foot._p.append(
                    parse_xml(
                        f'<w:fldSimple {_NS} w:instr="{field}"><w:r><w:t>1</w:t></w:r>'
                        "</w:fldSimple>"
                    )
                )


def _row(
    cells: Sequence[str | Cell], sizes: Sequence[int], *, head: bool = False, tall: int = 0
) -> str:
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="E8ECF1"/>' if head else ""
    high = f'<w:trHeight w:val="{tall}" w:hRule="atLeast"/>' if tall else ""
    props = f"<w:trPr><w:cantSplit/>{high}{'<w:tblHeader/>' if head else ''}</w:trPr>"
    made = []
    for cell, size in zip(cells, sizes, strict=True):
        one = Cell(cell) if isinstance(cell, str) else cell
        made.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{size}" w:type="dxa"/>{shade}</w:tcPr>'
            f'<w:p><w:pPr><w:spacing w:before="20" w:after="20"/>'
            f'<w:ind w:left="{one.indent * _INDENT}"/><w:jc w:val="left"/></w:pPr>'
            f"{_run(one)}</w:p></w:tc>"
        )
    return f"<w:tr>{props}{''.join(made)}</w:tr>"


def _run(cell: Cell) -> str:
    if not cell.text:
        return ""
    props = (_fonts(CODE_FONT) if cell.code else "") + ("<w:b/>" if cell.bold else "")
    inside = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(_clean(line))}</w:t>' for line in cell.text.split("\n")
    )
    return f'<w:r><w:rPr>{props}<w:sz w:val="18"/></w:rPr>{inside}</w:r>'


def _fonts(latin: str) -> str:
    return (
        f'<w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:cs="{latin}" w:eastAsia="{BODY_FONT}"/>'
    )


def _set_font(props: Any, east: str, latin: str = "Times New Roman") -> None:
    found = props.find(qn("w:rFonts"))
    if found is not None:
        props.remove(found)
    made = parse_xml(f"<w:rFonts {_NS}/>")
    for where, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", east)):
        made.set(qn(f"w:{where}"), font)
    props.insert(0, made)


def _clean(text: str) -> str:
    """What XML cannot hold is shown as U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", text)
