"""Who may call: HMAC-SM3 over five lines, clock skew, and nonces that count once.

Source: contracts_spec/core/reference/contract.yaml, ``signature``.
"""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from mocks.core.reference.codec import Malformed
from mocks.kit.messages import Request

BAD_SIGNATURE = "1001"
SKEW = "1002"
REPLAY = "1003"
NO_KEY = "1006"

_SKEW_MS = 300_000
_KEPT_MS = 600_000
_KEY_ID = re.compile(r"[0-9A-Za-z-]{1,32}")
_NONCE = re.compile(r"[0-9a-f]{32}")
_STAMP = re.compile(r"[0-9]{13}")


def sm3_hex(data: bytes) -> str:
    """SM3, GB/T 32905-2016, as lower-case hex."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def sign(key: bytes, request: Request, stamp: str, nonce: str) -> str:
    """The signature this request ought to carry."""
    lines = (request.method, request.path, stamp, nonce, sm3_hex(request.body))
    mac = HMAC(key, hashes.SM3())
    mac.update("\n".join(lines).encode("utf-8"))
    return mac.finalize().hex()


FIRST_KEY = "hub-2025"
"""The contract's example of a key id: what a fresh state knows its caller by."""


def _write(path: Path, key: str) -> None:
    # Whole or not at all: a mock killed here must not leave an empty key behind.
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(key + "\n", encoding="ascii")
    fresh.replace(path)


class Gate:
    """Keys from a folder (file name = key id, 64 hex characters inside); nonces in memory.

    A fresh state makes the first key itself and lays a copy beside the folder, and into the
    folders of ``also``, under the contract's name for that secret: what the caller's deployment
    points at.

    A restart forgets nonces: a replayed command changes nothing anyway, that is what the
    ordering rules are for.
    """

    def __init__(self, folder: Path, also: Sequence[Path] = ()) -> None:
        self._folder = folder
        self._nonces: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.glob("*.key")):
            _write(folder / f"{FIRST_KEY}.key", secrets.token_hex(32))
        # Handed over to the caller under the contract's name for it, beside the state.
        first = folder / f"{FIRST_KEY}.key"
        if first.exists():
            for place in (folder.parent, *also):
                place.mkdir(parents=True, exist_ok=True)
                _write(place / "sign_key", first.read_text(encoding="ascii").strip())

    def check(self, request: Request, now: datetime) -> None:
        """Raises Malformed with the code to answer; a nonce counts once it was well signed."""
        given: Mapping[str, str] = request.headers
        stamp, nonce = given.get("x-core-timestamp", ""), given.get("x-core-nonce", "")
        key = self._key(given.get("x-core-key", ""))
        if _STAMP.fullmatch(stamp) is None or _NONCE.fullmatch(nonce) is None:
            raise Malformed("时间戳或随机数不合规范", BAD_SIGNATURE)
        wanted = sign(key, request, stamp, nonce)
        if not hmac.compare_digest(wanted.encode(), given.get("x-core-signature", "").encode()):
            raise Malformed("签名不符", BAD_SIGNATURE)
        present = int(now.timestamp() * 1000)
        if abs(present - int(stamp)) > _SKEW_MS:
            raise Malformed(f"时间戳与核心相差 {abs(present - int(stamp)) // 1000} 秒", SKEW)
        self._once(f"{given['x-core-key']}:{nonce}", present)

    def _key(self, key_id: str) -> bytes:
        path = self._folder / f"{key_id}.key"
        if _KEY_ID.fullmatch(key_id) is None or not path.is_file():
            raise Malformed("密钥标识不存在或已停用", NO_KEY)
        return bytes.fromhex(path.read_text(encoding="ascii").strip())

    def _once(self, nonce: str, present: int) -> None:
        if nonce in self._nonces:
            raise Malformed("随机数重复", REPLAY)
        self._nonces[nonce] = present
        if len(self._nonces) > 10_000:
            self._nonces = {
                one: seen for one, seen in self._nonces.items() if abs(present - seen) < _KEPT_MS
            }
