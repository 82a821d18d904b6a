"""Who we are, to the core system: HMAC-SM3 over five lines, in four headers; both contracts'.

Source: contracts_spec/core/reference/contract.yaml, ``signature``.
"""

import re
import secrets
from datetime import datetime

from hub.crypto import HmacSm3, sm3_hex
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret

CONTENT_TYPE = "application/json; charset=utf-8"
_KEY = re.compile(r"[0-9a-fA-F]{64}")


class Signer:
    """Signs requests under one shared key; a fresh nonce each time."""

    def __init__(self, key_id: str, key: Secret) -> None:
        clean = key.reveal().strip()
        if _KEY.fullmatch(clean) is None:
            raise Misconfigured("core: the file of sign_key must hold 64 hex characters")
        self._key_id = key_id
        self._hmac = HmacSm3(bytes.fromhex(clean))

    def headers(self, path: str, body: bytes, now: datetime) -> dict[str, str]:
        """The headers of one POST; ``now`` is business time."""
        stamp, nonce = str(int(now.timestamp() * 1000)), secrets.token_hex(16)
        return {
            "Content-Type": CONTENT_TYPE,
            "X-Core-Key": self._key_id,
            "X-Core-Timestamp": stamp,
            "X-Core-Nonce": nonce,
            "X-Core-Signature": self.signature("POST", path, stamp, nonce, body),
        }

    def signature(self, method: str, path: str, stamp: str, nonce: str, body: bytes) -> str:
        """64 lower-case hex characters."""
        lines = (method, path, stamp, nonce, sm3_hex(body))
        return self._hmac.digest("\n".join(lines).encode("utf-8")).hex()
