"""The questions a caller asks: each written once, asked until there is an answer that stands.

Asked again, time and signature are new.  Kept on disk with what was sent and what was answered.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mocks.kit.clock import MockClock
from mocks.kit.faults import FaultKind
from mocks.kit.outgoing import Heard, Post
from mocks.kit.storage import Notes, Storage
from mocks.one_thing.exchange.terms import Terms

_DDL = """
CREATE TABLE IF NOT EXISTS ask(
  id INTEGER PRIMARY KEY, mark TEXT NOT NULL, interface TEXT NOT NULL, rid TEXT NOT NULL,
  document TEXT NOT NULL, shape TEXT NOT NULL, headers TEXT, due_at REAL NOT NULL,
  tries INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ask_due ON ask(state, due_at);
CREATE TABLE IF NOT EXISTS heard(
  id INTEGER PRIMARY KEY, ask_id INTEGER NOT NULL, at TEXT NOT NULL, rtime TEXT NOT NULL,
  status INTEGER NOT NULL, code TEXT NOT NULL, answer TEXT NOT NULL);
"""
_WAITING, _ANSWERED, _REFUSED, _GIVEN_UP = "waiting", "answered", "refused", "given up"
_HOUR_MS = 3_600_000
_RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_BIG = 10_000_000
SHAPES: Mapping[str, FaultKind] = {
    "wrong_signature": FaultKind("签名不符"),
    "stale": FaultKind("时间戳早一小时"),
    "unknown_caller": FaultKind("用没有登记的请求方标识"),
    "foreign_field": FaultKind("多出一个规范没有的字段"),
    "garbage": FaultKind("正文是 HTML 页面"),
    "ten_megabytes": FaultKind("正文 10 MB"),
    "again": FaultKind("有了应答之后，同一签名、同一正文再问一次"),
    "replayed": FaultKind("有了应答之后，同一签名、不同正文再问一次"),
}
"""What can be wrong with a question; given with the question itself."""


class Asks:
    """The calls of this platform's callers; the door's address comes by the control plane."""

    def __init__(
        self, storage: Storage, notes: Notes, terms: Mapping[str, Terms], clock: MockClock
    ) -> None:
        self._storage, self._notes, self._terms, self._clock = storage, notes, terms, clock
        self._last_ms = 0
        storage.script(_DDL)

    @property
    def address(self) -> str:
        """Base URL of the centre's door; empty until it is told: nothing is asked."""
        return self._notes.get("callback") or ""

    def send_to(self, url: str) -> None:
        """The door's address, from now on."""
        self._notes.put("callback", url.rstrip("/"))

    @property
    def callers(self) -> dict[str, str]:
        """Caller's id → the app secret the centre handed it."""
        kept: dict[str, str] = json.loads(self._notes.get("callers") or "{}")
        return kept

    def hand(self, rid: str, secret: str) -> None:
        """The centre hands a caller its secret."""
        self._notes.put("callers", json.dumps(self.callers | {rid: secret}))

    def add(
        self, interface: str, rid: str, document: Mapping[str, Any], shape: str, mark: str
    ) -> int:
        """Ask once; its id.  ``mark``, where one is given, names the question: it is asked once
        however often it is added.  Raises KeyError for an interface that is not asked."""
        terms = self._terms[interface]
        if mark:
            known = self._storage.value("SELECT id FROM ask WHERE mark=?", (mark,))
            if known is not None:
                return int(known)
        return self._storage.insert(
            "INSERT INTO ask(mark,interface,rid,document,shape,due_at,tries,state) "
            "VALUES(?,?,?,?,?,?,0,?)",
            (mark, terms.interface, rid, json.dumps(document, ensure_ascii=False), shape,
             time.time(), _WAITING),
        )  # fmt: skip

    def due(self) -> Sequence[Post]:
        """See Outgoing.due."""
        if not self.address:
            return ()
        rows = self._storage.rows(
            "SELECT id,interface,rid,document,shape,headers FROM ask "
            "WHERE state=? AND due_at<=? ORDER BY id LIMIT 10",
            (_WAITING, time.time()),
        )
        return [self._post(*row) for row in rows]

    def done(self, post: Post, heard: Heard) -> None:
        """See Outgoing.done."""
        row = self._storage.row("SELECT tries,shape,interface FROM ask WHERE id=?", (post.id,))
        if row is None:
            return
        tries, shape, interface = row
        terms, code = self._terms[interface], _code(heard)
        state, wait = self._after(terms, code, tries)
        headers: str | None = None
        if tries == 0 and state == _ANSWERED and shape in ("again", "replayed"):
            state, wait, headers = _WAITING, 0.0, json.dumps(dict(post.headers))
        with self._storage.write():
            self._storage.run(
                "INSERT INTO heard(ask_id,at,rtime,status,code,answer) VALUES(?,?,?,?,?,?)",
                (post.id, self._clock.now().isoformat(timespec="seconds"),
                 post.headers[f"{terms.prefix}_rtime"], heard.status, code or heard.error,
                 heard.body.decode("utf-8", "replace")),
            )  # fmt: skip
            self._storage.run(
                "UPDATE ask SET tries=tries+1,state=?,due_at=?,headers=? WHERE id=?",
                (state, time.time() + wait, headers, post.id),
            )

    def shown(self) -> list[dict[str, Any]]:
        """Every question and what came of it last, without what was asked and answered."""
        rows = self._storage.rows(
            "SELECT a.id,a.interface,a.rid,a.shape,a.tries,a.state,"
            "(SELECT code FROM heard h WHERE h.ask_id=a.id ORDER BY h.id DESC LIMIT 1) "
            "FROM ask a ORDER BY a.id"
        )
        names = ("id", "interface", "rid", "shape", "tries", "state", "code")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def whole(self, number: int) -> dict[str, Any] | None:
        """One question with every answer, in the order in which they came."""
        row = self._storage.row("SELECT document,state FROM ask WHERE id=?", (number,))
        if row is None:
            return None
        heard = self._storage.rows(
            "SELECT at,rtime,status,code,answer FROM heard WHERE ask_id=? ORDER BY id", (number,)
        )
        names = ("at", "rtime", "status", "code", "answer")
        return {
            "id": number, "state": row[1], "document": json.loads(row[0]),
            "heard": [dict(zip(names, one, strict=True)) for one in heard],
        }  # fmt: skip

    def reset(self) -> None:
        """Nothing was ever asked; the address and the callers' secrets stay."""
        with self._storage.write():
            self._storage.run("DELETE FROM heard")
            self._storage.run("DELETE FROM ask")

    def _after(self, terms: Terms, code: str, tries: int) -> tuple[str, float]:
        if code == "200":
            return _ANSWERED, 0.0
        if code and code not in terms.later:
            return _REFUSED, 0.0
        if tries >= len(_RETRY_S):
            return _GIVEN_UP, 0.0
        return _WAITING, _RETRY_S[tries]

    def _post(
        self, number: int, interface: str, rid: str, document: str, shape: str, headers: str | None
    ) -> Post:
        terms, said = self._terms[interface], json.loads(document)
        if shape == "foreign_field" or (headers and shape == "replayed"):
            said |= {"foreign": "1"}
        body = json.dumps(said, ensure_ascii=False).encode("utf-8")
        if shape == "garbage":
            body = "<html><body>系统繁忙</body></html>".encode()
        elif shape == "ten_megabytes":
            body = body.ljust(_BIG)
        made = json.loads(headers) if headers else self._headers(terms, rid, shape)
        return Post(number, f"{self.address}{terms.path}", made, body)

    def _headers(self, terms: Terms, rid: str, shape: str) -> dict[str, str]:
        # No two questions of one moment: under one signature the second would be a forgery.
        self._last_ms = max(self._last_ms + 1, int(self._clock.now().timestamp() * 1000))
        late = _HOUR_MS if shape == "stale" else 0
        caller = "NOBODY-KNOWS" if shape == "unknown_caller" else rid
        key = self.callers.get(rid, "") + ("x" if shape == "wrong_signature" else "")
        return terms.headers(caller, key, str(self._last_ms - late))


def _code(heard: Heard) -> str:
    try:
        said = json.loads(heard.body)
    except ValueError:
        return ""
    return str(said.get("code", "")) if isinstance(said, dict) else ""
