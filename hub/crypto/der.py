"""The little DER (X.690) that SM2 needs: integers, strings, sequences, read strictly."""

from hub.crypto.errors import BadEncoding

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_ID = 0x06
SEQUENCE = 0x30
CONTEXT_1 = 0xA1

_LONG = 0x80


def element(tag: int, body: bytes) -> bytes:
    """One element: tag, length, body."""
    size = len(body)
    if size < _LONG:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(length))) + length + body


def integer(value: int) -> bytes:
    """A number ≥ 0, in the fewest bytes that keep it positive."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*parts: bytes) -> bytes:
    """A sequence of encoded elements."""
    return element(SEQUENCE, b"".join(parts))


class Reader:
    """Reads elements one after the other; anything unexpected raises BadEncoding."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise BadEncoding("DER ends in the middle of an element")
        piece = self._data[self._at : self._at + size]
        self._at += size
        return piece

    def peek(self) -> int:
        """The next tag, 0 at the end."""
        return 0 if self.at_end else self._data[self._at]

    def read(self, tag: int) -> bytes:
        """The body of the next element, which must have this tag."""
        found = self._take(1)[0]
        if found != tag:
            raise BadEncoding(f"DER element {found:#04x} where {tag:#04x} belongs")
        size = self._take(1)[0]
        if size >= _LONG:
            digits = self._take(size & 0x7F)
            size = int.from_bytes(digits, "big")
            if not digits or digits[0] == 0 or size < _LONG:
                raise BadEncoding("DER length is not in its shortest form")
        return self._take(size)

    def sequence(self) -> "Reader":
        """A reader of the next element's inside."""
        return Reader(self.read(SEQUENCE))

    def integer(self) -> int:
        """A number ≥ 0 in its shortest form."""
        body = self.read(INTEGER)
        if not body or body[0] >= _LONG:
            raise BadEncoding("DER integer is empty or negative")
        if len(body) > 1 and body[0] == 0 and body[1] < _LONG:
            raise BadEncoding("DER integer is not in its shortest form")
        return int.from_bytes(body, "big")

    def end(self) -> None:
        """Nothing may follow."""
        if not self.at_end:
            raise BadEncoding("bytes follow after the DER structure")
