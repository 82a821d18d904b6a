"""SM2 keys (GB/T 32918-2016): sign, verify, encrypt, decrypt, in the forms contracts ask for.

An HSM takes a key's place by offering ``Signer`` or ``Decrypter``: callers ask for no more.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Protocol

from hub.crypto.errors import BadEncoding, KeyUnreadable
from hub.crypto.sm2_curve import (
    N,
    decode_point,
    encode_point,
    expand_point,
    public_point,
    random_scalar,
)
from hub.crypto.sm2_engines import Sm2Engine, engine_choice
from hub.crypto.sm2_forms import (
    HALF,
    POINT_SIZE,
    CipherForm,
    SignatureForm,
    read_cipher,
    read_private,
    read_public,
    read_signature,
    write_cipher,
    write_private,
    write_public,
    write_signature,
)
from hub.crypto.sm3 import sm3

DEFAULT_USER_ID = b"1234567812345678"
"""GM/T 0009-2012 §10: the user id where the partners agree on none."""

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----([^-]*)-----END \1-----")


class Signer(Protocol):
    """Something that signs with a key it need not show."""

    @property
    def public(self) -> "Sm2PublicKey":
        """The key that verifies."""
        ...

    def sign(
        self,
        message: bytes,
        *,
        form: SignatureForm = SignatureForm.RAW,
        user_id: bytes = DEFAULT_USER_ID,
    ) -> bytes:
        """The signature of ``message`` in the form asked for."""
        ...


class Decrypter(Protocol):
    """Something that decrypts with a key it need not show."""

    def decrypt(
        self, data: bytes, *, form: CipherForm = CipherForm.C1C3C2, prefix: bool = True
    ) -> bytes:
        """The plain text; raises BadEncoding or CipherBroken."""
        ...


def _unpem(text: str) -> tuple[str, bytes] | None:
    found = _PEM.search(text)
    if found is None:
        return None
    try:
        return found[1], base64.b64decode("".join(found[2].split()), validate=True)
    except binascii.Error as error:
        raise KeyUnreadable("the PEM block is not Base64") from error


def _pem(label: str, data: bytes) -> str:
    text = base64.b64encode(data).decode("ascii")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError as error:
        raise KeyUnreadable("neither PEM nor hexadecimal") from error


@dataclass(frozen=True, slots=True)
class Sm2PublicKey:
    """A public key; ``point`` is x‖y, 64 bytes, checked to lie on the curve."""

    point: bytes

    def __post_init__(self) -> None:
        decode_point(self.point)

    @classmethod
    def parse(cls, text: str) -> "Sm2PublicKey":
        """PEM (SubjectPublicKeyInfo), or hex of x‖y with or without 04, or compressed."""
        block = _unpem(text)
        try:
            return cls.from_encoded(_unhex(text) if block is None else read_public(block[1]))
        except BadEncoding as error:
            raise KeyUnreadable(f"not an SM2 public key: {error.message}") from error

    @classmethod
    def from_encoded(cls, data: bytes) -> "Sm2PublicKey":
        """x‖y, 04‖x‖y, or 02/03‖x; raises BadEncoding."""
        if len(data) == POINT_SIZE:
            return cls(data)
        if len(data) == POINT_SIZE + 1 and data[0] == 4:
            return cls(data[1:])
        if len(data) == HALF + 1 and data[0] in (2, 3):
            odd = data[0] == 3
            return cls(encode_point(expand_point(odd, int.from_bytes(data[1:], "big"))))
        raise BadEncoding(f"{len(data)} bytes are not a point")

    def hex(self, *, prefix: bool = True) -> str:
        """x‖y in lower-case hex, ``04`` before it unless told otherwise."""
        return ("04" if prefix else "") + self.point.hex()

    def pem(self) -> str:
        """SubjectPublicKeyInfo."""
        return _pem("PUBLIC KEY", write_public(self.point))

    def fingerprint(self) -> str:
        """The first 16 hex characters of the point's SM3: a name for the key."""
        return sm3(self.point).hex()[:16]

    def verify(
        self,
        message: bytes,
        signature: bytes,
        *,
        form: SignatureForm = SignatureForm.RAW,
        user_id: bytes = DEFAULT_USER_ID,
        engine: Sm2Engine | None = None,
    ) -> bool:
        """False for a wrong or malformed signature; never raises for what a partner sent."""
        try:
            raw = read_signature(signature, form)
        except BadEncoding:
            return False
        worker = engine or engine_choice().engine
        return worker.verify(self.point, message, raw, user_id)

    def encrypt(
        self,
        plain: bytes,
        *,
        form: CipherForm = CipherForm.C1C3C2,
        prefix: bool = True,
        engine: Sm2Engine | None = None,
    ) -> bytes:
        """Encrypt at least one byte; ``prefix`` writes 04 before C1."""
        if not plain:
            raise BadEncoding("SM2 cannot encrypt nothing")
        worker = engine or engine_choice().engine
        return write_cipher(worker.encrypt(self.point, plain), form, prefix=prefix)


@dataclass(frozen=True, slots=True, repr=False)
class Sm2PrivateKey:
    """A private key held in this process; shows its fingerprint only."""

    secret: bytes
    public: Sm2PublicKey = field(init=False)

    def __post_init__(self) -> None:
        value = int.from_bytes(self.secret, "big")
        if len(self.secret) != HALF or not 0 < value < N - 1:
            raise KeyUnreadable("not an SM2 private key")
        object.__setattr__(self, "public", Sm2PublicKey(public_point(value)))

    def __repr__(self) -> str:
        return f"Sm2PrivateKey({self.public.fingerprint()})"

    @classmethod
    def generate(cls) -> "Sm2PrivateKey":
        """A new key from the operating system's generator."""
        return cls(random_scalar().to_bytes(HALF, "big"))

    @classmethod
    def parse(cls, text: str) -> "Sm2PrivateKey":
        """PEM (PKCS#8 or EC PRIVATE KEY, not encrypted) or 64 hex characters."""
        block = _unpem(text)
        try:
            if block is None:
                return cls(_unhex(text))
            return cls(read_private(block[1]))
        except BadEncoding as error:
            raise KeyUnreadable(f"not an SM2 private key: {error.message}") from error

    def pem(self) -> str:
        """PKCS#8, not encrypted: only for a file of mode 0600."""
        return _pem("PRIVATE KEY", write_private(self.secret, self.public.point))

    def sign(
        self,
        message: bytes,
        *,
        form: SignatureForm = SignatureForm.RAW,
        user_id: bytes = DEFAULT_USER_ID,
        engine: Sm2Engine | None = None,
    ) -> bytes:
        """The signature of ``message`` in the form asked for."""
        worker = engine or engine_choice().engine
        raw = worker.sign(self.secret, self.public.point, message, user_id)
        return write_signature(raw, form)

    def decrypt(
        self,
        data: bytes,
        *,
        form: CipherForm = CipherForm.C1C3C2,
        prefix: bool = True,
        engine: Sm2Engine | None = None,
    ) -> bytes:
        """The plain text; raises BadEncoding (not this form) or CipherBroken."""
        worker = engine or engine_choice().engine
        parts = read_cipher(data, form, prefix=prefix)
        return worker.decrypt(self.secret, self.public.point, parts)
