"""The partners' own reader and writer of fixed-width files, from a contract's layout as data.

Counted in bytes of GB18030.  A file is a header, details, a trailer with their count, their sum
and the SM3 of every byte before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes

from mocks.kit.xml import CHARSET, Unreadable
from mocks.kit.yaml_files import read_yaml

_ENDS = {"crlf": b"\r\n", "lf": b"\n"}


class WrongTotals(Unreadable):
    """Count or sum of the trailer do not agree with the details."""


class WrongDigest(Unreadable):
    """The digest is of other bytes."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file says: values by name, blanks around them taken away."""

    header: Mapping[str, str]
    details: Sequence[Mapping[str, str]]
    trailer: Mapping[str, str]


class FixedLayout:
    """One kind of file."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._records: Mapping[str, Any] = raw["records"]
        self._controls: Mapping[str, str] = raw["controls"]
        self._end = _ENDS[raw["ends"]]

    def write(self, header: Mapping[str, str], details: Sequence[Mapping[str, str]]) -> bytes:
        """A whole file with its trailer; :class:`Unreadable` for a value that does not fit."""
        body = self._line("header", header)
        for one in details:
            body += self._line("detail", one)
        return body + self._line("trailer", self._controls_of(details, body))

    def read(self, data: bytes) -> Sheet:
        """:class:`Unreadable`, or one of its kinds."""
        lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
        if lines and lines[-1] == b"":
            del lines[-1]
        if len(lines) < 2:
            raise Unreadable("文件不全")
        header = self._values("header", lines[0])
        details = [self._values("detail", line) for line in lines[1:-1]]
        trailer = self._values("trailer", lines[-1])
        self._check(details, trailer, data[: data.rstrip(b"\r\n").rfind(b"\n") + 1])
        return Sheet(header, details, trailer)

    def with_ends(self, lines: Sequence[bytes], other: bytes) -> bytes:
        """Records before the trailer once more, every second one ended otherwise."""
        body = b"".join(line + (other if at % 2 else self._end) for at, line in enumerate(lines))
        details = [self._values("detail", line) for line in lines[1:]]
        return body + self._line("trailer", self._controls_of(details, body))

    def trailer_place(self, field: str) -> slice:
        """Where a field stands in the trailer's bytes."""
        for one in self._records["trailer"]["fields"]:
            if one["name"] == field:
                return slice(one["from"] - 1, one["from"] - 1 + one["bytes"])
        raise KeyError(field)

    def _check(
        self, details: Sequence[Mapping[str, str]], trailer: Mapping[str, str], before: bytes
    ) -> None:
        counted, names = self._controls_of(details, before), self._controls
        for name in (names["count"], names["total"]):
            if int(trailer[name]) != int(counted[name]):
                raise WrongTotals(f"{name} 与明细不符")
        if trailer[names["digest"]] != counted[names["digest"]]:
            raise WrongDigest("摘要不符")

    def _controls_of(self, details: Sequence[Mapping[str, str]], before: bytes) -> dict[str, str]:
        names = self._controls
        return {
            names["count"]: str(len(details)),
            names["total"]: str(sum(_fen(one[names["of"]]) for one in details)),
            names["digest"]: sm3_hex(before),
        }

    def _line(self, kind: str, values: Mapping[str, str]) -> bytes:
        line = str(self._records[kind]["tag"]).encode("ascii")
        for one in self._records[kind]["fields"]:
            text = str(values[one["name"]])
            raw, width = text.encode(CHARSET), int(one["bytes"])
            if one["pad"] == "zero" and text.lstrip("-").isdecimal():
                sign = b"-" if text.startswith("-") else b""
                raw = sign + text.lstrip("-").encode("ascii").rjust(width - len(sign), b"0")
            raw += b" " * (width - len(raw))
            if len(raw) != width:
                raise Unreadable(f"{one['name']} 超长")
            line += raw
        return line + self._end

    def _values(self, kind: str, line: bytes) -> dict[str, str]:
        record = self._records[kind]
        size = 1 + sum(int(one["bytes"]) for one in record["fields"])
        if len(line) != size or line[:1] != str(record["tag"]).encode("ascii"):
            raise Unreadable(f"{kind} 记录 {len(line)} 字节，应为 {size}")
        found = {}
        for one in record["fields"]:
            start = int(one["from"]) - 1
            try:
                text = line[start : start + int(one["bytes"])].decode(CHARSET)
            except UnicodeDecodeError as error:
                raise Unreadable(f"{one['name']} 不是 GB18030") from error
            found[one["name"]] = text.strip(" ")
        return found


@cache
def read_layout(path: Path) -> FixedLayout:
    """A contract's ``layouts/NAME.yaml``."""
    return FixedLayout(read_yaml(path))


def sm3_hex(data: bytes) -> str:
    """SM3, GB/T 32905-2016, as lower-case hex."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def _fen(text: str) -> int:
    return int(text) if text.removeprefix("-").isdecimal() else 0
