"""What the supervision platform asks us: functions of its catalogue, signed by its gateway.

A question is written once and asked until an answer has come that is one; each try is signed
anew, for a signature asks one thing.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mocks.kit.cases.keys import sign
from mocks.kit.clock import MockClock
from mocks.kit.outgoing import Heard, Post
from mocks.kit.storage import Notes, Storage

_DDL = """
CREATE TABLE IF NOT EXISTS question(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, due_at REAL NOT NULL,
  tries INTEGER NOT NULL, state TEXT NOT NULL, status INTEGER, answer TEXT);
"""
_WAITING, _ANSWERED, _REFUSED, _GIVEN_UP = "waiting", "answered", "refused", "given up"
_LATER = ("300", "310", "429", "503")
_MOST = 8
_PAUSE_S = 1.0


class Asking:
    """The platform's questions; whom to ask and under which name is told on the control plane."""

    def __init__(
        self, storage: Storage, notes: Notes, contract: Mapping[str, Any], clock: MockClock
    ) -> None:
        self._storage, self._notes, self._clock = storage, notes, clock
        self._gateway: Mapping[str, Any] = contract["gateway"]
        self._values: Mapping[str, Any] = contract["values"]
        self._paths = {name: str(one["path"]) for name, one in contract["transactions"].items()}
        self._last_ms = 0
        storage.script(_DDL)

    def tell(self, caller: Mapping[str, Any]) -> None:
        """{"url", "rid", "sid", "secret"} as the centre has granted them."""
        self._notes.put("caller", json.dumps(dict(caller)))

    @property
    def caller(self) -> dict[str, str]:
        """Empty until it was told."""
        kept = self._notes.get("caller")
        found: dict[str, str] = json.loads(kept) if kept else {}
        return found

    def add(self, name: str, body: Mapping[str, Any]) -> int:
        """Ask one function; raises KeyError for one that the contract does not have."""
        path = self._paths[name]
        whole = {"zjbzxbm": self._values["zjbzxbm"]["example"], **body}
        return self._storage.insert(
            "INSERT INTO question(name,body,due_at,tries,state) VALUES(?,?,?,0,?)",
            (path, json.dumps(whole, ensure_ascii=False), time.time(), _WAITING),
        )

    def names(self) -> Sequence[str]:
        """Functions it knows."""
        return sorted(self._paths)

    def due(self) -> Sequence[Post]:
        """See Outgoing.due."""
        if not self.caller:
            return ()
        rows = self._storage.rows(
            "SELECT id,name,body FROM question WHERE state=? AND due_at<=? ORDER BY id LIMIT 10",
            (_WAITING, time.time()),
        )
        url = self.caller["url"].rstrip("/")
        return [
            Post(number, f"{url}{path}", self._headers(), body.encode())
            for number, path, body in rows
        ]

    def done(self, post: Post, heard: Heard) -> None:
        """See Outgoing.done."""
        tries = int(self._storage.value("SELECT tries FROM question WHERE id=?", (post.id,)) or 0)
        answer = heard.body.decode("utf-8", "replace") if heard.body else heard.error
        code = _code(heard)
        if code == "200":
            state = _ANSWERED
        elif code and code not in _LATER:
            state = _REFUSED
        else:
            state = _WAITING if tries + 1 < _MOST else _GIVEN_UP
        self._storage.run(
            "UPDATE question SET tries=tries+1,state=?,status=?,answer=?,due_at=? WHERE id=?",
            (state, heard.status, answer, time.time() + _PAUSE_S * (tries + 1), post.id),
        )

    def shown(self) -> list[dict[str, Any]]:
        """Every question with what was answered."""
        names = ("id", "name", "body", "tries", "state", "status", "answer")
        rows = self._storage.rows(f"SELECT {','.join(names)} FROM question ORDER BY id")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def reset(self) -> None:
        """Nothing was ever asked; whom to ask stays."""
        self._storage.run("DELETE FROM question")

    def _headers(self) -> dict[str, str]:
        said = self.caller
        self._last_ms = max(self._last_ms + 1, int(self._clock.now().timestamp() * 1000))
        rtime, prefix = str(self._last_ms), self._gateway["prefix"]
        signed = sign(self._gateway["algorithm"], said["secret"], said["sid"], said["rid"], rtime)
        return {
            "Content-Type": "application/json", f"{prefix}_sid": said["sid"],
            f"{prefix}_rid": said["rid"], f"{prefix}_rtime": rtime, f"{prefix}_sign": signed,
        }  # fmt: skip


def _code(heard: Heard) -> str:
    try:
        said = json.loads(heard.body)
    except ValueError:
        return ""
    return str(said.get("code", "")) if isinstance(said, dict) else ""
