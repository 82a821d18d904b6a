"""The least that any code needs for the same bytes: one loop each, which knows one layout.

None checks a count, a total, a digest, a schema or a code, none makes an amount of a text.
"""

import json
from collections.abc import Mapping, Sequence
from struct import Struct

from lxml import etree

Row = Mapping[str, str]
GZNX_DUE = Struct("<x30s30s32s60s20s8s16s16s16s1s16s")
GZNX_ORDER = Struct("<1s6s20s32s60s16s30s24s40s")


def read_xml(data: bytes, charset: str, tag: str) -> list[dict[str, str]]:
    """lxml, told the charset: every child of every row."""
    root = etree.fromstring(data, etree.XMLParser(encoding=charset))
    return [{str(child.tag): child.text or "" for child in row} for row in root.iter(tag)]


def write_xml(rows: Sequence[Row], charset: str, tag: str) -> bytes:
    """lxml: a tree of rows, written."""
    root = etree.Element("rows")
    for fields in rows:
        row = etree.SubElement(root, tag)
        for name, text in fields.items():
            etree.SubElement(row, name).text = text
    return etree.tostring(root, encoding="unicode").encode(charset)


def read_piped(data: bytes, charset: str, width: int) -> list[dict[str, str]]:
    """lxml for the document, split for the records in it; the first one names the columns."""
    root = etree.fromstring(data, etree.XMLParser(encoding=charset))
    cells = (root.findtext("body/serial_record") or "").split("|")
    names = cells[:width]
    return [
        dict(zip(names, cells[start : start + width], strict=True))
        for start in range(width, len(cells) - 1, width)
    ]


def write_piped(rows: Sequence[Row], charset: str) -> bytes:
    """join, then lxml for the document."""
    lines = ["|".join(row.values()) for row in rows]
    root = etree.Element("body")
    etree.SubElement(root, "serial_record").text = "|".join(["|".join(rows[0]), *lines, ""])
    return etree.tostring(root, encoding="unicode").encode(charset)


def read_json(data: bytes) -> list[dict[str, str]]:
    """json: the document's rows."""
    found: list[dict[str, str]] = json.loads(data)["rows"]
    return found


def write_json(rows: Sequence[Row]) -> bytes:
    """json: a document of rows."""
    return json.dumps({"rows": rows}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def read_bars(data: bytes) -> list[dict[str, str]]:
    """split: lines of values between bars, under a header and a line of names."""
    _, names, *lines = data.decode("utf-8").split("\n")
    columns = names.split("|")
    return [dict(zip(columns, line.split("|"), strict=True)) for line in lines[:-1]]


def write_bars(rows: Sequence[Row]) -> bytes:
    """join."""
    return "\n".join(["|".join(row.values()) for row in rows]).encode("utf-8")


def read_fixed(data: bytes) -> list[list[str]]:
    """struct: each record cut at its widths, every field decoded."""
    return [
        [value.decode("gb18030").rstrip(" ") for value in GZNX_DUE.unpack(line)]
        for line in data.split(b"\r\n")[1:-2]
    ]


def write_fixed(rows: Sequence[Row]) -> bytes:
    """struct: every field encoded, zeros of the struct made blanks."""
    lines = []
    for row in rows:
        line = GZNX_ORDER.pack(b"D", *[text.encode("gb18030") for text in row.values()])
        lines.append(line.replace(b"\0", b" "))
    return b"\r\n".join(lines)
