"""Fixed-width files: a layout as data, bytes to records and back.

``layouts/NAME.yaml``::

    format: 1
    what: 批量划款文件
    ends: crlf                     # written after every record; read: CRLF and LF, mixed too
    controls: {count: TOTAL_NUM, total: TOTAL_AMT, of: AMOUNT, digest: DIGEST}
    records:
      header:
        tag: H                     # the record's first byte
        fields:
          - {name: BATCH_NO, from: 2, bytes: 20, kind: text, pad: right, what: 批次号}
      detail: …
      trailer: …

Places and widths are counted in bytes of the wire's charset, from 1.  ``kind``: ``text``,
``number`` (digits, a minus sign before them), ``digest``, ``blank`` (reserved).  ``pad``: on which
side, with what: ``right`` and ``left`` blanks, ``zero`` zeros on the left, after the sign.

A file is a header, any number of details, a trailer.  The trailer's controls are: how many
details, the sum of their field ``of`` (what is no number counts as 0), and the SM3 in hex of
every byte before the trailer.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from struct import Struct
from typing import Any

from hub.contracts.charset import BadText, Charset
from hub.contracts.documents import BadDocument
from hub.contracts.masking import shape
from hub.contracts.yaml_files import read_yaml
from hub.crypto import sm3_hex
from hub.kernel.errors import BadInput

FORMAT = 1
Record = Mapping[str, str]

_KINDS = {"text", "number", "digest", "blank"}
_PADS = {"right", "left", "zero"}
_ENDS = {"crlf": b"\r\n", "lf": b"\n"}
_NUMBER = re.compile(r"-?[0-9]+")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f]")


class Unwritable(BadInput):
    """A value does not fit its place in a fixed-width file; nothing was written."""

    code = "contract.unwritable"
    hint = "Values are never cut: the item waits for a person (name_not_representable)."


@dataclass(frozen=True, slots=True)
class LayoutField:
    """One field.  ``start`` is its first byte, from 1; ``width`` in bytes."""

    name: str
    start: int
    width: int
    kind: str
    pad: str
    what: str

    def written(self, text: str, charset: Charset) -> bytes:
        """Exactly ``width`` bytes; raises Unwritable, never cuts."""
        if not text.isprintable() and _UNWRITABLE.search(text):
            raise Unwritable(f"{self.name}: {shape(text)} holds a control character")
        if self.kind == "number" and not _NUMBER.fullmatch(text):
            raise Unwritable(f"{self.name}: {shape(text)} is no number")
        try:
            raw = text.encode("ascii") if text.isascii() else charset.encode(text)
        except BadText as error:
            raise Unwritable(f"{self.name}: {error.message}") from None
        if len(raw) > self.width:
            raise Unwritable(f"{self.name}: {len(raw)} bytes, there is room for {self.width}")
        if self.pad == "zero":
            return raw.zfill(self.width)
        return raw.ljust(self.width) if self.pad == "right" else raw.rjust(self.width)


class RecordLayout:
    """One kind of record: its tag, then its fields, one after the other without a gap."""

    def __init__(self, name: str, tag: str, fields: Sequence[LayoutField]) -> None:
        self.name = name
        self.tag = tag.encode("ascii")
        self.fields = tuple(fields)
        at = 1 + len(self.tag)
        for one in fields:
            if one.start != at:
                raise ValueError(f"{name}/{one.name}: from {one.start}, the one before ends {at}")
            if one.kind not in _KINDS or one.pad not in _PADS or one.width < 1:
                raise ValueError(f"{name}/{one.name}: kind or pad or width is none")
            at += one.width
        self.size = at - 1
        self.told = [(place, one) for place, one in enumerate(self.fields) if one.kind != "blank"]
        self.names = tuple(one.name for _, one in self.told)
        self._struct = Struct(f"{len(self.tag)}x" + "".join(f"{one.width}s" for one in self.fields))
        if len(self.tag) != 1 or len(set(self.names)) != len(self.names):
            raise ValueError(f"{name}: a tag of one letter, and names that differ")

    def field(self, name: str) -> LayoutField:
        """By its name; ValueError when there is none."""
        found = next((one for one in self.fields if one.name == name), None)
        if found is None:
            raise ValueError(f"{self.name}: there is no field {name}")
        return found

    def write(self, values: Record, charset: Charset) -> bytes:
        """The record without its end.  Raises Unwritable; KeyError for a value left out."""
        parts = [
            one.written("" if one.kind == "blank" else values[one.name], charset)
            for one in self.fields
        ]
        return self.tag + b"".join(parts)

    def read(self, records: Sequence[bytes], charset: Charset) -> list[dict[str, str]]:
        """Records of exactly this size as values, the padding on its side taken away.

        Raises BadText for a field that ends in the middle of a character, or of another charset.
        """
        columns = list(zip(*map(self._struct.unpack, records), strict=True))
        if not columns:
            return []
        texts = []
        for place, one in self.told:
            # A column is decoded at once: what ends in the middle of a character cannot go on
            # over the line's end between two values.
            column = b"\n".join(columns[place])
            text = column.decode("ascii") if column.isascii() else charset.decode(column)
            values = text.split("\n")
            texts.append(list(map(_STRIP[one.pad], values)) if " " in text else values)
        return [dict(zip(self.names, row, strict=True)) for row in zip(*texts, strict=True)]


_STRIP = {
    "right": methodcaller("rstrip", " "),
    "left": methodcaller("lstrip", " "),
    # A number as it stands; what a partner writes there instead of one may have blanks.
    "zero": methodcaller("strip", " "),
}


@dataclass(frozen=True, slots=True)
class FixedFile:
    """A file that agrees with its own controls.  ``mixed``: its line ends differ."""

    header: Record
    details: Sequence[Record]
    trailer: Record
    mixed: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file."""

    name: str
    what: str
    end: bytes
    charset: Charset
    header: RecordLayout
    detail: RecordLayout
    trailer: RecordLayout
    controls: Mapping[str, str]

    def write(self, header: Record, details: Iterable[Record]) -> bytes:
        """A whole file; its controls are counted here.  Raises Unwritable."""
        rows = list(details)
        lines = [self.header.write(header, self.charset)]
        lines += [self.detail.write(row, self.charset) for row in rows]
        before = self.end.join(lines) + self.end
        return before + self.trailer.write(self._counted(rows, before), self.charset) + self.end

    def read(self, data: bytes) -> FixedFile:
        """Bytes to records; BadDocument for what is no whole file of this layout."""
        lines, mixed = _lines(data)
        wanted = [self.header, *[self.detail] * (len(lines) - 2), self.trailer]
        if len(lines) < 2 or not lines[-1].startswith(self.trailer.tag):
            raise BadDocument("has no trailer: half a file")
        for place, (line, kind) in enumerate(zip(lines, wanted, strict=True), start=1):
            if not line.startswith(kind.tag):
                raise BadDocument(f"record {place} is no {kind.name}")
            if len(line) != kind.size:
                raise BadDocument(f"record {place} has {len(line)} bytes, not {kind.size}")
        try:
            (header,) = self.header.read(lines[:1], self.charset)
            details = self.detail.read(lines[1:-1], self.charset)
            (trailer,) = self.trailer.read(lines[-1:], self.charset)
        except BadText as error:
            raise BadDocument(error.message) from None
        self._check(details, trailer, data[: data.rindex(lines[-1])])
        return FixedFile(header, details, trailer, mixed)

    def glance(self, data: bytes, most: int) -> list[Record] | None:
        """The first records, of a file in any state; None when it does not begin like this one.

        For people to look at: numbers without the zeros before them; a record that cannot be
        read is its length.
        """
        lines, _ = _lines(data)
        kinds = {one.tag: one for one in (self.header, self.detail, self.trailer)}
        if not lines or not lines[0].startswith(self.header.tag):
            return None
        if len(lines[0]) != self.header.size:
            return None
        shown: list[Record] = []
        for line in lines[:most]:
            kind = kinds.get(line[:1])
            try:
                if kind is None or len(line) != kind.size:
                    raise BadText("another record")
                (record,) = kind.read([line], self.charset)
                shown.append({one.name: _plain(one, record[one.name]) for _, one in kind.told})
            except BadText:
                shown.append({"?": f"{len(line)} bytes"})
        return shown

    def _check(self, details: Sequence[Record], trailer: Record, before: bytes) -> None:
        counted = self._counted(details, before)
        for control in ("count", "total"):
            name = self.controls[control]
            if not _NUMBER.fullmatch(trailer[name]) or int(trailer[name]) != int(counted[name]):
                raise BadDocument(f"the trailer's {name} does not agree with the records")
        digest = self.controls["digest"]
        if trailer[digest].lower() != counted[digest]:
            raise BadDocument(f"the trailer's {digest} is of other bytes")

    def _counted(self, details: Sequence[Record], before: bytes) -> dict[str, str]:
        of = self.controls["of"]
        total = sum(int(row[of]) for row in details if _NUMBER.fullmatch(row[of]))
        return {
            self.controls["count"]: str(len(details)),
            self.controls["total"]: str(total),
            self.controls["digest"]: sm3_hex(before),
        }


