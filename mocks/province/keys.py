"""A platform's keys: drawn once for a state; the one it hands over lies in a file for the hub."""

import json
import secrets
from pathlib import Path

from mocks.kit.storage import Notes

_NOTE = "keys"
_HANDED = "app_key"


class Keys:
    """``app_key`` under which the app secret is fetched, and the ``app_secret``."""

    def __init__(self, notes: Notes, folder: Path) -> None:
        self._notes = notes
        kept = notes.get(_NOTE)
        self._all: dict[str, str] = json.loads(kept) if kept else {
            name: secrets.token_hex(24) for name in (_HANDED, "app_secret")
        }  # fmt: skip
        notes.put(_NOTE, json.dumps(self._all))
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{_HANDED}.new"
        fresh.touch(mode=0o600)
        fresh.write_text(self._all[_HANDED] + "\n", encoding="ascii")
        fresh.replace(folder / _HANDED)

    def __getitem__(self, name: str) -> str:
        return self._all[name]

    def renew(self) -> None:
        """Another app secret from now on; the old one is turned away."""
        self._all["app_secret"] = secrets.token_hex(24)
        self._notes.put(_NOTE, json.dumps(self._all))
