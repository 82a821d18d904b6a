"""Rules: on which call (or row) a partner misbehaves, and how.

A rule comes from a scenario file (YAML) or the control plane (JSON), in the same shape::

    name: 入账后断开            # optional; id is given by the mock
    description: 前两批入账后连接被重置
    match: {endpoint: api, code: PAYENT, where: {batch: "B1"}, first: 2}
    by: call                   # or row
    fault: reset               # a kind of the kit or of the partner
    when: after                # before or after booking, for reset, never, garbage, delay
    seconds: 2                 # for delay, refuse, late
    answer: {code: "9999"}     # what to say instead, as the partner understands it

``match`` counts what fits it: ``after`` skips the first N, ``first`` takes the first N of the
rest, ``every`` each Nth, ``percent`` a share drawn from ``seed`` (the same seed, the same calls).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from mocks.kit.messages import Call

BEFORE = "before"
AFTER = "after"


class RuleError(ValueError):
    """A rule that cannot be understood; the text names the field."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A way to misbehave: what it does, whether it acts on single rows too."""

    description: str
    rows: bool = False
    calls: bool = True


KIT_KINDS: Mapping[str, FaultKind] = {
    "refuse": FaultKind("拒绝连接：端口不再监听，直到规则删除或 seconds 秒后"),
    "reset": FaultKind("TCP 重置；when=before 入账前，when=after（缺省）入账后"),
    "never": FaultKind("永不应答：连接开着不回；when=before 不入账，after（缺省）已入账"),
    "delay": FaultKind("推迟 seconds 秒；when=before 推迟处理，after（缺省）推迟应答"),
    "half_reply": FaultKind("应答只发一半就断开（fraction，缺省 0.5）"),
    "garbage": FaultKind("以 HTML 页面代替应答；when=before 不入账，after（缺省）已入账"),
    "http_error": FaultKind("以 HTTP 错误状态应答（status，缺省 502）；when 同上"),
}
"""Kinds the kit's server enacts by itself; all else is the partner's to enact."""

_ALIASES = {
    "reset_before": ("reset", BEFORE),
    "reset_after": ("reset", AFTER),
    "never_before": ("never", BEFORE),
}
_MATCH_KEYS = {"endpoint", "code", "where", "first", "after", "every", "percent", "seed"}
_RULE_KEYS = {"id", "name", "description", "match", "by", "fault", "when", "seconds", "answer"}
_PARAMETERS = {"fraction", "status", "inquiries", "code", "fen", "length"}


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule looks at.  Values of ``where`` are exact or shell patterns (``6222*``)."""

    endpoint: str = ""
    code: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    first: int | None = None
    after: int = 0
    every: int | None = None
    percent: float | None = None
    seed: int = 0

    def due(self, ordinal: int) -> bool:
        """Whether the ``ordinal``-th fitting call (from 1) is one that the rule acts on."""
        place = ordinal - self.after
        if place < 1 or (self.first is not None and place > self.first):
            return False
        if self.every is not None and place % self.every != 0:
            return False
        if self.percent is None:
            return True
        draw = hashlib.sha256(f"{self.seed}:{place}".encode()).digest()
        return int.from_bytes(draw[:4], "big") / 2**32 * 100 < self.percent

    def misses(self, endpoint: str, code: str) -> list[str]:
        """Why endpoint or code do not fit; empty when they do."""
        found = []
        if self.endpoint and self.endpoint != endpoint:
            found.append(f"endpoint 应为 {self.endpoint}，来的是 {endpoint}")
        if self.code and not fnmatchcase(code, self.code):
            found.append(f"code 应为 {self.code}，来的是 {code or '（无）'}")
        return found

    def field_misses(self, fields: Mapping[str, str]) -> list[str]:
        """Which fields of ``where`` do not fit (the values that came are not shown)."""
        return [
            f"{name} 应为 {pattern}" + ("" if name in fields else "，报文里没有")
            for name, pattern in self.where.items()
            if not fnmatchcase(fields.get(name, ""), pattern)
        ]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``seen`` counts what fitted, ``fired`` how often it acted."""

    match: Match
    fault: str
    id: int = 0
    name: str = ""
    description: str = ""
    by_row: bool = False
    when: str = AFTER
    seconds: float | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def shown(self) -> dict[str, Any]:
        """As the control plane lists it."""
        return {"id": self.id, **self.spec, "seen": self.seen, "fired": self.fired}


def parse_rule(spec: Mapping[str, Any], kinds: Mapping[str, FaultKind]) -> Rule:
    """A rule from its YAML or JSON shape; :class:`RuleError` when it is not one."""
    unknown = set(spec) - _RULE_KEYS - _PARAMETERS
    if unknown:
        raise RuleError(f"规则里不认识的字段：{'、'.join(sorted(unknown))}")
    raw = spec.get("match") or {}
    if not isinstance(raw, Mapping) or set(raw) - _MATCH_KEYS:
        raise RuleError(f"match 只认 {'、'.join(sorted(_MATCH_KEYS))}")
    where = raw.get("where") or {}
    if not isinstance(where, Mapping):
        raise RuleError("match.where 必须是字段到值的对应")
    match = _match(raw, where)
    fault, when = _ALIASES.get(str(spec.get("fault") or ""), (str(spec.get("fault") or ""), ""))
    if not fault:
        fault = "answer" if spec.get("answer") else "delay"
    by_row = spec.get("by", "call") == "row"
    kind = kinds.get(fault)
    if kind is None:
        raise RuleError(f"本挡板没有故障 {fault}；可用：{'、'.join(sorted(kinds))}")
    if (by_row and not kind.rows) or (not by_row and not kind.calls):
        raise RuleError(f"故障 {fault} 不能按{'行' if by_row else '整笔请求'}发生")
    when = when or str(spec.get("when", AFTER))
    if when not in (BEFORE, AFTER):
        raise RuleError("when 只能是 before 或 after")
    seconds = spec.get("seconds")
    return Rule(
        match=match,
        fault=fault,
        name=str(spec.get("name", "")),
        description=str(spec.get("description", "")),
        by_row=by_row,
        when=when,
        seconds=None if seconds is None else float(seconds),
        answer=dict(spec.get("answer") or {}),
        parameters={name: spec[name] for name in _PARAMETERS if name in spec},
        spec={k: v for k, v in spec.items() if k != "id"},
    )


