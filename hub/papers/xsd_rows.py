"""The fields of an XSD's element, with all that it includes, imports and refers to.

The Chinese of a field is the comment on its line or its xs:documentation, and where neither is,
the contract's ``fields``.  A word of XML Schema that is not known here is an error: a document
that both sides sign leaves nothing out silently.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from hub.contracts.documents import XmlElement
from hub.papers.rows import (
    EITHER,
    MAY,
    MUST,
    NONE_OR_ONE,
    FieldRow,
    SchemaNotPrintable,
    Widths,
    fixed_at,
    joined,
    labelled,
    span,
)

XS = "{http://www.w3.org/2001/XMLSchema}"
_KINDS = {
    "string": "字符", "token": "字符", "normalizedString": "字符", "decimal": "数值",
    "int": "整数", "integer": "整数", "long": "整数", "short": "整数",
    "nonNegativeInteger": "整数", "positiveInteger": "整数", "boolean": "布尔", "date": "日期",
    "dateTime": "时刻", "time": "时间", "base64Binary": "Base64", "hexBinary": "十六进制",
    "anyURI": "URI", "QName": "限定名", "anyType": "任意", "anySimpleType": "字符",
}  # fmt: skip
_SHARED = ("element", "complexType", "simpleType", "group", "attributeGroup", "attribute")
_FACETS = {
    "pattern", "enumeration", "minLength", "maxLength", "length", "minInclusive", "maxInclusive",
    "minExclusive", "maxExclusive", "totalDigits", "fractionDigits", "whiteSpace",
}  # fmt: skip
_DEEPEST = 24


@dataclass(slots=True)
class XsdBook:
    """Every global definition that a schema file reaches, by kind and qualified name."""

    things: dict[tuple[str, str], XmlElement] = field(default_factory=dict)
    spaces: dict[Path, str] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> "XsdBook":
        """Read it and all it includes and imports."""
        book = cls()
        book._read(path.resolve(), "")
        return book

    def elements(self, path: Path) -> list[str]:
        """Qualified names of the global elements that stand in this very file."""
        base = path.resolve().as_uri()
        return [
            name
            for (kind, name), one in self.things.items()
            if kind == "element" and base == one.getroottree().docinfo.URL
        ]

    def find(self, kind: str, asked: str, by: XmlElement) -> XmlElement:
        """What ``by`` refers to; raises SchemaNotPrintable."""
        name = self._qualified(asked, by)
        found = self.things.get((kind, name))
        if found is None:
            raise SchemaNotPrintable(f"{_place(by)}: there is no {kind} {asked}")
        return found

    def _qualified(self, asked: str, by: XmlElement) -> str:
        prefix, mark, local = asked.rpartition(":")
        space = by.nsmap.get(prefix if mark else None, "")
        # A schema without a namespace that is included belongs to the one that includes it.
        return f"{{{space or self._space(by)}}}{local}"

    def _space(self, element: XmlElement) -> str:
        url = element.getroottree().docinfo.URL or ""
        return next((s for path, s in self.spaces.items() if path.as_uri() == url), "")

    def _read(self, path: Path, space: str) -> None:
        if path in self.spaces:
            return
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        tree = etree.parse(path.as_uri(), parser)
        root = tree.getroot()
        own = root.get("targetNamespace") or space
        self.spaces[path] = own
        for one in root.iterchildren(*(XS + kind for kind in _SHARED)):
            self.things[_local(one), f"{{{own}}}{one.get('name')}"] = one
        for one in root.iterchildren(XS + "include", XS + "import"):
            where = one.get("schemaLocation")
            if where:
                self._read((path.parent / where).resolve(), own if "include" in one.tag else "")


@dataclass(slots=True)
class _Said:
    """What is known of a value: its kind, its length, and what else must hold."""

    kind: str = ""
    length: str = ""
    notes: str = ""


class XsdRows:
    """Walks one element of a book."""

    def __init__(self, book: XsdBook, widths: Widths) -> None:
        self._book = book
        self._widths = widths

    def of(self, name: str) -> list[FieldRow]:
        """The rows of a global element by its qualified name."""
        found = self._book.things.get(("element", name))
        if found is None:
            raise SchemaNotPrintable(f"there is no element {name}")
        return list(self._element(found, 0, ""))

    def _element(self, one: XmlElement, depth: int, choice: str) -> Iterator[FieldRow]:
        if depth > _DEEPEST:
            raise SchemaNotPrintable(f"{_place(one)}: nested without end")
        place = one  # how often, and whether at all, is said where it is used
        words = _words(one)
        if one.get("ref"):
            one = self._book.find("element", str(one.get("ref")), one)
            words = words or _words(one)
        name = str(one.get("name"))
        body, said = self._body(one)
        label, more = labelled(words or self._widths.words(name))
        most = place.get("maxOccurs", "1")
        often = "" if most == "1" else _often(place.get("minOccurs", "1"), most)
        required = choice or (MAY if place.get("minOccurs") == "0" else MUST)
        default = f"缺省 {one.get('default')}" if one.get("default") else ""
        width = self._widths.said(name) if said.kind else ""
        yield FieldRow(
            depth, name, label, said.kind or "组", joined(said.length, width), required,
            joined(more, fixed_at(one.get("fixed"), more), default, often, said.notes),
        )  # fmt: skip
        if body is not None:
            yield from self._content(body, depth + 1, "")

    def _body(self, one: XmlElement) -> tuple[XmlElement | None, _Said]:
        """The complex type of an element, and what is known of its own text."""
        inner = next(one.iterchildren(XS + "complexType", XS + "simpleType"), None)
        named = one.get("type")
        if inner is None and named is not None and not _is_xs(one, named):
            prefix_kind = self._kind_of(named, one)
            inner = self._book.find(prefix_kind, named, one)
        if inner is None:
            return None, _Said(_KINDS.get(_tail(named or "anyType"), _tail(named or "anyType")))
        if _local(inner) == "simpleType":
            return None, self._simple(inner)
        simple = inner.find(f"{XS}simpleContent/*")
        if simple is None:
            return inner, _Said()
        base = str(simple.get("base"))
        said = (
            _Said(_KINDS.get(_tail(base), _tail(base)))
            if _is_xs(simple, base)
            else self._simple(self._book.find("simpleType", base, simple))
        )
        return inner, said

    def _kind_of(self, named: str, by: XmlElement) -> str:
        try:
            self._book.find("simpleType", named, by)
        except SchemaNotPrintable:
            return "complexType"
        return "simpleType"

    def _content(self, body: XmlElement, depth: int, choice: str) -> Iterator[FieldRow]:
        for one in body.iterchildren(tag=etree.Element):
            kind = _local(one)
            if kind == "element":
                yield from self._element(one, depth, choice)
            elif kind in {"sequence", "all", "choice", "group"}:
                yield from self._particle(one, depth, choice)
            elif kind in {"attribute", "attributeGroup", "anyAttribute"}:
                yield from self._attributes(one, depth)
            elif kind in {"simpleContent", "complexContent"}:
                yield from self._derived(one, depth)
            elif kind == "any":
                yield _any(one, depth, choice)
            elif kind != "annotation":
                raise SchemaNotPrintable(f"{_place(one)}: xs:{kind}")

    def _particle(self, one: XmlElement, depth: int, choice: str) -> Iterator[FieldRow]:
        """What stands in a sequence, an all, a choice or a named group."""
        kind, loose = _local(one), one.get("minOccurs") == "0"
        if one.get("maxOccurs", "1") != "1":
            raise SchemaNotPrintable(f"{_place(one)}: a xs:{kind} that is repeated as a whole")
        if kind == "choice":
            yield from self._content(one, depth, NONE_OR_ONE if loose else EITHER)
            return
        inside = self._book.find("group", str(one.get("ref")), one) if kind == "group" else one
        yield from self._content(inside, depth, MAY if loose else choice)

    def _derived(self, content: XmlElement, depth: int) -> Iterator[FieldRow]:
        for one in content.iterchildren(XS + "extension", XS + "restriction"):
            base = str(one.get("base"))
            if _local(content) == "complexContent" and not _is_xs(one, base):
                if _local(one) == "restriction":
                    raise SchemaNotPrintable(f"{_place(one)}: a restricted complex type")
                yield from self._content(self._book.find("complexType", base, one), depth, "")
            facets = {XS + facet for facet in _FACETS}
            if any(child.tag in facets for child in one):
                raise SchemaNotPrintable(f"{_place(one)}: facets on a content with attributes")
            yield from self._content(one, depth, "")

    def _attributes(self, one: XmlElement, depth: int) -> Iterator[FieldRow]:
        kind = _local(one)
        if kind == "anyAttribute":
            yield FieldRow(depth, "@*", "其他属性", "任意", "", MAY, _space(one))
            return
        if kind == "attributeGroup":
            group = self._book.find("attributeGroup", str(one.get("ref")), one)
            yield from self._content(group, depth, "")
            return
        place = one
        if one.get("ref"):
            one = self._book.find("attribute", str(one.get("ref")), one)
        yield self._attribute(one, depth, place)

    def attributes(self, path: Path) -> list[FieldRow]:
        """The rows of the global attributes that stand in this very file."""
        base = path.resolve().as_uri()
        return [
            self._attribute(one, 0, one)
            for (kind, _), one in self._book.things.items()
            if kind == "attribute" and base == one.getroottree().docinfo.URL
        ]

    def _attribute(self, one: XmlElement, depth: int, place: XmlElement) -> FieldRow:
        name = str(one.get("name"))
        _, said = self._body(one) if one.get("type") or len(one) else (None, _Said("字符"))
        label, more = labelled(_words(place) or _words(one))
        fixed = fixed_at(place.get("fixed") or one.get("fixed"), more)
        return FieldRow(
            depth, f"@{name}", label, said.kind, said.length,
            MUST if place.get("use") == "required" else MAY,
            joined(more, fixed, "属性", said.notes),
        )  # fmt: skip

    def _simple(self, one: XmlElement) -> _Said:
        rule = one.find(XS + "restriction")
        if rule is None:
            raise SchemaNotPrintable(f"{_place(one)}: a simple type that is no restriction")
        base = rule.get("base")
        if base is None:
            said = self._simple(rule.find(XS + "simpleType"))  # type: ignore[arg-type]
        elif _is_xs(rule, base):
            said = _Said(_KINDS.get(_tail(base), _tail(base)))
        else:
            said = self._simple(self._book.find("simpleType", base, rule))
        facets: dict[str, list[str]] = {}
        for child in rule.iterchildren(tag=etree.Element):
            if _local(child) not in {*_FACETS, "annotation", "simpleType"}:
                raise SchemaNotPrintable(f"{_place(child)}: xs:{_local(child)}")
            facets.setdefault(_local(child), []).append(str(child.get("value")))
        return _Said(
            said.kind, joined(said.length, _length(facets)), joined(said.notes, _rules(facets))
        )


def _length(facets: dict[str, list[str]]) -> str:
    exact = _one(facets, "length")
    least, most = (
        (exact, exact) if exact else (_one(facets, "minLength"), _one(facets, "maxLength"))
    )
    digits, broken = _one(facets, "totalDigits"), _one(facets, "fractionDigits")
    return joined(
        span(least, most, "字符"),
        f"≤{digits} 位数字" if digits else "",
        f"小数 ≤{broken} 位" if broken else "",
    )


def _rules(facets: dict[str, list[str]]) -> str:
    said = []
    if "enumeration" in facets:
        said.append("取值 " + "、".join(facets["enumeration"]))
    said += [f"样式 {one}" for one in facets.get("pattern", ())]
    for facet, words in (("minInclusive", "≥"), ("maxInclusive", "≤"), ("minExclusive", ">"),
                         ("maxExclusive", "<")):  # fmt: skip
        said += [f"{words} {one}" for one in facets.get(facet, ())]
    return "；".join(said)


def _one(facets: dict[str, list[str]], name: str) -> str:
    return facets.get(name, [""])[0]


def _any(one: XmlElement, depth: int, choice: str) -> FieldRow:
    most = one.get("maxOccurs", "1")
    often = "" if most == "1" else _often(one.get("minOccurs", "1"), most)
    required = choice or (MAY if one.get("minOccurs") == "0" else MUST)
    return FieldRow(depth, "*", "任意元素", "任意", "", required, joined(_space(one), often))


def _space(one: XmlElement) -> str:
    space = one.get("namespace", "##any")
    named = {"##any": "任何命名空间", "##other": "其他命名空间", "##local": "无命名空间"}
    strict = {"strict": "严格校验", "lax": "认得的才校验", "skip": "不校验"}
    return joined(
        named.get(space, f"命名空间 {space}"), strict[one.get("processContents", "strict")]
    )


def _often(least: str, most: str) -> str:
    return f"重复 {least} 次以上" if most == "unbounded" else f"重复 {least}–{most} 次"


def _words(one: XmlElement) -> str:
    """The comment on the element's own line, inside its tag or after it; else its documentation."""
    inner = one[0] if len(one) else None
    if inner is not None and _is_comment(inner) and "\n" not in (one.text or ""):
        return str(inner.text).strip()
    after = one.getnext()
    if after is not None and _is_comment(after) and "\n" not in (one.tail or ""):
        return str(after.text).strip()
    documents = one.find(f"{XS}annotation/{XS}documentation")
    return "" if documents is None else str(documents.text or "").strip()


def _is_comment(one: XmlElement) -> bool:
    tag: object = one.tag  # the stubs know only elements
    return tag is etree.Comment


def _is_xs(by: XmlElement, named: str) -> bool:
    prefix, mark, _ = named.rpartition(":")
    return by.nsmap.get(prefix if mark else None) == XS[1:-1]


def _tail(named: str) -> str:
    return named.rpartition(":")[2]


def _local(one: XmlElement) -> str:
    return str(one.tag).rpartition("}")[2]


def _place(one: XmlElement) -> str:
    file = (one.getroottree().docinfo.URL or "").rpartition("/")[2]
    return f"{file} line {one.sourceline}"
