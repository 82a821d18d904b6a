"""The platform's gateway: app secrets, feedback with receipts; and its document store.

A case's feedback is known by (number, seq): the same again gets the same receipt, another text
under the same seq is refused.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from mocks.kit.cases.keys import Keys, sign, sm3_hex
from mocks.kit.clock import MockClock
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS feedback(
  id INTEGER PRIMARY KEY, number TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
  document TEXT NOT NULL, receipt TEXT NOT NULL, repeats INTEGER NOT NULL,
  UNIQUE(number, seq));
CREATE TABLE IF NOT EXISTS document(file_id TEXT PRIMARY KEY, content BLOB NOT NULL);
"""
_OK, _FAILED, _SIGNATURE, _EXPIRED, _NOT_FOUND, _OTHER = "200", "300", "401", "402", "404", "409"
_SKEW_MS = 300_000
_TEXTS = {
    _OK: "成功", _FAILED: "失败", _SIGNATURE: "签名不符", _EXPIRED: "应用密钥过期",
    _NOT_FOUND: "没有这个办件或材料", _OTHER: "同一序号的反馈内容不同",
}  # fmt: skip
_EXPIRES_S = 7200


@dataclass(frozen=True, slots=True)
class _Read:
    code: str
    said: Mapping[str, Any] | None
    wrong: str


class Books:
    """Feedback and documents, on disk."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        storage.script(_DDL)

    def take(self, number: str, seq: int, kind: str, document: str) -> tuple[str, str]:
        """(code, receipt)."""
        with self._storage.write():
            row = self._storage.row(
                "SELECT document, receipt FROM feedback WHERE number=? AND seq=?", (number, seq)
            )
            if row is None:
                receipt = f"HZ{sm3_hex(f'{number}/{seq}'.encode())[:20]}"
                self._storage.run(
                    "INSERT INTO feedback(number,seq,kind,document,receipt,repeats) "
                    "VALUES(?,?,?,?,?,0)",
                    (number, seq, kind, document, receipt),
                )
                return _OK, receipt
            if row[0] != document:
                return _OTHER, ""
            self._storage.run(
                "UPDATE feedback SET repeats=repeats+1 WHERE number=? AND seq=?", (number, seq)
            )
            return _OK, row[1]

    def feedback(self, number: str | None) -> list[dict[str, Any]]:
        """In the order in which it came."""
        where, values = ("WHERE number=?", (number,)) if number else ("", ())
        rows = self._storage.rows(
            f"SELECT number,seq,kind,document,receipt,repeats FROM feedback {where} ORDER BY id",
            values,
        )
        names = ("number", "seq", "kind", "document", "receipt", "repeats")
        return [
            {**dict(zip(names, row, strict=True)), "document": json.loads(row[3])} for row in rows
        ]

    def put_document(self, file_id: str, content: bytes) -> None:
        """Keep or replace one."""
        self._storage.run(
            "INSERT INTO document(file_id,content) VALUES(?,?) "
            "ON CONFLICT(file_id) DO UPDATE SET content=excluded.content",
            (file_id, content),
        )

    def document(self, file_id: str) -> bytes | None:
        """By its number."""
        found: bytes | None = self._storage.value(
            "SELECT content FROM document WHERE file_id=?", (file_id,)
        )
        return found

    def clear(self) -> None:
        """Nothing was ever told."""
        self._storage.run("DELETE FROM feedback")
        self._storage.run("DELETE FROM document")


class Gateway:
    """Endpoints ``api`` and ``docs``."""

    def __init__(
        self, contract: Mapping[str, Any], schemas: Mapping[str, Any], keys: Keys, books: Books,
        clock: MockClock, known: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._contract, self._keys, self._books = contract, keys, books
        self._clock, self._known = clock, known
        self._paths = {str(one["path"]): name for name, one in contract["transactions"].items()}
        self._schemas = {
            name: Draft202012Validator(schemas[str(one["request"])])
            for name, one in contract["transactions"].items()
        }

    def describe(self, request: Request) -> Call:
        name = self._paths.get(request.path, "")
        try:
            said = json.loads(request.body.decode("utf-8"))
        except (UnicodeDecodeError, ValueError):
            said = None
        wrong = "" if isinstance(said, dict) else "不是 JSON 对象"
        if not wrong and name:
            error = next(self._schemas[name].iter_errors(said), None)
            wrong = f"{error.json_path}: {error.validator}" if error else ""
        read = _Read(name, said if isinstance(said, dict) else None, wrong)
        number = _number(read.said)
        fields = {} if read.said is None else {
            "number": number, "step": str(read.said.get("cljg") or read.said.get("event_code", "")),
        }  # fmt: skip
        seq = "" if read.said is None else str(read.said.get("seq", ""))
        return Call(
            code="feedback" if name in ("accept", "process", "result") else name,
            trace=f"{number}/{seq}" if number else "", fields=fields,
            summary={"transaction": name, "number": number, "seq": seq, "wrong": wrong},
            decoded=read,
        )  # fmt: skip

    def answer(self, request: Request, call: Call) -> Answer:
        read, hits = call.decoded, call.hits
        if not isinstance(read, _Read) or hits is None:
            raise TypeError("a call that was not described")
        refused = self._refusal(request, read)
        if refused:
            return _say(refused)
        rule = hits.first("answer")
        if rule is not None:
            return _say(str(rule.answer.get("code", _FAILED)))
        spoil = bool(hits.first("wrong_digest"))
        return self._served(read, spoil=spoil)

    def _served(self, read: _Read, *, spoil: bool) -> Answer:
        if read.said is None or read.wrong or not read.code:
            return _say(_FAILED)
        if read.code == "alive":
            return _say(_OK, {"appsecret": self._keys["app_secret"], "expires_in": _EXPIRES_S})
        if read.code == "document":
            return self._document(str(read.said["fileid"]), spoil=spoil)
        number = _number(read.said)
        if not self._known(number):
            return _say(_NOT_FOUND)
        document = json.dumps(read.said, ensure_ascii=False, sort_keys=True)
        code, receipt = self._books.take(number, int(read.said["seq"]), read.code, document)
        return _say(code, {"receiptno": receipt} if receipt else None)

    def _refusal(self, request: Request, read: _Read) -> str:
        prefix = self._contract["gateway"]["prefix"]
        rid, sid, rtime, signed = (
            request.headers.get(f"{prefix}_{name}", "") for name in ("rid", "sid", "rtime", "sign")
        )
        key = {"alive": "app_key", "document": "docs_key"}.get(read.code, "app_secret")
        wanted = sign(self._contract["gateway"]["algorithm"], self._keys[key], sid, rid, rtime)
        if not signed or signed != wanted:
            return _SIGNATURE
        now_ms = int(self._clock.now().timestamp() * 1000)
        if not rtime.isdigit() or abs(now_ms - int(rtime)) > _SKEW_MS:
            return _SIGNATURE
        return ""

    def _document(self, file_id: str, *, spoil: bool) -> Answer:
        content = self._books.document(file_id)
        if content is None:
            return _say(_NOT_FOUND)
        said = base64.b64encode(content + b"!" if spoil else content).decode()
        return _say(_OK, {"filebase64": said, "sm3": sm3_hex(content)})


def _number(said: Mapping[str, Any] | None) -> str:
    return "" if said is None else str(said.get("busiid") or said.get("project_no") or "")


def _say(code: str, data: Mapping[str, object] | None = None) -> Answer:
    body = json.dumps(
        {"code": code, "message": _TEXTS.get(code, "按规则应答"), "data": data}, ensure_ascii=False
    )
    return Answer(body.encode(), summary={"code": code})
