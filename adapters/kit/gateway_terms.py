"""The headers of a government platform's gateway: signed by who calls, checked by who is called.

``<prefix>_rid`` (requester), ``_sid`` (service), ``_rtime`` (ms), ``_sign`` = Base64(HMAC(sid + rid
+ rtime, app secret)); prefix gjgxjhpt (共享交换平台) or gjzwfwpt (政务服务平台).  The signature
covers no body.

Source: the national platform's gateway as public clients show it; the contract's section
``gateway`` (prefix, algorithm, skew, refresh path, codes) decides.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.contracts import Contract
from hub.crypto import HmacSm3
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret

PREFIXES = ("gjgxjhpt", "gjzwfwpt")
_MOST = 200
_RTIME_DIGITS = 15


def _sha256(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _sm3(key: bytes, text: bytes) -> bytes:
    return HmacSm3(key).digest(text)


_DIGESTS: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "HMAC-SHA256": _sha256,
    "HMAC-SM3": _sm3,
}


class HeaderFault(StrEnum):
    """Why a request's gateway headers are not believed."""

    MISSING = "missing"  # a header is not there, or is no text of its kind
    STALE = "stale"  # its time is out of the contract's skew
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Called:
    """Who calls which service, when (ms of its clock), as signed."""

    rid: str
    sid: str
    rtime: str
    sign: str


class HeadersRefused(Exception):
    """Gateway headers that are not believed; ``fault`` says why."""

    def __init__(self, fault: HeaderFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class GatewayTerms:
    """What a contract says of its gateway.

    ``refresh``: the path that hands out the app secret.  ``ok`` is the ``code`` of a reply that
    was served; ``unauthorized`` are those with which the gateway itself turns a request away.
    ``skew_s``: how far a caller's clock may be from ours.
    """

    prefix: str
    algorithm: str
    refresh: str
    ok: str
    unauthorized: frozenset[str]
    skew_s: int

    @classmethod
    def of(cls, contract: Contract) -> "GatewayTerms":
        """From the contract's section ``gateway``; raises Misconfigured."""
        raw: Any = contract.extra.get("gateway")
        if not isinstance(raw, Mapping):
            raise Misconfigured(f"the contract of {contract.interface} has no gateway")
        made = cls(
            prefix=str(raw["prefix"]),
            algorithm=str(raw["algorithm"]),
            refresh=str(raw["refresh"]),
            ok=str(raw["ok"]),
            unauthorized=frozenset(map(str, raw["unauthorized"])),
            skew_s=int(raw["skew_s"]),
        )
        if made.prefix not in PREFIXES or made.algorithm not in _DIGESTS:
            raise Misconfigured(f"the gateway of {contract.interface}: prefix or algorithm")
        return made

    def sign(self, sid: str, rid: str, rtime: str, secret: Secret) -> str:
        """Base64 of the HMAC over service, requester and time."""
        return base64.b64encode(self._digest(sid, rid, rtime, secret)).decode("ascii")

    def headers(self, sid: str, rid: str, now: datetime, secret: Secret) -> dict[str, str]:
        """The headers of one request; ``now`` is business time."""
        rtime = str(int(now.timestamp() * 1000))
        return {
            "Content-Type": "application/json; charset=utf-8",
            f"{self.prefix}_rid": rid,
            f"{self.prefix}_sid": sid,
            f"{self.prefix}_rtime": rtime,
            f"{self.prefix}_sign": self.sign(sid, rid, rtime, secret),
        }

    def named(self, headers: Mapping[str, str]) -> Called:
        """Who a request says it is from; ``headers`` by lower-case names.  Nothing is believed
        yet: it says whose secret :meth:`check` needs.  Raises HeadersRefused.
        """
        found = [headers.get(f"{self.prefix}_{name}", "") for name in Called.__slots__]
        called = Called(*found)
        if not all(text.isascii() and 0 < len(text) <= _MOST for text in found):
            raise HeadersRefused(HeaderFault.MISSING)
        if not (called.rtime.isdigit() and len(called.rtime) <= _RTIME_DIGITS):
            raise HeadersRefused(HeaderFault.MISSING)
        return called

    def check(self, called: Called, now: datetime, secrets: Sequence[Secret]) -> None:
        """Believe it, or raise HeadersRefused.

        ``secrets``: every one in force for this caller (two while it is being rotated).  The
        signature is looked at before the time, so that only who holds the secret learns of our
        clock.
        """
        try:
            given = base64.b64decode(called.sign, validate=True)
        except (binascii.Error, ValueError):
            raise HeadersRefused(HeaderFault.SIGNATURE) from None
        # Every secret is tried whichever matches: how long it takes tells nothing.
        matched = [
            hmac.compare_digest(given, self._digest(called.sid, called.rid, called.rtime, each))
            for each in secrets
        ]
        if not any(matched):
            raise HeadersRefused(HeaderFault.SIGNATURE)
        if abs(now.timestamp() * 1000 - int(called.rtime)) > self.skew_s * 1000:
            raise HeadersRefused(HeaderFault.STALE)

    def _digest(self, sid: str, rid: str, rtime: str, secret: Secret) -> bytes:
        text = f"{sid}{rid}{rtime}".encode("ascii")
        return _DIGESTS[self.algorithm](secret.reveal().encode("utf-8"), text)
