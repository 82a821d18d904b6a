"""The journal (SQLite): what came, what was answered, which rule acted; and the rules themselves.

Each request is written before it is handled and completed after, so that a killed mock shows
what it had in hand.  Kept apart from the money: synchronous NORMAL, which outlives the process.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mocks.kit.faults import FaultBook, FaultKind, Rule, parse_rule
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.storage import Notes, Storage

_DDL = """
CREATE TABLE IF NOT EXISTS journal(
  id INTEGER PRIMARY KEY, trace TEXT NOT NULL, at TEXT NOT NULL, business_at TEXT NOT NULL,
  endpoint TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, code TEXT NOT NULL,
  asked TEXT NOT NULL, body_bytes INTEGER NOT NULL, rules TEXT NOT NULL, near TEXT NOT NULL,
  status INTEGER, answered TEXT, ended TEXT, millis REAL);
CREATE INDEX IF NOT EXISTS journal_trace ON journal(trace);
CREATE TABLE IF NOT EXISTS rule(
  id INTEGER PRIMARY KEY, spec TEXT NOT NULL, seen INTEGER NOT NULL, fired INTEGER NOT NULL,
  until REAL);
"""
_SHOWN = (
    "id", "trace", "at", "business_at", "endpoint", "method", "path", "code", "asked",
    "body_bytes", "rules", "near", "status", "answered", "ended", "millis",
)  # fmt: skip
_JSON = {"asked", "rules", "near", "answered"}


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class Journal:
    """Requests by trace, and rules with their counters, in ``journal.sqlite``."""

    def __init__(self, path: Path) -> None:
        self.storage = Storage(path, synchronous="NORMAL")
        self.storage.script(_DDL)
        self.notes = Notes(self.storage)

    def begin(self, endpoint: str, request: Request, call: Call, business_at: datetime) -> int:
        """Note a request before it is handled; the entry's id."""
        hits = call.hits
        if not call.trace:
            call.trace = request.headers.get("x-trace-id") or secrets.token_hex(8)
        return self.storage.insert(
            "INSERT INTO journal(trace,at,business_at,endpoint,method,path,code,asked,body_bytes,"
            "rules,near) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
            (
                call.trace, datetime.now(UTC).isoformat(), business_at.isoformat(), endpoint,
                request.method, request.path, call.code, _text(call.summary), len(request.body),
                _text(hits.names() if hits else []), _text(hits.near if hits else []),
            ),
        )  # fmt: skip

    def finish(
        self, entry: int, call: Call, answer: Answer | None, ended: str, millis: float
    ) -> None:
        """Complete an entry: ``ended`` says how (answered, reset, never, half_reply …)."""
        self.storage.run(
            "UPDATE journal SET status=?, answered=?, ended=?, millis=?, rules=? WHERE id=?",
            (
                None if answer is None else answer.status,
                None if answer is None else _text(answer.summary),
                ended, round(millis, 3), _text(call.hits.names() if call.hits else []), entry,
            ),
        )  # fmt: skip

    def entries(self, wanted: Mapping[str, str], after: int, limit: int) -> list[dict[str, Any]]:
        """Entries with id > ``after`` in order; ``wanted`` narrows by trace, code or endpoint."""
        clauses, values = ["id > ?"], [str(after)]
        for name in ("trace", "code", "endpoint"):
            if wanted.get(name):
                clauses.append(f"{name} = ?")
                values.append(wanted[name])
        found = self.storage.rows(
            f"SELECT {','.join(_SHOWN)} FROM journal WHERE {' AND '.join(clauses)} "
            "ORDER BY id LIMIT ?",
            (*values, limit),
        )
        return [
            {
                name: json.loads(value) if name in _JSON and value is not None else value
                for name, value in zip(_SHOWN, row, strict=True)
            }
            for row in found
        ]

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The last entries, newest first."""
        last = int(self.storage.value("SELECT max(id) FROM journal") or 0)
        return self.entries({}, max(last - limit, 0), limit)[::-1]

    def clear(self) -> None:
        """Forget requests and rules."""
        with self.storage.write():
            self.storage.run("DELETE FROM journal")
            self.storage.run("DELETE FROM rule")

    def load_rules(self, kinds: Mapping[str, FaultKind]) -> FaultBook:
        """The rules that stood when the mock last ran."""
        book = FaultBook(kinds, self._keep)
        for rule_id, spec, seen, fired in self.storage.rows(
            "SELECT id,spec,seen,fired FROM rule ORDER BY id"
        ):
            book.put(self._with(parse_rule(json.loads(spec), book.kinds), rule_id, seen, fired))
        return book

    def add_rule(self, book: FaultBook, spec: Mapping[str, Any], until: float | None) -> Rule:
        """Keep a rule and put it in force; ``until`` (Unix time) ends a ``refuse``."""
        rule = parse_rule(spec, book.kinds)
        rule_id = self.storage.insert(
            "INSERT INTO rule(spec,seen,fired,until) VALUES(?,0,0,?)", (_text(rule.spec), until)
        )
        kept = self._with(rule, rule_id, 0, 0)
        book.put(kept)
        return kept

    def drop_rules(self, book: FaultBook, rule_id: int | None) -> int:
        """Forget one rule, or all; how many went."""
        if rule_id is None:
            self.storage.run("DELETE FROM rule")
        else:
            self.storage.run("DELETE FROM rule WHERE id=?", (rule_id,))
        return book.drop(rule_id)

    def until(self, rule_id: int) -> float | None:
        """When a ``refuse`` rule ends by itself (Unix time), or None."""
        found: float | None = self.storage.value("SELECT until FROM rule WHERE id=?", (rule_id,))
        return found

    def _keep(self, rule: Rule) -> None:
        self.storage.run(
            "UPDATE rule SET seen=?, fired=? WHERE id=?", (rule.seen, rule.fired, rule.id)
        )

    @staticmethod
    def _with(rule: Rule, rule_id: int, seen: int, fired: int) -> Rule:
        return replace(rule, id=rule_id, seen=seen, fired=fired)
