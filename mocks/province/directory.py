"""A platform's 资源目录: resources compiled, attached, reviewed, put up, taken down, each with a
receipt.

A step is known by its number: the same again gets the same receipt, another text under the same
number is refused; a step out of its order is refused.  Requests are read by hand here, not by the
adapter's schema: two readings find what one would miss.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mocks.kit.cases.keys import sign, sm3_hex
from mocks.kit.clock import MockClock
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.storage import Notes, Storage
from mocks.province.keys import Keys

_DDL = """
CREATE TABLE IF NOT EXISTS resource(
  code TEXT PRIMARY KEY, version TEXT NOT NULL, stage TEXT NOT NULL, document TEXT NOT NULL,
  review TEXT NOT NULL, remark TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS step(
  number TEXT PRIMARY KEY, code TEXT NOT NULL, stage TEXT NOT NULL, document TEXT NOT NULL,
  receipt TEXT NOT NULL, repeats INTEGER NOT NULL);
"""
_OK, _FAILED, _OFF, _SIGNATURE, _EXPIRED = "200", "300", "303", "401", "402"
_NONE, _OTHER, _ORDER = "404", "409", "410"
_TEXTS = {
    _OK: "成功", _FAILED: "失败", _OFF: "不符合目录编制规范", _SIGNATURE: "签名不符",
    _EXPIRED: "应用密钥过期", _NONE: "没有这个资源", _OTHER: "同一编号的内容不同",
    _ORDER: "次序不对：先编目，再挂接、审核、上架",
}  # fmt: skip
_EXPIRES_S = 7200
_SKEW_MS = 300_000
_BEFORE: Mapping[str, Sequence[str]] = {
    "compile": ("", "compiled", "attached", "rejected", "up", "down"),
    "attach": ("compiled", "attached"), "review": ("attached", "reviewed", "rejected"),
    "publish": ("reviewed", "up"),
    "withdraw": ("up", "down", "reviewed", "rejected", "attached", "compiled"),
}  # fmt: skip
_AFTER = {"compile": "compiled", "attach": "attached", "publish": "up", "withdraw": "down"}
_MUST: Mapping[str, Sequence[str]] = {
    "compile": ("name", "provider", "type", "items", "sensitivity", "share", "frequency",
                "contact", "contract"),
    "attach": ("path", "method", "format", "digest"),
    "review": (), "publish": (), "withdraw": ("reason",),
}  # fmt: skip
PENDING, PASSED, REJECTED = "01", "02", "03"


@dataclass(frozen=True, slots=True)
class _Read:
    stage: str
    said: Mapping[str, Any] | None
    wrong: str


class Directory:
    """Endpoint ``api`` of a platform that keeps a directory."""

    def __init__(
        self, contract: Mapping[str, Any], storage: Storage, notes: Notes, keys: Keys,
        clock: MockClock,
    ) -> None:  # fmt: skip
        self._contract, self._storage, self._notes = contract, storage, notes
        self._keys, self._clock = keys, clock
        self._paths = {str(one["path"]): name for name, one in contract["transactions"].items()}
        storage.script(_DDL)

    def describe(self, request: Request) -> Call:
        """See Service."""
        stage = self._paths.get(request.path, "")
        try:
            said = json.loads(request.body.decode("utf-8"))
        except (UnicodeDecodeError, ValueError):
            said = None
        whole = said if isinstance(said, dict) else None
        wrong = "" if stage == "alive" else _wrong(stage, whole)
        code = "" if whole is None else str(whole.get("code", ""))
        return Call(
            code=stage, trace=code, fields={"code": code},
            summary={"stage": stage, "resource": code, "wrong": wrong},
            decoded=_Read(stage, whole, wrong),
        )  # fmt: skip

    def answer(self, request: Request, call: Call) -> Answer:
        """See Service."""
        read, hits = call.decoded, call.hits
        if not isinstance(read, _Read) or hits is None:
            raise TypeError("a call that was not described")
        if not self._signed(request, read):
            return _say(_SIGNATURE)
        rule = hits.first("answer")
        if rule is not None:
            return _say(str(rule.answer.get("code", _FAILED)))
        if read.stage == "alive":
            return _say(_OK, {"appsecret": self._keys["app_secret"], "expires_in": _EXPIRES_S})
        if read.said is None or read.wrong:
            return _say(_OFF if read.stage else _NONE)
        return self._step(read.stage, read.said)

    def shown(self) -> list[dict[str, Any]]:
        """Every resource, with what was said of it."""
        names = ("code", "version", "stage", "document", "review", "remark")
        rows = self._storage.rows(f"SELECT {','.join(names)} FROM resource ORDER BY code")
        return [
            {**dict(zip(names, row, strict=True)), "document": json.loads(row[3])} for row in rows
        ]

    def steps(self) -> list[dict[str, Any]]:
        """Every step with its receipt, in the order in which it came."""
        names = ("number", "code", "stage", "receipt", "repeats")
        rows = self._storage.rows(f"SELECT {','.join(names)} FROM step ORDER BY rowid")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def judge(self, code: str, verdict: str, remark: str) -> bool:
        """Pass (02) or reject (03) what is under review."""
        with self._storage.write():
            return bool(
                self._storage.run(
                    "UPDATE resource SET review=?, remark=? WHERE code=? AND review=?",
                    (verdict, remark, code, PENDING),
                )
            )

    def set_manual(self, *, manual: bool) -> None:
        """Whether a reviewer has to be asked, or everything passes by itself."""
        self._notes.put("manual", "1" if manual else "")

    def reset(self) -> None:
        """Nothing was ever filed."""
        for table in ("resource", "step"):
            self._storage.run(f"DELETE FROM {table}")

    def _step(self, stage: str, said: Mapping[str, Any]) -> Answer:
        number, code = str(said["number"]), str(said["code"])
        document = json.dumps(said, ensure_ascii=False, sort_keys=True)
        with self._storage.write():
            before = self._storage.row(
                "SELECT document, receipt FROM step WHERE number=?", (number,)
            )
            if before is not None:
                if before[0] != document:
                    return _say(_OTHER)
                self._storage.run("UPDATE step SET repeats=repeats+1 WHERE number=?", (number,))
                return _say(_OK, {"receiptno": before[1], **self._reviewed(stage, code)})
            refused = self._out_of_order(stage, code)
            if refused:
                return _say(refused)
            receipt = f"HZ{sm3_hex(document.encode())[:20]}"
            self._storage.run(
                "INSERT INTO step(number,code,stage,document,receipt,repeats) VALUES(?,?,?,?,?,0)",
                (number, code, stage, document, receipt),
            )
            self._move(stage, code, said, document)
            return _say(_OK, {"receiptno": receipt, **self._reviewed(stage, code)})

    def _out_of_order(self, stage: str, code: str) -> str:
        row = self._storage.row("SELECT stage, review FROM resource WHERE code=?", (code,))
        if row is None:
            return "" if stage == "compile" else _NONE
        at, review = row
        if at == "attached" and review:
            at = {PASSED: "reviewed", REJECTED: "rejected"}.get(review, at)
        return "" if at in _BEFORE[stage] else _ORDER

    def _move(self, stage: str, code: str, said: Mapping[str, Any], document: str) -> None:
        if stage == "compile":
            self._storage.run(
                "INSERT OR REPLACE INTO resource(code,version,stage,document,review,remark) "
                "VALUES(?,?,'compiled',?,'','')",
                (code, str(said["version"]), document),
            )
        elif stage == "review":
            review = PENDING if self._notes.get("manual") else PASSED
            self._storage.run("UPDATE resource SET review=? WHERE code=?", (review, code))
        else:
            self._storage.run("UPDATE resource SET stage=? WHERE code=?", (_AFTER[stage], code))

    def _reviewed(self, stage: str, code: str) -> dict[str, str]:
        if stage != "review":
            return {}
        row = self._storage.row("SELECT review, remark FROM resource WHERE code=?", (code,))
        return {} if row is None else {"state": row[0], "remark": row[1]}

    def _signed(self, request: Request, read: _Read) -> bool:
        terms = self._contract["gateway"]
        sid, rid, rtime, signed = (
            request.headers.get(f"{terms['prefix']}_{name}", "")
            for name in ("sid", "rid", "rtime", "sign")
        )
        key = self._keys["app_key" if read.stage == "alive" else "app_secret"]
        if not signed or signed != sign(terms["algorithm"], key, sid, rid, rtime):
            return False
        now_ms = int(self._clock.now().timestamp() * 1000)
        return rtime.isdigit() and abs(now_ms - int(rtime)) <= _SKEW_MS


def _wrong(stage: str, said: Mapping[str, Any] | None) -> str:
    """What is lacking or empty of a step; nothing when it is whole."""
    if said is None or stage not in _MUST:
        return "不是 JSON 对象，或没有这个交易"
    lacking = [name for name in ("number", "code", "version", *_MUST[stage]) if not said.get(name)]
    if lacking:
        return f"缺 {lacking[0]}"
    if stage == "compile":
        items = said["items"]
        if not isinstance(items, list) or not all(
            isinstance(one, dict) and one.get("name") and one.get("type") for one in items
        ):
            return "items 的每项要有 name、type"
        if said["share"] == "02" and not said.get("conditions"):
            return "有条件共享要写 conditions"
    return ""


def _say(code: str, data: Mapping[str, object] | None = None) -> Answer:
    body = json.dumps(
        {"code": code, "message": _TEXTS.get(code, "按规则应答"), "data": data}, ensure_ascii=False
    )
    return Answer(body.encode(), summary={"code": code})
