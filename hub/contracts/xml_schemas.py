"""XSD validation as drifts: place, what the contract expects, the shape of what was found.

libxml2's own messages quote the offending value, which may be a name or an account; they are
read for the rule that was broken and never passed on.
"""

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from hub.contracts.charset import Charset
from hub.contracts.documents import XmlElement
from hub.contracts.masking import plain_name, shape
from hub.ports.line import Drift

MOST = 50
"""Drifts of one document: more of them say nothing new."""

_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(r"(?:([^:/@\[\]]+):)?([^:/@\[\]]+)(?:\[(\d+)\])?")
_CONTENT = "SCHEMAV_ELEMENT_CONTENT"
_RULES = (
    (re.compile(r"is not accepted by the pattern '(.*)'\.$", re.S), "pattern {}"),
    (re.compile(r"exceeds the allowed maximum length of '(\d+)'\.$"), "at most {} characters"),
    (re.compile(r"underruns the allowed minimum length of '(\d+)'\.$"), "at least {} characters"),
    (re.compile(r"does not match the fixed value constraint '([^']*)'\.$"), "always {}"),
    (re.compile(r"Missing child element\(s\)\. Expected is (.*)\.$"), "also {}"),
    (re.compile(r"This element is not expected\. Expected is (.*)\.$"), "{} here"),
    (re.compile(r"This element is not expected\.$"), "nothing more here"),
    (re.compile(r"No matching global declaration"), "another document"),
    (
        re.compile(r"of the (?:local )?(?:atomic|union|list) type '([^']*)'\.$"),
        "a value of type {}",
    ),
    (re.compile(r"of the local atomic type\.$"), "another value"),
)
# An XMLSchema keeps the errors of its last run: threads must not share one.
_compiled = threading.local()


def validate(path: Path, name: str, root: XmlElement) -> list[Drift]:
    """Where a document differs from the XSD at ``path``; ``name`` begins the places."""
    schema = _schema(path)
    if schema.validate(root):
        return []
    drifts: dict[tuple[str, str], Drift] = {}
    seen: set[str] = set()
    log: Any = schema.error_log  # the stubs do not know that it can be iterated
    for error in log:
        where = error.path or ""
        # A facet's error comes with a second one about its type, on the same element.
        if where in seen and error.type_name != _CONTENT:
            continue
        seen.add(where)
        same, expected = _INDEX.sub("", where), _expected(error.message)
        # The same mistake in a thousand rows is one drift, and looked at once.
        if (same, expected) not in drifts:
            element = _element(root, where)
            found = _found(element, error.type_name, error.message)
            place = name + (same if element is None else _path(root, element, same))
            drifts[same, expected] = Drift(place, expected, found)
        if len(drifts) >= MOST:
            break
    return list(drifts.values())


def too_long(
    name: str, root: XmlElement, sizes: Mapping[str, int], charset: Charset
) -> list[Drift]:
    """Elements longer than their field in the contract, in bytes of the wire's charset."""
    drifts: dict[str, Drift] = {}
    if not sizes:
        return []
    for element in root.iter(*sizes):
        text = element.text
        if not text:
            continue
        # A character has one byte to four: most texts are settled without encoding them.
        limit, length = sizes[element.tag], len(text)
        if length * 4 <= limit or (length <= limit and text.isascii()):
            continue
        if charset.size(text) <= limit:
            continue
        place = name + _path(root, element, "")
        expected = f"at most {limit} bytes of {charset.written}"
        drifts.setdefault(place, Drift(place, expected, f"{charset.size(text)} bytes"))
    return list(drifts.values())


def check(path: Path) -> None:
    """Compile a schema; raises lxml's error when it is none.  For contract loading."""
    _schema(path)


def _schema(path: Path) -> etree.XMLSchema:
    mine: dict[Path, etree.XMLSchema] = _compiled.__dict__.setdefault("schemas", {})
    if path not in mine:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        mine[path] = etree.XMLSchema(etree.parse(str(path), parser))
    return mine[path]


def _found(element: XmlElement | None, kind: str, message: str) -> str:
    if kind == _CONTENT or "No matching" in message:
        tag = plain_name("" if element is None else _local(element))
        return f"{tag} without it" if "Missing child" in message else f"element {tag}"
    return "" if element is None else shape(element.text)


def _expected(message: str) -> str:
    for pattern, words in _RULES:
        found = pattern.search(message)
        if found is not None:
            return words.format(*(group.strip() for group in found.groups()))
    return "what the schema says"


def _element(root: XmlElement, where: str) -> XmlElement | None:
    """The element at one of libxml2's paths (``/s:Envelope/*[2]/item[3]/amount``) below a root.

    Walked by hand: its prefixes are the document's own, and ``*`` stands for an element of a
    default namespace, so that XPath would need to be told what it is to find out.
    """
    element = root
    for step in where.split("/")[2:]:
        found = _STEP.fullmatch(step)
        if found is None:  # an attribute: its element
            return element
        prefix, name, place = found.groups()
        same = [child for child in element if name == "*" or _called(child, prefix, name)]
        if len(same) < int(place or 1):
            return None
        element = same[int(place or 1) - 1]
    return element if where else None


def _called(element: XmlElement, prefix: str | None, name: str) -> bool:
    return element.tag == name or (
        prefix is not None and element.prefix == prefix and _local(element) == name
    )


def _path(root: XmlElement, element: XmlElement, where: str) -> str:
    """Local names from the root down: the prefixes are the sender's whim."""
    above = [one for one in element.iterancestors() if one is root or root in one.iterancestors()]
    names = [_local(one) for one in (*reversed(above), element)]
    tail = where.rsplit("/", 1)[-1]
    return "/" + "/".join([*names, tail] if tail.startswith("@") else names)


def _local(element: XmlElement) -> str:
    return str(element.tag).rpartition("}")[2]
