"""Who may call: WS-Security UsernameToken with PasswordDigest, fresh, and each nonce once."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mocks.banks.bgz.codec import Fault, Message
from mocks.kit.bank.client import ClientFile
from mocks.kit.clock import MockClock

_INVALID = "wsse:InvalidSecurity"
_PARTS = ("wsse:Username", "wsse:Password", "wsse:Nonce", "wsu:Created")
_DIGEST = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
)
_MANY = 10_000


def digest(nonce: bytes, created: str, password: str) -> str:
    """Base64(SHA-1(nonce + created + password))."""
    hashed = hashlib.sha1(nonce + created.encode() + password.encode())  # noqa: S324  the profile's
    return base64.b64encode(hashed.digest()).decode()


class NoEntry(Exception):
    """The security header does not let this request in; ``fault`` says so on the wire."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)
        self.fault = Fault(kind, text)


class Gate:
    """Nonces are kept in memory: after a restart a repeat is still told by its numbers."""

    def __init__(self, clients: ClientFile, clock: MockClock, rules: Mapping[str, Any]) -> None:
        self._clients = clients
        self._clock = clock
        self._skew_s = float(rules["skew_s"])
        self._kept_s = float(rules["nonce_kept_s"])
        self._shortest = int(rules["nonce_bytes"])
        self._seen: dict[bytes, float] = {}

    def check(self, message: Message) -> None:
        """Raises NoEntry with what is wrong; else the nonce counts as used."""
        token = _token(message)
        try:
            nonce = base64.b64decode(token["Nonce"], validate=True)
            created = datetime.strptime(token["Created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except (binascii.Error, ValueError):
            raise NoEntry(_INVALID, "Nonce 或 Created 不合规") from None
        client = self._clients.client
        wanted = digest(nonce, token["Created"], client["password"])
        known = hmac.compare_digest(wanted.encode(), token["Password"].encode())
        if not known or token["Username"] != client["username"]:
            raise NoEntry("wsse:FailedAuthentication", "用户名或口令摘要不符")
        if len(nonce) < self._shortest:
            raise NoEntry(_INVALID, "Nonce 太短")
        now = self._clock.now().timestamp()
        if abs(now - created.timestamp()) > self._skew_s:
            raise NoEntry("wsse:MessageExpired", "Created 与银行时间相差太多")
        self._once(nonce, now)

    def _once(self, nonce: bytes, now: float) -> None:
        used = self._seen.get(nonce)
        if used is not None and abs(now - used) <= self._kept_s:
            raise NoEntry(_INVALID, "Nonce 已用过")
        self._seen[nonce] = now
        if len(self._seen) > _MANY:
            self._seen = {
                one: at for one, at in self._seen.items() if abs(now - at) <= self._kept_s
            }


def _token(message: Message) -> dict[str, str]:
    """The UsernameToken's four texts by their names; raises NoEntry."""
    found = {path: message.security(f"wsse:UsernameToken/{path}") for path in _PARTS}
    password = found["wsse:Password"]
    if password is None or any(one is None for one in found.values()):
        raise NoEntry(_INVALID, "没有完整的 UsernameToken")
    if password.get("Type") != _DIGEST:
        raise NoEntry(_INVALID, "只收 PasswordDigest")
    return {
        path.partition(":")[2]: (one.text or "").strip()
        for path, one in found.items()
        if one is not None
    }