def _plain(field: LayoutField, text: str) -> str:
    number = field.kind == "number" and _NUMBER.fullmatch(text)
    return str(int(text)) if number else text


def _lines(data: bytes) -> tuple[list[bytes], bool]:
    """The records without their ends.  No character of GB18030 holds a byte of a line's end."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    ended = data.count(b"\r\n")
    if ended:
        lines = [line.removesuffix(b"\r") for line in lines]
    return lines, ended not in (0, data.count(b"\n"))


def read_layout(name: str, path: Path, charset: Charset) -> Layout:
    """Raises ValueError, KeyError, TypeError or OSError for an unsound one."""
    raw = read_yaml(path)
    if raw["format"] != FORMAT:
        raise ValueError(f"layout {name}: format {raw['format']} is not known here")
    kinds = {kind: _record(kind, raw["records"][kind]) for kind in ("header", "detail", "trailer")}
    if len({one.tag for one in kinds.values()}) != len(kinds):
        raise ValueError(f"layout {name}: two kinds of records have one tag")
    controls = {key: str(raw["controls"][key]) for key in ("count", "total", "of", "digest")}
    kinds["detail"].field(controls["of"])
    if {kinds["trailer"].field(controls[key]).name for key in ("count", "total", "digest")} != set(
        kinds["trailer"].names
    ):
        raise ValueError(f"layout {name}: the trailer has its controls and nothing else")
    return Layout(name, str(raw["what"]), _ENDS[raw["ends"]], charset, **kinds, controls=controls)


def _record(kind: str, raw: Mapping[str, Any]) -> RecordLayout:
    fields = [
        LayoutField(
            str(one["name"]), one["from"], one["bytes"], one["kind"], one["pad"], str(one["what"])
        )
        for one in raw["fields"]
    ]
    return RecordLayout(kind, str(raw["tag"]), fields)