def _match(raw: Mapping[str, Any], where: Mapping[Any, Any]) -> Match:
    def whole(name: str) -> int | None:
        value = raw.get(name)
        if value is None or (isinstance(value, int) and value >= 0):
            return value
        raise RuleError(f"match.{name} 必须是不小于 0 的整数")

    percent = raw.get("percent")
    if percent is not None and not isinstance(percent, (int, float)):
        raise RuleError("match.percent 必须是数")
    if raw.get("every") == 0:
        raise RuleError("match.every 至少是 1")
    return Match(
        endpoint=str(raw.get("endpoint", "")),
        code=str(raw.get("code", "")),
        where={str(k): str(v) for k, v in where.items()},
        first=whole("first"),
        after=whole("after") or 0,
        every=whole("every"),
        percent=percent,
        seed=whole("seed") or 0,
    )


class Hits:
    """The rules that act on one call, and those that may act on its rows."""

    def __init__(
        self,
        rules: list[Rule],
        row_rules: list[Rule],
        near: list[str],
        count: Callable[[Rule, Mapping[str, str]], bool],
    ) -> None:
        self.rules = rules
        self.near = near
        self._row_rules = row_rules
        self._count = count
        self.row_names: list[str] = []

    def first(self, fault: str, when: str | None = None) -> Rule | None:
        """The first rule of that kind acting on the whole call, or None."""
        for rule in self.rules:
            if rule.fault == fault and when in (None, rule.when):
                return rule
        return None

    @property
    def any_rows(self) -> bool:
        """Whether rows need to be asked about at all."""
        return bool(self._row_rules)

    def on_row(self, fields: Mapping[str, str]) -> list[Rule]:
        """Rules acting on one row; ask once per row, in the order of the rows."""
        acting = [rule for rule in self._row_rules if self._count(rule, fields)]
        self.row_names.extend(title(rule) for rule in acting)
        return acting

    def names(self) -> list[str]:
        """What acted, for the journal."""
        return [title(rule) for rule in self.rules] + sorted(set(self.row_names))


def title(rule: Rule) -> str:
    """How a rule is called in the journal."""
    return f"#{rule.id} {rule.name or rule.fault}"


class FaultBook:
    """The rules in force, with their counters; where they are kept is the caller's affair.

    ``keep(rule)`` is called when a counter moved, so that a killed mock goes on counting.
    """

    def __init__(self, kinds: Mapping[str, FaultKind], keep: Callable[[Rule], None]) -> None:
        self.kinds: Mapping[str, FaultKind] = {**KIT_KINDS, **kinds}
        self._rules: dict[int, Rule] = {}
        self._keep = keep

    def put(self, rule: Rule) -> None:
        """Add or replace a rule (its id is set)."""
        self._rules[rule.id] = rule

    def drop(self, rule_id: int | None = None) -> int:
        """Drop one rule, or all; how many went."""
        doomed = list(self._rules) if rule_id is None else [rule_id]
        return sum(self._rules.pop(one, None) is not None for one in doomed)

    def all(self) -> list[Rule]:
        """In the order they were made."""
        return [self._rules[rule_id] for rule_id in sorted(self._rules)]

    def of_kind(self, fault: str) -> list[Rule]:
        """All rules of one kind; for faults that are no call's (``refuse``)."""
        return [rule for rule in self.all() if rule.fault == fault]

    def look(self, endpoint: str, call: Call) -> Hits:
        """Which rules act on this call; counts it."""
        acting, row_rules, near = [], [], []
        for rule in self.all():
            if rule.fault == "refuse":
                continue
            misses = rule.match.misses(endpoint, call.code)
            if not misses and rule.by_row:
                row_rules.append(rule)
                continue
            fields = rule.match.field_misses(call.fields)
            if misses or fields:
                if not (misses and fields) and len(misses) < 2:
                    near.append(f"{title(rule)}：{'；'.join(misses + fields)}")
                continue
            if self._count(rule):
                acting.append(self._rules[rule.id])
            else:
                near.append(f"{title(rule)}：第 {rule.seen + 1} 次，不在次数之内")
        return Hits(acting, row_rules, near, self._count_row)

    def _count_row(self, rule: Rule, fields: Mapping[str, str]) -> bool:
        return not rule.match.field_misses(fields) and self._count(self._rules[rule.id])

    def _count(self, rule: Rule) -> bool:
        due = rule.match.due(rule.seen + 1)
        counted = replace(rule, seen=rule.seen + 1, fired=rule.fired + due)
        self._rules[rule.id] = counted
        self._keep(counted)
        return due
