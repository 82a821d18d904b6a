"""How SM2 signatures, ciphertexts and keys are written; which form is used says the contract.

Inside, a signature is r‖s (64 bytes), a public key x‖y (64 bytes), a private key 32 bytes.
"""

from dataclasses import dataclass
from enum import StrEnum

from hub.crypto import der
from hub.crypto.errors import BadEncoding

HALF = 32
POINT_SIZE = 64
_DIGEST_SIZE = 32
_UNCOMPRESSED = b"\x04"

_EC_KEY_OID = bytes.fromhex("2a8648ce3d0201")  # 1.2.840.10045.2.1
_SM2_OID = bytes.fromhex("2a811ccf5501822d")  # 1.2.156.10197.1.301
_ALGORITHM = der.sequence(
    der.element(der.OBJECT_ID, _EC_KEY_OID), der.element(der.OBJECT_ID, _SM2_OID)
)


class SignatureForm(StrEnum):
    """How a signature travels."""

    RAW = "raw"  # r‖s, 64 bytes
    DER = "der"  # SEQUENCE { r, s }, GB/T 35276-2017


class CipherForm(StrEnum):
    """How a ciphertext travels."""

    C1C3C2 = "c1c3c2"  # since GM/T 0003-2012
    C1C2C3 = "c1c2c3"  # before
    DER = "der"  # SEQUENCE { x, y, C3, C2 }, GB/T 35276-2017


@dataclass(frozen=True, slots=True)
class Sm2Cipher:
    """A ciphertext in its parts: ``c1`` is x‖y (64 bytes), ``c3`` the digest (32 bytes)."""

    c1: bytes
    c3: bytes
    c2: bytes


def write_signature(raw: bytes, form: SignatureForm) -> bytes:
    """r‖s in the form asked for."""
    if form is SignatureForm.RAW:
        return raw
    halves = (raw[:HALF], raw[HALF:])
    return der.sequence(*(der.integer(int.from_bytes(half, "big")) for half in halves))


def read_signature(data: bytes, form: SignatureForm) -> bytes:
    """The form back to r‖s; raises BadEncoding."""
    if form is SignatureForm.RAW:
        if len(data) != POINT_SIZE:
            raise BadEncoding(f"a raw signature has {POINT_SIZE} bytes, not {len(data)}")
        return data
    whole = der.Reader(data)
    inside = whole.sequence()
    r, s = inside.integer(), inside.integer()
    inside.end()
    whole.end()
    return _pair(r, s)


def _pair(left: int, right: int) -> bytes:
    try:
        return left.to_bytes(HALF, "big") + right.to_bytes(HALF, "big")
    except OverflowError as error:
        raise BadEncoding("a number of more than 256 bits") from error


def write_cipher(cipher: Sm2Cipher, form: CipherForm, *, prefix: bool) -> bytes:
    """A ciphertext in the form asked for; ``prefix`` writes 04 before C1 (never in DER)."""
    head = (_UNCOMPRESSED if prefix else b"") + cipher.c1
    if form is CipherForm.C1C3C2:
        return head + cipher.c3 + cipher.c2
    if form is CipherForm.C1C2C3:
        return head + cipher.c2 + cipher.c3
    return der.sequence(
        der.integer(int.from_bytes(cipher.c1[:HALF], "big")),
        der.integer(int.from_bytes(cipher.c1[HALF:], "big")),
        der.element(der.OCTET_STRING, cipher.c3),
        der.element(der.OCTET_STRING, cipher.c2),
    )


def read_cipher(data: bytes, form: CipherForm, *, prefix: bool) -> Sm2Cipher:
    """The form back to its parts; raises BadEncoding."""
    if form is CipherForm.DER:
        return _read_cipher_der(data)
    body = data
    if prefix:
        if data[:1] != _UNCOMPRESSED:
            raise BadEncoding("the ciphertext does not begin with 04")
        body = data[1:]
    if len(body) <= POINT_SIZE + _DIGEST_SIZE:
        raise BadEncoding("the ciphertext is too short")
    c1, rest = body[:POINT_SIZE], body[POINT_SIZE:]
    if form is CipherForm.C1C3C2:
        return Sm2Cipher(c1, rest[:_DIGEST_SIZE], rest[_DIGEST_SIZE:])
    return Sm2Cipher(c1, rest[-_DIGEST_SIZE:], rest[:-_DIGEST_SIZE])


def _read_cipher_der(data: bytes) -> Sm2Cipher:
    whole = der.Reader(data)
    inside = whole.sequence()
    c1 = _pair(inside.integer(), inside.integer())
    c3, c2 = inside.read(der.OCTET_STRING), inside.read(der.OCTET_STRING)
    inside.end()
    whole.end()
    if len(c3) != _DIGEST_SIZE or not c2:
        raise BadEncoding("C3 has not 32 bytes, or C2 is empty")
    return Sm2Cipher(c1, c3, c2)


def write_public(point: bytes) -> bytes:
    """SubjectPublicKeyInfo (RFC 5480) of x‖y."""
    return der.sequence(_ALGORITHM, _bits(point))


def _bits(point: bytes) -> bytes:
    return der.element(der.BIT_STRING, b"\0" + _UNCOMPRESSED + point)


def write_private(secret: bytes, point: bytes) -> bytes:
    """PKCS#8 of a private key, its public key inside."""
    inner = der.sequence(
        der.integer(1),
        der.element(der.OCTET_STRING, secret),
        der.element(der.CONTEXT_1, _bits(point)),
    )
    return der.sequence(der.integer(0), _ALGORITHM, der.element(der.OCTET_STRING, inner))


def _check_algorithm(reader: der.Reader) -> None:
    if reader.read(der.OBJECT_ID) != _EC_KEY_OID or reader.read(der.OBJECT_ID) != _SM2_OID:
        raise BadEncoding("not a key of the SM2 curve")


def read_public(data: bytes) -> bytes:
    """SubjectPublicKeyInfo to the encoded point (04‖x‖y, or 02/03‖x)."""
    inside = der.Reader(data).sequence()
    _check_algorithm(inside.sequence())
    bits = inside.read(der.BIT_STRING)
    if bits[:1] != b"\0":
        raise BadEncoding("the public key is not a whole number of bytes")
    return bits[1:]


def read_private(data: bytes) -> bytes:
    """PKCS#8 or the older ECPrivateKey (RFC 5915) to the private key's 32 bytes."""
    inside = der.Reader(data).sequence()
    if inside.integer() == 0:
        _check_algorithm(inside.sequence())
        inside = der.Reader(inside.read(der.OCTET_STRING)).sequence()
        inside.integer()
    secret = inside.read(der.OCTET_STRING)
    if len(secret) > HALF:
        raise BadEncoding("the private key has more than 256 bits")
    return secret.rjust(HALF, b"\0")
