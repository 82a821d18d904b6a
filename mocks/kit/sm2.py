"""SM2 signatures (GM/T 0003.2-2012) in whole numbers, for mocks: written apart from the hub's.

Keys and signatures are raw: a private key is a number, a public key x‖y, a signature r‖s (64
bytes each).  A point's table of multiples is made once, so that a product is 64 additions.
"""

import hmac
import secrets
from functools import lru_cache

from cryptography.hazmat.primitives import hashes

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USER_ID = b"1234567812345678"

_Jacobian = tuple[int, int, int]
_NOTHING: _Jacobian = (1, 1, 0)
_WINDOW = 4
_PLACES = 64


def sm3(data: bytes) -> bytes:
    """The digest, 32 bytes."""
    hasher = hashes.Hash(hashes.SM3())
    hasher.update(data)
    return hasher.finalize()


def public_of(secret: int) -> bytes:
    """The public key x‖y of a private key."""
    x, y = _affine(_times(G, secret))
    return _bytes(x) + _bytes(y)


def secret_of(text: str) -> int:
    """A private key from hex; any 256 bits give one in range."""
    return int(text, 16) % (N - 2) + 1


def sign(secret: int, message: bytes, user_id: bytes = USER_ID) -> bytes:
    """r‖s."""
    e = _digest(public_of_cached(secret), message, user_id)
    while True:
        k = secrets.randbelow(N - 1) + 1
        r = (e + _affine(_times(G, k))[0]) % N
        if r == 0 or r + k == N:
            continue
        s = pow(1 + secret, -1, N) * (k - r * secret) % N
        if s:
            return _bytes(r) + _bytes(s)


def verify(public: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
    """Whether r‖s is the key's signature; False for anything malformed."""
    point = _point(public)
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    t = (r + s) % N
    if t == 0:
        return False
    found = _add(_times(G, s), _times(point, t))
    if found[2] == 0:
        return False
    wanted = (_digest(public, message, user_id) + _affine(found)[0]) % N
    return hmac.compare_digest(_bytes(wanted), _bytes(r))


@lru_cache(maxsize=16)
def public_of_cached(secret: int) -> bytes:
    """As :func:`public_of`, remembered."""
    return public_of(secret)


def _digest(public: bytes, message: bytes, user_id: bytes) -> int:
    length = (len(user_id) * 8).to_bytes(2, "big")
    curve = b"".join(map(_bytes, (A, B, *G)))
    z = sm3(length + user_id + curve + public)
    return int.from_bytes(sm3(z + message), "big")


def _point(public: bytes) -> tuple[int, int] | None:
    if len(public) != 64:
        return None
    x, y = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    on_curve = x < P and y < P and (y * y - x * x * x - A * x - B) % P == 0
    return (x, y) if on_curve else None


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")


@lru_cache(maxsize=16)
def _table(point: tuple[int, int]) -> tuple[tuple[_Jacobian, ...], ...]:
    """Of each place of four bits, its fifteen multiples."""
    base: _Jacobian = (*point, 1)
    table = []
    for _ in range(_PLACES):
        row = [_NOTHING]
        for _ in range(2**_WINDOW - 1):
            row.append(_add(row[-1], base))
        table.append(tuple(row))
        base = _add(row[-1], base)
    return tuple(table)


def _times(point: tuple[int, int], factor: int) -> _Jacobian:
    found = _NOTHING
    for row in _table(point):
        digit = factor & (2**_WINDOW - 1)
        if digit:
            found = _add(found, row[digit])
        factor >>= _WINDOW
    return found


def _add(one: _Jacobian, other: _Jacobian) -> _Jacobian:
    if one[2] == 0:
        return other
    if other[2] == 0:
        return one
    x1, y1, z1 = one
    x2, y2, z2 = other
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    if u1 == u2:
        return _double(one) if s1 == s2 else _NOTHING
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def _double(one: _Jacobian) -> _Jacobian:
    x, y, z = one
    if y == 0:
        return _NOTHING
    yy, zz = y * y % P, z * z % P
    s = 4 * x * yy % P
    m = 3 * (x - zz) * (x + zz) % P  # A = P - 3
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _affine(point: _Jacobian) -> tuple[int, int]:
    x, y, z = point
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P
