"""XML of a bank that writes GB18030: read without entities, written by hand."""

import re
from collections.abc import Iterable

from lxml import etree

CHARSET = "gb18030"
"""What banks declare as GBK or GB2312 they write in the larger set, so that every name fits."""

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_NUMERIC_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Unreadable(Exception):
    """The bytes are not what the contract says; the text says what is wrong."""


def parse(data: bytes, charset: str = CHARSET) -> etree._Element:
    """Decode and parse; entities and DOCTYPE are refused."""
    try:
        text = data.decode(charset)
    except UnicodeDecodeError as error:
        raise Unreadable(f"不是 {charset.upper()}：第 {error.start} 字节") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("报文不得有 DOCTYPE、实体声明")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        return etree.fromstring(_DECLARATION.sub("", text, count=1).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise Unreadable(f"不是 XML：{error}") from error


def values(element: etree._Element) -> dict[str, str]:
    """The children of an element, tag to text; of a repeated tag the last."""
    return {str(child.tag): child.text or "" for child in element}


def escape(text: str) -> str:
    """Text as XML content."""
    if "&" in text or "<" in text or ">" in text:
        return text.translate(_NUMERIC_ESCAPES)
    return text


def tags(fields: Iterable[tuple[str, str | None]]) -> str:
    """Elements one after the other; a value of None leaves its element out."""
    return "".join(f"<{n}>{escape(v)}</{n}>" for n, v in fields if v is not None)
