"""SM3 (GB/T 32905-2016) and HMAC-SM3: 32-byte digests.

OpenSSL behind ``hashlib`` does it where Python was built with SM3; else the OpenSSL that
``cryptography`` carries.  Both give the same bytes; the choice is made once, at import.
"""

import hashlib
from typing import Any, Protocol

from cryptography.hazmat.primitives import hashes

DIGEST_SIZE = 32
_BLOCK_SIZE = 64


class Hasher(Protocol):
    """The part of hashlib's objects that is used here."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""
        ...

    def digest(self) -> bytes:
        """The 32 bytes; the hasher may go on afterwards."""
        ...

    def copy(self) -> "Hasher":
        """A hasher in the same state."""
        ...


class _CarriedHasher:
    """cryptography's SM3 with hashlib's face."""

    __slots__ = ("_inner",)

    def __init__(self, inner: hashes.Hash | None = None) -> None:
        self._inner = inner or hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._inner.update(data)

    def digest(self) -> bytes:
        return self._inner.copy().finalize()

    def copy(self) -> "_CarriedHasher":
        return _CarriedHasher(self._inner.copy())


def _carried_sm3(data: bytes) -> bytes:
    hasher = hashes.Hash(hashes.SM3())
    hasher.update(data)
    return hasher.finalize()


NATIVE = "sm3" in hashlib.algorithms_available
"""Whether Python's own OpenSSL does the work."""

_EMPTY: Any = hashlib.new("sm3") if NATIVE else None


def _native_sm3(data: bytes) -> bytes:
    hasher = _EMPTY.copy()  # to look the algorithm up anew is a third of a short digest's time
    hasher.update(data)
    digest: bytes = hasher.digest()
    return digest


_digest = _native_sm3 if NATIVE else _carried_sm3


def sm3(data: bytes) -> bytes:
    """The digest of ``data``, 32 bytes."""
    return _digest(data)


def sm3_hex(data: bytes) -> str:
    """The digest of ``data``, 64 lower-case hex characters."""
    return _digest(data).hex()


def new_sm3(data: bytes = b"") -> Hasher:
    """A hasher for data that comes in pieces."""
    hasher: Hasher = hashlib.new("sm3") if NATIVE else _CarriedHasher()
    hasher.update(data)
    return hasher


class HmacSm3:
    """HMAC-SM3 (RFC 2104 over SM3) under one key, made ready once.  Safe across threads.

    The two padded key blocks are hashed at the start, so that a short message costs two
    compressions instead of four.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (sm3(key) if len(key) > _BLOCK_SIZE else key).ljust(_BLOCK_SIZE, b"\0")
        self._inner = new_sm3(bytes(byte ^ 0x36 for byte in block))
        self._outer = new_sm3(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """The authentication code of ``message``, 32 bytes."""
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    """The authentication code of one message, 32 bytes."""
    return HmacSm3(key).digest(message)
