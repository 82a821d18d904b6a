"""Text ↔ bytes of a wire: the one place that knows that what a bank calls GBK is GB18030.

GBK has no place for 𠮷 or 𬭩; GB18030 (GB 18030-2022) contains GBK and every Unicode character.
Python's codec is used alone: libxml2's iconv disagrees with it on a few characters (FE59 …), so
no parser of this project ever sees the bank's bytes, only text that was decoded here.
"""

import re
from dataclasses import dataclass

from hub.kernel.errors import BadInput

_FAMILY = {"gbk", "gb2312", "gb18030", "cp936"}
_NARROW = re.compile(r"[\u0080-\u07ff]")
_WIDE = re.compile(r"[\u0800-\U0010ffff]")
_TELLING = 4
"""Chinese characters of three bytes from which valid UTF-8 cannot be GB18030 by chance.  Bytes of
GB18030 that pass for UTF-8 mostly pass as two-byte letters (一 is D2 BB, so is Cyrillic һ);
three of its characters pass for two Chinese ones of UTF-8 with probability 3·10⁻⁵."""


class BadText(BadInput):
    """The bytes are not in the charset of the contract, or the text does not fit into it."""

    code = "contract.bad_text"
    hint = "See the drift rows of this interface; ask the partner what charset it sends."


@dataclass(frozen=True, slots=True)
class Charset:
    """``declared``: the name that stands in the documents; ``written``: the codec used."""

    declared: str
    written: str

    def encode(self, text: str) -> bytes:
        """Text to wire bytes; raises BadText for what the charset cannot carry."""
        try:
            return text.encode(self.written)
        except UnicodeEncodeError as error:
            raise BadText(
                f"{error.end - error.start} character(s) have no {self.written}"
            ) from None

    def decode(self, data: bytes) -> str:
        """Wire bytes to text; raises BadText for another charset, UTF-8 in a GB18030 wire too."""
        if self.is_chinese and _looks_like_utf8(data):
            raise BadText(f"UTF-8 where {self.written} is expected")
        try:
            return data.decode(self.written)
        except UnicodeDecodeError as error:
            raise BadText(f"no {self.written} at byte {error.start} of {len(data)}") from None

    def size(self, text: str) -> int:
        """Bytes that a text takes on the wire."""
        return len(text) if text.isascii() else len(self.encode(text))

    def may_be_called(self, name: str) -> bool:
        """Whether a document may declare itself so."""
        clean = name.strip().lower()
        own = {self.declared.lower(), self.written.lower()}
        return clean in own or (self.is_chinese and clean in _FAMILY)

    @property
    def is_chinese(self) -> bool:
        """Whether the wire is of the GBK family."""
        return self.written.lower() in _FAMILY


def _looks_like_utf8(data: bytes) -> bool:
    if data.isascii():
        return False
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    wide = len(_WIDE.findall(text))
    # The names' dot (·) has two bytes in UTF-8: some narrow ones are no proof against it.
    return wide >= _TELLING and wide > len(_NARROW.findall(text))
