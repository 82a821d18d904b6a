"""The hall's calls to the hub: signed as the contract's gateway says, under the hall's own key."""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mocks.kit.clock import MockClock
from mocks.kit.outgoing import Heard, Post, send
from mocks.kit.storage import Notes

_NOTE, _ADDRESS = "hall_secret", "callback"


class Hub:
    """Where the hub listens, and who we are to it."""

    def __init__(
        self, notes: Notes, contract: Mapping[str, Any], clock: MockClock, folder: Path
    ) -> None:
        """``folder``: where the key is left, as it would be handed over."""
        self._notes, self._clock = notes, clock
        self._prefix = contract["gateway"]["prefix"]
        values = contract["values"]
        self._rid, self._sid = values["caller_rid"]["example"], values["caller_sid"]["example"]
        self._redeem = str(contract["redeem"]["path"])
        self._secret = notes.get(_NOTE) or secrets.token_hex(24)
        notes.put(_NOTE, self._secret)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("hall_secret", "hall_secret_next"):
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(self._secret + "\n", encoding="ascii")
        self._last_ms = 0

    @property
    def address(self) -> str:
        """Base URL of the hub's receiving port; empty until it is told."""
        return self._notes.get(_ADDRESS) or ""

    def at(self, url: str) -> None:
        """The hub's address, from now on."""
        self._notes.put(_ADDRESS, url.rstrip("/"))

    def post(self, number: int, path: str, document: Mapping[str, object]) -> Post:
        """A signed POST."""
        # No two requests of one moment: under one signature the second would be a forgery.
        self._last_ms = max(self._last_ms + 1, int(self._clock.now().timestamp() * 1000))
        rtime = str(self._last_ms)
        signed = hmac.digest(
            self._secret.encode(), f"{self._sid}{self._rid}{rtime}".encode(), "sha256"
        )
        headers = {
            "Content-Type": "application/json", f"{self._prefix}_sid": self._sid,
            f"{self._prefix}_rid": self._rid, f"{self._prefix}_rtime": rtime,
            f"{self._prefix}_sign": base64.b64encode(signed).decode(),
        }  # fmt: skip
        body = json.dumps(document, ensure_ascii=False).encode()
        return Post(number, f"{self.address}{path}", headers, body)

    def redeem(self, key: str) -> Heard:
        """Who came with this key; the very same request again when the answer is lost."""
        asked = self.post(0, self._redeem, {"key": key})
        heard = send(asked)
        return heard if heard.status else send(asked)
