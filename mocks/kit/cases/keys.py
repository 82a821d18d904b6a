"""The platform's keys: drawn once for a state, left in files as it would hand them over.

Signatures by the contract's ``gateway``: Base64 of HMAC over service, requester and time.
"""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from mocks.kit.storage import Notes

_NOTE = "keys"
_HANDED = ("caller_secret", "app_key", "docs_key")


def sign(algorithm: str, key: str, sid: str, rid: str, rtime: str) -> str:
    """The signature these headers ought to carry."""
    text = f"{sid}{rid}{rtime}".encode()
    if algorithm == "HMAC-SM3":
        mac = HMAC(key.encode(), hashes.SM3())
        mac.update(text)
        return base64.b64encode(mac.finalize()).decode()
    return base64.b64encode(hmac.digest(key.encode(), text, "sha256")).decode()


def sm3_hex(data: bytes) -> str:
    """SM3, GB/T 32905-2016, as lower-case hex."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


class Keys:
    """Kept among the state's notes; copies lie in ``folder`` under the contract's names."""

    def __init__(self, notes: Notes, folder: Path) -> None:
        self._notes, self._folder = notes, folder
        kept = notes.get(_NOTE)
        self._all: dict[str, str] = json.loads(kept) if kept else {
            name: secrets.token_hex(24) for name in (*_HANDED, "app_secret")
        }  # fmt: skip
        self._keep()

    def __getitem__(self, name: str) -> str:
        return self._all[name]

    def renew(self, name: str) -> None:
        """Another ``app_secret`` or ``caller_secret`` from now on."""
        before = self._all[name]
        self._all[name] = secrets.token_hex(24)
        self._keep(next_caller=before if name == "caller_secret" else None)

    def _keep(self, next_caller: str | None = None) -> None:
        self._notes.put(_NOTE, json.dumps(self._all))
        self._folder.mkdir(parents=True, exist_ok=True)
        files: Mapping[str, str] = {name: self._all[name] for name in _HANDED}
        for name, key in files.items():
            _write(self._folder / name, key)
        _write(self._folder / "caller_secret_next", next_caller or self._all["caller_secret"])


def _write(path: Path, key: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(key + "\n", encoding="ascii")
    fresh.replace(path)
