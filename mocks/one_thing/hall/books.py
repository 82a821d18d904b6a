"""Sessions and applications of the hall, on disk; applications go until the hub has taken them."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mocks.kit.outgoing import Heard, Post
from mocks.kit.pages import json_of
from mocks.kit.storage import Storage
from mocks.one_thing.hall.line import Hub

_DDL = """
CREATE TABLE IF NOT EXISTS session(token TEXT PRIMARY KEY, visitor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS filed(
  id INTEGER PRIMARY KEY, path TEXT NOT NULL, number TEXT NOT NULL, version INTEGER NOT NULL,
  document TEXT NOT NULL, due_at REAL NOT NULL, tries INTEGER NOT NULL, state TEXT NOT NULL,
  said TEXT NOT NULL);
"""
_WAITING, _TAKEN, _REFUSED, _GIVEN_UP = "waiting", "taken", "refused", "given up"
Visitor = Mapping[str, Any]


class Books:
    """The hall's memory, and its outgoing post."""

    def __init__(self, storage: Storage, contract: Mapping[str, Any], hub: Hub) -> None:
        self._storage, self._hub = storage, hub
        self._waits: list[float] = contract["push"]["retry_s"]
        codes = contract["code_tables"]["push_code"]["codes"]
        self._final = {code for code, one in codes.items() if one["retry"] == "never"}
        storage.script(_DDL)

    def let_in(self, visitor: Visitor) -> str:
        """A session's token."""
        token = secrets.token_urlsafe(24)
        self._storage.run(
            "INSERT INTO session(token,visitor) VALUES(?,?)",
            (token, json.dumps(visitor, ensure_ascii=False)),
        )
        return token

    def who(self, token: str) -> Visitor | None:
        """Whose session it is."""
        kept = self._storage.value("SELECT visitor FROM session WHERE token=?", (token,))
        return None if kept is None else json.loads(kept)

    def file(self, path: str, number: str, document: Mapping[str, object]) -> None:
        """One version up, to be sent."""
        with self._storage.write():
            last = self._storage.value("SELECT MAX(version) FROM filed WHERE number=?", (number,))
            version = int(last or 0) + (0 if path.endswith("withdraw") and last else 1)
            said = {**document, "projectNo": number, "version": version}
            self._storage.run(
                "INSERT INTO filed(path,number,version,document,due_at,tries,state,said) "
                "VALUES(?,?,?,?,?,0,?,'')",
                (path, number, version, json.dumps(said, ensure_ascii=False), time.time(),
                 _WAITING),
            )  # fmt: skip

    def filed(self, number: str | None = None) -> list[dict[str, Any]]:
        """What was filed and how the hub answered; documents are people's and stay out."""
        names = ("path", "number", "version", "state", "said", "tries")
        where, values = ("WHERE number=?", (number,)) if number else ("", ())
        rows = self._storage.rows(
            f"SELECT {','.join(names)} FROM filed {where} ORDER BY id", values
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def due(self) -> Sequence[Post]:
        """See Outgoing.due."""
        if not self._hub.address:
            return ()
        rows = self._storage.rows(
            "SELECT id,path,document FROM filed WHERE state=? AND due_at<=? ORDER BY id LIMIT 10",
            (_WAITING, time.time()),
        )
        return [self._hub.post(number, path, json.loads(said)) for number, path, said in rows]

    def done(self, post: Post, heard: Heard) -> None:
        """See Outgoing.done."""
        tries = self._storage.value("SELECT tries FROM filed WHERE id=?", (post.id,))
        if tries is None:
            return
        code = str(json_of(heard.body).get("code", ""))
        state, wait = _WAITING, 0.0
        if code == "200":
            state = _TAKEN
        elif code in self._final:
            state = _REFUSED
        elif tries >= len(self._waits):
            state = _GIVEN_UP
        else:
            wait = self._waits[tries]
        self._storage.run(
            "UPDATE filed SET tries=tries+1,state=?,said=?,due_at=? WHERE id=?",
            (state, code or heard.error, time.time() + wait, post.id),
        )

    def reset(self) -> None:
        """Nobody came, nothing was filed."""
        self._storage.run("DELETE FROM session")
        self._storage.run("DELETE FROM filed")
