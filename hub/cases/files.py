"""What an attachment really is: by its content, not by its name.

A zip is opened, within bounds that hold whatever its directory claims; each file in it is looked
at by itself.  Nothing is ever written to disk or executed.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.crypto import sm3_hex
from hub.ports.case import FileRules

OK = "ok"
ZIP = "zip"
_MAGIC = (
    ("pdf", b"%PDF-"),
    ("jpg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    (ZIP, b"PK\x03\x04"),
    (ZIP, b"PK\x05\x06"),  # an empty one
)
_ALSO = {"jpeg": "jpg"}
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
_MARKED = re.compile(r"([0-9]{2})[-_ ]")
_BROKEN = (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError, OSError)


@dataclass(frozen=True, slots=True)
class Looked:
    """One file as it is: ``media`` by its content (empty: none that is known), ``size`` in bytes,
    ``digest`` SM3; ``word`` is ok or what is wrong.  ``parts`` of a zip, each with its name."""

    media: str
    size: int
    digest: str
    word: str
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a zip; ``material`` is what its name is marked with (01-…), else empty."""

    name: str = field(repr=False)
    material: str
    content: bytes = field(repr=False)
    looked: Looked


class _Bad(Exception):
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def look(rules: FileRules, name: str, content: bytes) -> Looked:
    """Look at one file as it was sent."""
    media = _media(content)
    if media != ZIP:
        return _looked(media, content, _plain(rules, name, content, media))
    if len(content) > rules.unpacked:
        return _looked(ZIP, content, "too_large")
    said = _said(name)
    if said not in (ZIP, ""):  # an office document is a zip too, and says so
        return _looked(ZIP, content, "type_lies" if said in rules.types else "type_unknown")
    try:
        parts = tuple(_parts(rules, content))
    except _Bad as bad:
        return _looked(ZIP, content, bad.word)
    except _BROKEN:
        return _looked(ZIP, content, "zip_broken")
    return _looked(ZIP, content, OK if parts else "empty", parts)


def _parts(rules: FileRules, content: bytes) -> Iterator[Part]:
    left = rules.unpacked
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        listed = packed.infolist()
        if len(listed) > rules.packed_most:
            raise _Bad("too_many")
        for one in listed:
            if one.is_dir():
                continue
            if one.flag_bits & _ENCRYPTED:
                raise _Bad("zip_broken")
            found = _unpacked(packed, one, left)
            left -= len(found)
            name = _name(one)
            media = _media(found)
            if media == ZIP:
                raise _Bad("zip_nested")
            looked = _looked(media, found, _plain(rules, name, found, media))
            marked = _MARKED.match(name)
            yield Part(name, marked[1] if marked else "", found, looked)


def _unpacked(packed: zipfile.ZipFile, one: zipfile.ZipInfo, most: int) -> bytes:
    """Never more than one byte beyond ``most`` is unpacked, whatever the directory says."""
    with packed.open(one) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise _Bad("zip_bomb")
    return found


def _name(one: zipfile.ZipInfo) -> str:
    """The file's own name, without folders; Windows writes it in the GBK family."""
    name = one.filename
    if not one.flag_bits & _UTF8_NAME:
        try:
            name = one.orig_filename.encode("cp437").decode("gb18030")
        except (UnicodeEncodeError, UnicodeDecodeError):
            name = one.filename
    return name.replace("\\", "/").rpartition("/")[2][:200]


def _plain(rules: FileRules, name: str, content: bytes, media: str) -> str:
    if not content:
        return "empty"
    if len(content) > rules.largest:
        return "too_large"
    said = _said(name)
    if said and said != media and (said in rules.types or said == ZIP):
        return "type_lies"
    return OK if media in rules.types else "type_unknown"


def _said(name: str) -> str:
    """The type a name claims; empty without an extension."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return _ALSO.get(ending, ending)


def _media(content: bytes) -> str:
    return next((media for media, magic in _MAGIC if content.startswith(magic)), "")


def _looked(media: str, content: bytes, word: str, parts: tuple[Part, ...] = ()) -> Looked:
    return Looked(media, len(content), sm3_hex(content), word, parts)
