"""SM2's curve (GB/T 32918.5-2017) in plain Python: points, and the engine of last resort.

Python's integers take time that depends on their values, so an attacker on the same machine
could measure this engine; it serves where no libcrypto 3 is to be had, and as a second opinion
in tests.  An HSM keeps keys out of this process altogether.
"""

import hmac
import secrets

from hub.crypto.errors import BadEncoding, CipherBroken
from hub.crypto.sm2_forms import Sm2Cipher
from hub.crypto.sm3 import sm3

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

Point = tuple[int, int, int]
"""Jacobian: x/z², y/z³; z = 0 is the point at infinity."""

_INFINITY: Point = (1, 1, 0)
_WINDOW = 4


def _double(point: Point) -> Point:
    x, y, z = point
    if z == 0 or y == 0:
        return _INFINITY
    zz = z * z % P
    slope = 3 * (x - zz) * (x + zz) % P  # a = -3
    yy = y * y % P
    s = 4 * x * yy % P
    new_x = (slope * slope - 2 * s) % P
    return new_x, (slope * (s - new_x) - 8 * yy * yy) % P, 2 * y * z % P


def add(left: Point, right: Point) -> Point:
    """The sum of two points."""
    if left[2] == 0:
        return right
    if right[2] == 0:
        return left
    x1, y1, z1 = left
    x2, y2, z2 = right
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * zz2 % P, x2 * zz1 % P
    s1, s2 = y1 * zz2 * z2 % P, y2 * zz1 * z1 % P
    if u1 == u2:
        return _double(left) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    new_x = (r * r - hhh - 2 * v) % P
    return new_x, (r * (v - new_x) - s1 * hhh) % P, h * z1 * z2 % P


def multiply(k: int, point: Point) -> Point:
    """k times the point, four bits at a time."""
    table = [_INFINITY, point]
    for _ in range(2, 1 << _WINDOW):
        table.append(add(table[-1], point))
    total = _INFINITY
    for digit in f"{k % N:x}":
        for _ in range(_WINDOW):
            total = _double(total)
        total = add(total, table[int(digit, 16)])
    return total


def affine(point: Point) -> tuple[int, int]:
    """x and y; raises CipherBroken at infinity, which no honest value reaches."""
    x, y, z = point
    if z == 0:
        raise CipherBroken("the point at infinity")
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * inverse * inverse * inverse % P


GENERATOR: Point = (GX, GY, 1)


def encode_point(point: Point) -> bytes:
    """x‖y, 64 bytes."""
    x, y = affine(point)
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def decode_point(raw: bytes) -> Point:
    """64 bytes to a point; raises BadEncoding when it is not on the curve."""
    x, y = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    if len(raw) != 64 or x >= P or y >= P or (y * y - (x * x * x + A * x + B)) % P:
        raise BadEncoding("not a point of the SM2 curve")
    return x, y, 1


def expand_point(odd: bool, x: int) -> Point:
    """The point with this x and the parity of y asked for."""
    y = pow(x * x * x + A * x + B, (P + 1) // 4, P)
    point = decode_point(x.to_bytes(32, "big") + y.to_bytes(32, "big"))
    return point if odd == bool(y & 1) else (x, P - y, 1)


def public_point(secret: int) -> bytes:
    """The public key of a private one: x‖y, 64 bytes."""
    return encode_point(multiply(secret, GENERATOR))


def random_scalar() -> int:
    """1 … n-2, from the operating system's generator."""
    return 1 + secrets.randbelow(N - 2)


def message_digest(public: bytes, message: bytes, user_id: bytes) -> int:
    """e = SM3(Z ‖ M), GB/T 32918.2-2016 §5.5: Z binds the user id and the public key."""
    bits = (len(user_id) * 8).to_bytes(2, "big")
    curve = b"".join(value.to_bytes(32, "big") for value in (A, B, GX, GY))
    return int.from_bytes(sm3(sm3(bits + user_id + curve + public) + message), "big")


def key_stream(seed: bytes, size: int) -> bytes:
    """KDF of GB/T 32918.4-2016 §5.4.3."""
    rounds = (size + 31) // 32
    blocks = (sm3(seed + count.to_bytes(4, "big")) for count in range(1, rounds + 1))
    return b"".join(blocks)[:size]


def _xor(left: bytes, right: bytes) -> bytes:
    value = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return value.to_bytes(len(left), "big")


class PythonEngine:
    """SM2 without a library: some hundred operations a second."""

    name = "python"

    def sign(self, secret: bytes, public: bytes, message: bytes, user_id: bytes) -> bytes:
        """r‖s, 64 bytes."""
        digest = message_digest(public, message, user_id)
        while True:
            signature = sign_with(int.from_bytes(secret, "big"), digest, random_scalar())
            if signature is not None:
                return signature

    def verify(self, public: bytes, message: bytes, signature: bytes, user_id: bytes) -> bool:
        """Whether r‖s is the key's signature of this message under this user id."""
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        t = (r + s) % N
        if not (0 < r < N and 0 < s < N) or t == 0:
            return False
        total = add(multiply(s, GENERATOR), multiply(t, decode_point(public)))
        if total[2] == 0:
            return False
        return (message_digest(public, message, user_id) + affine(total)[0]) % N == r

    def encrypt(self, public: bytes, plain: bytes) -> Sm2Cipher:
        """Encrypt for the holder of the private key."""
        while True:
            sealed = encrypt_with(public, plain, random_scalar())
            if sealed is not None:
                return sealed

    def decrypt(self, secret: bytes, public: bytes, cipher: Sm2Cipher) -> bytes:
        """Raises CipherBroken when C3 does not fit."""
        try:
            point = decode_point(cipher.c1)
        except BadEncoding as error:
            raise CipherBroken from error
        shared = encode_point(multiply(int.from_bytes(secret, "big"), point))
        plain = _xor(cipher.c2, key_stream(shared, len(cipher.c2)))
        if not hmac.compare_digest(sm3(shared[:32] + plain + shared[32:]), cipher.c3):
            raise CipherBroken
        return plain


def sign_with(secret: int, digest: int, k: int) -> bytes | None:
    """r‖s for one k, None when this k must not be used (GB/T 32918.2-2016 §6.1)."""
    r = (digest + affine(multiply(k, GENERATOR))[0]) % N
    if r == 0 or r + k == N:
        return None
    s = pow(1 + secret, -1, N) * (k - r * secret) % N
    return None if s == 0 else r.to_bytes(32, "big") + s.to_bytes(32, "big")


def encrypt_with(public: bytes, plain: bytes, k: int) -> Sm2Cipher | None:
    """The ciphertext for one k, None when its key stream is all zeros."""
    shared = encode_point(multiply(k, decode_point(public)))
    stream = key_stream(shared, len(plain))
    if not any(stream):
        return None
    digest = sm3(shared[:32] + plain + shared[32:])
    return Sm2Cipher(encode_point(multiply(k, GENERATOR)), digest, _xor(plain, stream))
