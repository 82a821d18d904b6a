"""What the platform files: each push written once, sent until the centre has taken it.

Sent again, only time and signature are new.  Kept on disk until it was taken, refused for good, or
the contract's last repeat has failed.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mocks.kit.cases.keys import Keys, sign
from mocks.kit.clock import MockClock
from mocks.kit.faults import FaultKind
from mocks.kit.outgoing import Heard, Post
from mocks.kit.storage import Notes, Storage

_DDL = """
CREATE TABLE IF NOT EXISTS push(
  id INTEGER PRIMARY KEY, route TEXT NOT NULL, number TEXT NOT NULL, version INTEGER NOT NULL,
  document TEXT NOT NULL, shape TEXT NOT NULL, due_at REAL NOT NULL, tries INTEGER NOT NULL,
  state TEXT NOT NULL, status INTEGER, said TEXT, headers TEXT);
CREATE INDEX IF NOT EXISTS push_due ON push(state, due_at);
"""
_WAITING, _TAKEN, _REFUSED, _GIVEN_UP = "waiting", "taken", "refused", "given up"
_HOUR_MS = 3_600_000
SHAPES: Mapping[str, FaultKind] = {
    "push_bad_signature": FaultKind("推送第一次的签名不符，再送时正常"),
    "push_stale": FaultKind("推送第一次的时间早一小时，再送时正常"),
    "push_garbage": FaultKind("推送第一次是 HTML 页面，再送时正常"),
    "push_twice": FaultKind("同一推送送两次，内容相同"),
    "push_replayed": FaultKind("推送之后，用同一签名另送一个内容不同的"),
}
"""What can be wrong with a push; given with the push itself."""


class Pushes:
    """The platform's outgoing post; the centre's address is given through the control plane."""

    def __init__(
        self, storage: Storage, notes: Notes, contract: Mapping[str, Any], keys: Keys,
        clock: MockClock,
    ) -> None:  # fmt: skip
        self._storage, self._notes, self._keys, self._clock = storage, notes, keys, clock
        self._inbound: Mapping[str, Any] = contract["inbound"]
        self._gateway: Mapping[str, Any] = contract["gateway"]
        self._values: Mapping[str, Any] = contract["values"]
        self._waits: list[float] = contract["push"]["retry_s"]
        codes = contract["code_tables"]["push_code"]["codes"]
        self._final = {code for code, one in codes.items() if one["retry"] == "never"}
        self._last_ms = 0
        storage.script(_DDL)

    @property
    def address(self) -> str:
        """Base URL of the centre's receiving port; empty until it is told: nothing is sent."""
        return self._notes.get("callback") or ""

    def send_to(self, url: str) -> None:
        """The centre's address, from now on."""
        self._notes.put("callback", url.rstrip("/"))

    def add(
        self, route: str, document: Mapping[str, Any], shape: str, *, sent: bool = False
    ) -> int:
        """File one; its id.  ``sent``: it is known here, but somebody else pushes it.  Raises
        KeyError for a route the contract does not have."""
        place = self._inbound[route]["path"]
        number = str(document.get("id") or document.get("sblsh") or "")
        version = document.get("version")
        return self._storage.insert(
            "INSERT INTO push(route,number,version,document,shape,due_at,tries,state) "
            "VALUES(?,?,?,?,?,?,0,?)",
            (place, number, version if isinstance(version, int) else 0,
             json.dumps(document, ensure_ascii=False), shape, time.time(),
             _TAKEN if sent else _WAITING),
        )  # fmt: skip

    def known(self, number: str) -> bool:
        """Whether this platform has filed a case of that number."""
        return bool(
            self._storage.value("SELECT EXISTS(SELECT 1 FROM push WHERE number=?)", (number,))
        )

    def due(self) -> Sequence[Post]:
        """See Outgoing.due."""
        if not self.address:
            return ()
        rows = self._storage.rows(
            "SELECT id,route,document,shape,tries,headers FROM push WHERE state=? AND due_at<=? "
            "ORDER BY id LIMIT 10",
            (_WAITING, time.time()),
        )
        return [self._post(*row) for row in rows]

    def done(self, post: Post, heard: Heard) -> None:
        """See Outgoing.done."""
        row = self._storage.row("SELECT tries,shape,document FROM push WHERE id=?", (post.id,))
        if row is None:
            return
        tries, shape, document = row
        code = _code(heard)
        state, wait = self._after(code, tries)
        if tries == 0 and state == _TAKEN and shape == "push_twice":
            state, wait = _WAITING, 0.0
        if tries == 0 and state == _TAKEN and shape == "push_replayed":
            said = json.loads(document) | {"version": 99}
            self._storage.insert(
                "INSERT INTO push(route,number,version,document,shape,due_at,tries,state,headers) "
                "SELECT route,number,99,?,'',0,?,?,? FROM push WHERE id=?",
                (json.dumps(said, ensure_ascii=False), len(self._waits), _WAITING,
                 json.dumps(dict(post.headers)), post.id),
            )  # fmt: skip
        self._storage.run(
            "UPDATE push SET tries=tries+1,state=?,status=?,said=?,due_at=? WHERE id=?",
            (state, heard.status, code or heard.error, time.time() + wait, post.id),
        )

    def shown(self) -> list[dict[str, Any]]:
        """Every push, for the control plane; documents are people's and stay out."""
        names = ("id", "route", "number", "version", "shape", "tries", "state", "status", "said")
        rows = self._storage.rows(f"SELECT {','.join(names)} FROM push ORDER BY id")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def reset(self) -> None:
        """Nothing was ever filed; the address stays."""
        self._storage.run("DELETE FROM push")

    def _after(self, code: str, tries: int) -> tuple[str, float]:
        if code == "200":
            return _TAKEN, 0.0
        if code in self._final:
            return _REFUSED, 0.0
        if tries >= len(self._waits):
            return _GIVEN_UP, 0.0
        return _WAITING, self._waits[tries]

    def _post(
        self, number: int, route: str, document: str, shape: str, tries: int, headers: str | None
    ) -> Post:
        body, bad = document.encode("utf-8"), shape if tries == 0 else ""
        if bad == "push_garbage":
            body = "<html><body>系统繁忙</body></html>".encode()
        made = json.loads(headers) if headers else self._headers(bad)
        return Post(number, f"{self.address}{route}", made, body)

    def _headers(self, bad: str) -> dict[str, str]:
        sid, rid = self._values["caller_sid"]["example"], self._values["caller_rid"]["example"]
        late = _HOUR_MS if bad == "push_stale" else 0
        # No two requests of one moment: under one signature the second would be a forgery.
        self._last_ms = max(self._last_ms + 1, int(self._clock.now().timestamp() * 1000))
        rtime = str(self._last_ms - late)
        key = self._keys["caller_secret"] + ("x" if bad == "push_bad_signature" else "")
        prefix = self._gateway["prefix"]
        return {
            "Content-Type": "text/plain",  # as it comes in the wild
            f"{prefix}_sid": sid, f"{prefix}_rid": rid, f"{prefix}_rtime": rtime,
            f"{prefix}_sign": sign(self._gateway["algorithm"], key, sid, rid, rtime),
        }  # fmt: skip


def _code(heard: Heard) -> str:
    try:
        said = json.loads(heard.body)
    except ValueError:
        return ""
    return str(said.get("code", "")) if isinstance(said, dict) else ""
