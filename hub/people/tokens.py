"""Personal tokens ``hubp_<id>_<secret>``, and sessions ``hubs_<id>_<secret>``.

The id (40 bits) finds the row; the secret (160 bits) is compared with its Argon2 hash.  Argon2's
cost is what protects words that people think up; 160 random bits cannot be guessed whatever a
guess costs.  Here it protects the other way: who steals the database has a hash he cannot turn
round, and needs no trust in a second scheme: people choose passwords too, kept the same way.

A session's secret is as long, but ends within hours and is shown at every page, so its hash is
SM3's: quick, and of 160 random bits just as hard to turn round.
"""

import base64
import hmac
import re
import secrets
import threading
from functools import cache
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from hub.crypto import sm3_hex
from hub.kernel.secret import Secret

_FORM = re.compile(r"hub[ps]_([a-z2-7]{8})_([a-z2-7]{32})")
_QUICK = "sm3$"

# argon2-cffi's defaults: RFC 9106's low-memory profile (64 MiB, 3 passes, 4 lanes).
_hasher = PasswordHasher()
# 64 MiB each: a crowd of wrong tokens must not take the machine's memory (design.md §12 leaves
# the hub 512 MiB), so they queue.
_turn = threading.BoundedSemaphore(2)
_SIZES = (_hasher.salt_len, _hasher.hash_len)


@cache
def _nobody() -> str:
    """The hash of a secret that nobody has: 256 random bits in the shape and at the cost of ours,
    so that comparing with it takes as long.  Not computed: every command would wait for it."""
    salt, digest = (base64.b64encode(secrets.token_bytes(n)).rstrip(b"=").decode() for n in _SIZES)
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


class NewToken(NamedTuple):
    """``token`` is shown once; ``lookup`` and ``hash`` are kept."""

    token: Secret
    lookup: str
    hash: str


class TokenParts(NamedTuple):
    """A token taken apart."""

    lookup: str
    secret: str


def _random(count: int) -> str:
    return base64.b32encode(secrets.token_bytes(count)).decode().lower()


def new_token() -> NewToken:
    """A fresh token."""
    lookup, secret = _random(5), _random(20)
    with _turn:
        return NewToken(Secret(f"hubp_{lookup}_{secret}"), lookup, _hasher.hash(secret))


def new_session() -> NewToken:
    """A fresh session."""
    lookup, secret = _random(5), _random(20)
    return NewToken(Secret(f"hubs_{lookup}_{secret}"), lookup, _quick(secret))


def hash_of(password: Secret) -> str:
    """A password's Argon2 hash."""
    with _turn:
        return _hasher.hash(password.reveal())


def _quick(secret: str) -> str:
    return _QUICK + sm3_hex(secret.encode("ascii"))


def take_apart(token: Secret) -> TokenParts:
    """The token's two parts; of what is no token at all, parts that nothing matches, so that the
    work is the same."""
    found = _FORM.fullmatch(token.reveal().strip())
    return TokenParts(found[1], found[2]) if found else TokenParts("", "")


def fits(hashed: str | None, secret: str) -> bool:
    """Whether the secret has this hash.  Without a hash the work is done all the same: how long
    the answer takes does not tell which ids exist."""
    if hashed is not None and hashed.startswith(_QUICK):
        return hmac.compare_digest(hashed, _quick(secret))
    with _turn:
        try:
            return _hasher.verify(hashed or _nobody(), secret) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False
