"""Result notices (结果通知): what the bank tells of itself, before its reply, twice, or never.

A notice's document is written once and stays: sent again, only time, nonce, IV and signature are
new.  Kept on disk until it was taken or the contract's last repeat has failed.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mocks.banks.gyb.words import is_final, row
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.payments import Payments, Told
from mocks.kit.clock import MockClock
from mocks.kit.envelope import Distrusted, Envelope, Party
from mocks.kit.faults import FaultKind, Hits
from mocks.kit.outgoing import Heard, Post, send
from mocks.kit.storage import Notes, Storage

SERVICE = "hc.result.notify"
_DDL = """
CREATE TABLE IF NOT EXISTS notice(
  id INTEGER PRIMARY KEY, notify_no TEXT NOT NULL, batch TEXT NOT NULL, numbers TEXT NOT NULL,
  document TEXT NOT NULL, shape TEXT NOT NULL, due_at REAL NOT NULL, tries INTEGER NOT NULL,
  state TEXT NOT NULL, status INTEGER, said TEXT);
CREATE INDEX IF NOT EXISTS notice_due ON notice(state, due_at);
"""
_WAITING, _TAKEN, _GIVEN_UP = "waiting", "taken", "given up"
_OK = "0000"
_LOOK_AGAIN_S = 0.5
_HOUR_MS = 3_600_000
_STRANGER = "90909090909090909090"
SHAPES: Mapping[str, FaultKind] = {
    "notice_before_reply": FaultKind("结果通知在受理应答之前送达"),
    "notice_twice": FaultKind("同一结果通知送两次：编号、内容相同，时间戳、随机数、签名是新的"),
    "notice_never": FaultKind("不送结果通知，只有查询才知道"),
    "notice_late": FaultKind("结果通知在 seconds 秒（缺省 2）之后才送"),
    "notice_conflict": FaultKind("同一通知编号再送一次，金额差 fen 分（缺省 1）"),
    "notice_bad_signature": FaultKind("结果通知第一次的签名不符，重送时正常"),
    "notice_stale": FaultKind("结果通知第一次的时间戳早一小时，重送时正常"),
    "notice_garbage": FaultKind("结果通知第一次是 HTML 页面，重送时正常"),
    "notice_stranger": FaultKind("另送一个通知，指令号不是中心编定的"),
}
"""What can be wrong with a notice."""


class Notices:
    """The bank's outgoing post; the address is given through the control plane."""

    def __init__(
        self,
        storage: Storage,
        notes: Notes,
        contract: Contract,
        envelope: Envelope,
        party: Callable[[], Party],
        payments: Payments,
        clock: MockClock,
    ) -> None:
        self._storage = storage
        self._notes = notes
        self._contract = contract
        self._envelope = envelope
        self._party = party
        self._payments = payments
        self._clock = clock
        self._spec = contract.raw["inbound"][SERVICE]
        storage.script(_DDL)

    @property
    def address(self) -> str:
        """Base URL of the centre's receiving port; empty until it is told: nothing is sent."""
        return self._notes.get("callback") or ""

    def send_to(self, url: str) -> None:
        """The centre's address, from now on."""
        self._notes.put("callback", url.rstrip("/"))

    def tell(self, batch: str, told: Sequence[Told], hits: Hits) -> None:
        """Plan what is to be told of a batch just taken, as this call's rules have it."""
        shapes = [rule.fault for rule in hits.rules if rule.fault in SHAPES]
        if not self.address or "notice_never" in shapes or self._known(batch):
            return
        late = hits.first("notice_late")
        wait = 0.0 if late is None else 2.0 if late.seconds is None else late.seconds
        shape = next((one for one in shapes if one not in _NOT_OF_ONE), "")
        once = {one.number: one for one in told}
        final = [one for one in once.values() if is_final(one)]
        open_ = [number for number, one in once.items() if not is_final(one)]
        made = [self._put(batch, final, shape, wait)] if final else []
        if open_:
            self._put_open(batch, open_)
        if "notice_stranger" in shapes and final:
            stranger = Told(_STRANGER, "S1", "", final[0].fen, final[0].verdict, "")
            self._put(batch, [stranger], "", wait)
        if "notice_before_reply" in shapes:
            for post in self._posts(made):
                self.done(post, send(post))

    def due(self) -> Sequence[Post]:
        """See Outgoing.due."""
        if not self.address:
            return ()
        self._write_open()
        ids = self._storage.rows(
            "SELECT id FROM notice WHERE state=? AND due_at<=? AND document<>'' ORDER BY id "
            "LIMIT 20",
            (_WAITING, time.time()),
        )
        return self._posts([found for (found,) in ids])

    def done(self, post: Post, heard: Heard) -> None:
        """See Outgoing.done."""
        kept = self._storage.row("SELECT tries,shape,document FROM notice WHERE id=?", (post.id,))
        if kept is None:
            return
        tries, shape, document = kept
        said = self._said(heard)
        waits: list[float] = self._spec["retry_s"]
        if said == _OK and tries == 0 and shape in ("notice_twice", "notice_conflict"):
            again = document if shape == "notice_twice" else _other(document)
            self._note(post.id, heard, said, _WAITING, 0.0, again)
        elif said == _OK or shape == "notice_conflict":
            self._note(post.id, heard, said, _TAKEN, 0.0, document)
        elif tries >= len(waits):
            self._note(post.id, heard, said, _GIVEN_UP, 0.0, document)
        else:
            self._note(post.id, heard, said, _WAITING, waits[tries], document)

    def shown(self) -> list[dict[str, Any]]:
        """Every notice, for the control plane."""
        names = ("notify_no", "batch", "shape", "tries", "state", "status", "said")
        rows = self._storage.rows(f"SELECT {','.join(names)},numbers FROM notice ORDER BY id")
        return [
            {**dict(zip(names, found, strict=False)), "rows": len(found[-1].split(","))}
            for found in rows
        ]

    def reset(self) -> None:
        """No notice was ever sent; the address stays."""
        self._storage.run("DELETE FROM notice")

    def _known(self, batch: str) -> bool:
        return bool(
            self._storage.value("SELECT EXISTS(SELECT 1 FROM notice WHERE batch=?)", (batch,))
        )

    def _put(self, batch: str, told: Sequence[Told], shape: str, wait: float) -> int:
        number = f"N{self._clock.now():%y%m%d%H%M%S}{secrets.token_hex(6)}"
        document = self._document(number, batch, told)
        return self._insert(number, batch, [one.number for one in told], document, shape, wait)

    def _put_open(self, batch: str, numbers: Sequence[str]) -> None:
        number = f"N{self._clock.now():%y%m%d%H%M%S}{secrets.token_hex(6)}"
        self._insert(number, batch, numbers, "", "", _LOOK_AGAIN_S)

    def _insert(
        self, number: str, batch: str, numbers: Sequence[str], document: str, shape: str,
        wait: float,
    ) -> int:  # fmt: skip
        return self._storage.insert(
            "INSERT INTO notice(notify_no,batch,numbers,document,shape,due_at,tries,state) "
            "VALUES(?,?,?,?,?,?,0,?)",
            (number, batch, ",".join(numbers), document, shape, time.time() + wait, _WAITING),
        )

    def _write_open(self) -> None:
        """What was in hand when its batch was taken is written once the bank knows."""
        for found in self._storage.rows(
            "SELECT id,notify_no,batch,numbers FROM notice WHERE state=? AND due_at<=? "
            "AND document='' LIMIT 20",
            (_WAITING, time.time()),
        ):
            told = [one for one in self._payments.now(found[3].split(",")) if is_final(one)]
            if len(told) < len(found[3].split(",")):
                self._storage.run(
                    "UPDATE notice SET due_at=? WHERE id=?", (time.time() + _LOOK_AGAIN_S, found[0])
                )
            else:
                text = self._document(found[1], found[2], told)
                self._storage.run("UPDATE notice SET document=? WHERE id=?", (text, found[0]))

    def _document(self, number: str, batch: str, told: Sequence[Told]) -> str:
        return json.dumps(
            {
                "notifyNo": number,
                "batchNo": batch,
                "bankTime": f"{self._clock.now():%Y%m%d%H%M%S}",
                "rows": [row(self._contract, one) for one in told],
            },
            ensure_ascii=False,
        )

    def _posts(self, ids: Sequence[int]) -> list[Post]:
        marks = ",".join("?" * len(ids))
        return [
            self._post(*found)
            for found in self._storage.rows(
                f"SELECT id,document,shape,tries FROM notice WHERE id IN ({marks}) ORDER BY id", ids
            )
        ]

    def _post(self, number: int, document: str, shape: str, tries: int) -> Post:
        now_ms = int(self._clock.now().timestamp() * 1000)
        bad = shape if tries == 0 else ""
        headers, body = self._envelope.seal(
            self._party(), self._spec["path"], json.loads(document),
            now_ms - (_HOUR_MS if bad == "notice_stale" else 0), secrets.token_hex(16),
            spoil=bad == "notice_bad_signature",
        )  # fmt: skip
        if bad == "notice_garbage":
            body = "<html><body>系统繁忙</body></html>".encode()
        headers["Content-Type"] = "application/json; charset=utf-8"
        return Post(number, f"{self.address}{self._spec['path']}", headers, body)

    def _said(self, heard: Heard) -> str:
        """The code of a sealed answer of the centre, else empty."""
        if heard.status != 200:
            return ""
        now_ms = int(self._clock.now().timestamp() * 1000)
        try:
            said = self._envelope.open(
                self._party(), self._spec["path"], heard.headers, heard.body, now_ms
            )
        except Distrusted as why:
            return f"!{why.word}"
        return str(said.get("code", ""))

    def _note(
        self, number: int, heard: Heard, said: str, state: str, wait: float, document: str
    ) -> None:
        self._storage.run(
            "UPDATE notice SET tries=tries+1,state=?,status=?,said=?,due_at=?,document=? "
            "WHERE id=?",
            (state, heard.status, said or heard.error, time.time() + wait, document, number),
        )


_NOT_OF_ONE = {"notice_before_reply", "notice_never", "notice_late", "notice_stranger"}


def _other(document: str) -> str:
    """The same notice's number with another amount in its first row."""
    said = json.loads(document)
    first = said["rows"][0]
    first["amount"] = str(int(first["amount"]) + 1)
    return json.dumps(said, ensure_ascii=False)
