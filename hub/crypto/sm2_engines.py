"""Which SM2 engine does the work: libcrypto when it answers known questions rightly, else Python.

The known answers are GM/T 0003.5-2012 (GB/T 32918.5-2017) annex A.2 and C.2.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hub.crypto.errors import CipherBroken
from hub.crypto.sm2_curve import PythonEngine
from hub.crypto.sm2_forms import Sm2Cipher
from hub.crypto.sm2_libcrypto import LibcryptoEngine, LibraryMissing
from hub.kernel.errors import HubError

_SECRET = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
_PUBLIC = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_USER = b"1234567812345678"
_SIGNED = b"message digest"
_SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
_PLAIN = b"encryption standard"
_CIPHER = Sm2Cipher(
    c1=bytes.fromhex(
        "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
        "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
    ),
    c3=bytes.fromhex("59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"),
    c2=bytes.fromhex("21886ca989ca9c7d58087307ca93092d651efa"),
)


class Sm2Engine(Protocol):
    """The arithmetic of SM2.  Keys are raw: 32 bytes private, 64 bytes (x‖y) public."""

    name: str

    def sign(self, secret: bytes, public: bytes, message: bytes, user_id: bytes) -> bytes:
        """r‖s, 64 bytes."""
        ...

    def verify(self, public: bytes, message: bytes, signature: bytes, user_id: bytes) -> bool:
        """Whether r‖s (64 bytes) is the key's signature."""
        ...

    def encrypt(self, public: bytes, plain: bytes) -> Sm2Cipher:
        """At least one byte of plain text."""
        ...

    def decrypt(self, secret: bytes, public: bytes, cipher: Sm2Cipher) -> bytes:
        """Raises CipherBroken for another key or an altered ciphertext."""
        ...


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine in use; ``reason`` says why it is not libcrypto, empty when it is."""

    engine: Sm2Engine
    reason: str = ""


def self_test(engine: Sm2Engine) -> str:
    """What the engine gets wrong, in a word; empty when it passes."""
    try:
        wrong = [fault for fault, passed in _answers(engine) if not passed]
    except HubError as error:
        return f"fails: {error.message}"
    return wrong[0] if wrong else ""


def _answers(engine: Sm2Engine) -> Iterator[tuple[str, bool]]:
    def accepts(message: bytes, user_id: bytes) -> bool:
        return engine.verify(_PUBLIC, message, _SIGNATURE, user_id)

    yield "refuses the published signature", accepts(_SIGNED, _USER)
    yield "accepts a signature of another message", not accepts(_SIGNED + b".", _USER)
    yield "ignores the user id", not accepts(_SIGNED, b"ALICE123@YAHOO.COM")
    fresh = engine.sign(_SECRET, _PUBLIC, _SIGNED, _USER)
    yield "signs wrongly", PythonEngine().verify(_PUBLIC, _SIGNED, fresh, _USER)
    found = engine.decrypt(_SECRET, _PUBLIC, _CIPHER)
    yield "decrypts the published ciphertext wrongly", found == _PLAIN
    found = engine.decrypt(_SECRET, _PUBLIC, engine.encrypt(_PUBLIC, _PLAIN))
    yield "cannot read what it encrypted", found == _PLAIN
    yield "does not notice an altered ciphertext", _notices_alteration(engine)


def _notices_alteration(engine: Sm2Engine) -> bool:
    altered = Sm2Cipher(_CIPHER.c1, _CIPHER.c3, b"\0" + _CIPHER.c2[1:])
    try:
        engine.decrypt(_SECRET, _PUBLIC, altered)
    except CipherBroken:
        return True
    return False


def choose_engine() -> EngineChoice:
    """Try libcrypto, test it, else fall back; takes a few milliseconds."""
    try:
        engine = LibcryptoEngine()
    except LibraryMissing as error:
        return EngineChoice(PythonEngine(), str(error))
    fault = self_test(engine)
    if fault:
        return EngineChoice(PythonEngine(), f"libcrypto {fault}")
    return EngineChoice(engine)


@functools.cache
def engine_choice() -> EngineChoice:
    """The choice for this process, made at the first use."""
    return choose_engine()
