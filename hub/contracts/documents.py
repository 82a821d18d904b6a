"""Bytes to documents: decoded in one place, then parsed without anything that reaches out.

A partner's XML has no business with a DOCTYPE: entities read files and blow up memory (XXE,
"billion laughs").  Both are refused before and by the parser.
"""

import json
import math
import re
from typing import TypeAlias

from lxml import etree

from hub.contracts.charset import BadText, Charset
from hub.kernel.errors import BadInput

XmlElement: TypeAlias = etree._Element

_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*?\?>")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([^"']{1,40})["']""")
_LONGEST_NUMBER = 20
"""Digits of 2⁶⁴, or a sign and 19 of them: no whole number of any contract is longer."""
_FORBIDDEN = ("<!DOCTYPE", "<!ENTITY")


class BadDocument(BadInput):
    """The bytes are not a document of this contract's format."""

    code = "contract.bad_document"
    hint = "See the raw answer in the message's calls; send it to the partner's engineers."

    def __init__(self, found: str) -> None:
        super().__init__(f"unreadable document: {found}")
        self.found = found


def read_xml(data: bytes, charset: Charset) -> XmlElement:
    """The root element; BadDocument for another charset, a DOCTYPE, or no well-formed XML."""
    text = _decoded(data, charset)
    declaration = _DECLARATION.match(text)
    if declaration is not None:
        named = _ENCODING.search(declaration[0])
        if named is not None and not charset.may_be_called(named[1]):
            raise BadDocument(f"declares another charset than {charset.declared}")
        text = text[declaration.end() :]
    if any(word in text for word in _FORBIDDEN):
        raise BadDocument("has a DOCTYPE or an entity declaration")
    return parse_text(text)


def parse_text(text: str) -> XmlElement:
    """Decoded XML without its declaration to its root element; raises BadDocument."""
    # A parser serves one document: sharing one between threads would serialise them.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.strip().encode("utf-8"), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise BadDocument(f"no well-formed XML (line {line})") from None


def read_json(data: bytes, charset: Charset) -> object:
    """The parsed value; BadDocument for no JSON, a doubled key, NaN, Infinity, a number no
    partner can mean."""
    text = _decoded(data, charset)
    try:
        found = json.loads(
            text,
            object_pairs_hook=_no_doubles,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_broken,
        )
        if "\\u" in text:  # \ud800 alone is JSON, but no text that any store or wire can carry
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise BadDocument(f"no JSON (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise BadDocument("nested too deeply") from None
    except UnicodeEncodeError:
        raise BadDocument("half a character") from None
    return found


def _decoded(data: bytes, charset: Charset) -> str:
    try:
        return charset.decode(data)
    except BadText as error:
        raise BadDocument(error.message) from None


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadDocument("a key stands twice in one object")
    return made


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:  # Python itself gives up only beyond 4,300 digits
        raise BadDocument(f"a number of {len(digits)} digits")
    return int(digits)


def _broken(digits: str) -> float:
    found = float(digits)
    if not math.isfinite(found):
        raise BadDocument("a number out of range")
    return found


def _no_constant(name: str) -> object:
    raise BadDocument(f"{name} is no JSON number")
