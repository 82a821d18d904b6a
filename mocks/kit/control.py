"""The control plane (HTTP, JSON, a port of its own on the loopback)."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mocks.kit.faults import FaultBook, RuleError
from mocks.kit.journal import Journal
from mocks.kit.messages import Answer, Request
from mocks.kit.partner import (
    Control,
    ControlCall,
    ControlError,
    Manifest,
    Partner,
    Site,
    answer_json,
)
from mocks.kit.shelf import SHELF

_DEFAULT_LIMIT = 200


class ControlPlane:
    """Routes of the kit and of the partner; ``changed`` is told when rules changed."""

    def __init__(
        self, *, manifest: Manifest, site: Site, partner: Partner, journal: Journal, book: FaultBook
    ) -> None:
        self._manifest = manifest
        self._site = site
        self._partner = partner
        self._journal = journal
        self._book = book
        self._routes: Sequence[Control] = (*self._own(), *partner.controls())

    def handle(self, request: Request) -> Answer:
        """Answer one request, in the worker thread."""
        try:
            return self._dispatch(request)
        except ControlError as error:
            return answer_json({"error": str(error)}, error.status)
        except (RuleError, ValueError, TypeError, KeyError) as error:
            return answer_json({"error": f"{type(error).__name__}: {error}"}, 400)

    def refused(self) -> Mapping[str, float | None]:
        """Endpoint (or "" for all) → until when (Unix time, None: no end) it refuses."""
        found: dict[str, float | None] = {}
        for rule in self._book.of_kind("refuse"):
            until = self._journal.until(rule.id)
            if until is None or until > time.time():
                found[rule.match.endpoint] = until
        return found

    def _dispatch(self, request: Request) -> Answer:
        others = []
        for route in self._routes:
            parts = _parts(route.path, request.path)
            if parts is None:
                continue
            if route.method == request.method:
                body = json.loads(request.body) if request.body.strip() else {}
                if not isinstance(body, dict):
                    raise ControlError("请求体必须是 JSON 对象")
                return route.act(ControlCall(parts, request.query, body))
            others.append(route.method)
        if others:
            raise ControlError(f"{request.path} 只接受 {'、'.join(others)}", 405)
        raise ControlError(f"没有 {request.path}；GET / 列出全部", 404)

    def _own(self) -> tuple[Control, ...]:
        simple: list[tuple[str, str, str, Callable[[ControlCall], Answer]]] = [
            ("GET", "/", "全部控制接口", self._index),
            ("GET", "/health", "存活、环境、业务时间", self._health),
            ("GET", "/journal", "流水：?trace= &code= &endpoint= &after= &limit=", self._entries),
            ("GET", "/faults", "生效规则、测试案例库、故障种类", self._faults),
            ("POST", "/faults", '加规则，或 {"scenario": 案例名}', self._add_fault),
            ("DELETE", "/faults", "删除全部规则", self._drop_faults),
            ("DELETE", "/faults/{id}", "删除一条规则", self._drop_faults),
            ("POST", "/faults/drop", '删除一条规则 {"id": 1}', self._drop_one),
            ("GET", "/clock", "业务时钟", self._clock),
            ("POST", "/clock", '{"now": "2025-10-14T09:30:00"} 或 {"offset_seconds": 0}',
             self._set_clock),
            ("POST", "/reset", "回到装载数据之后的状态，流水与规则清空", self._reset),
        ]  # fmt: skip
        return tuple(Control(*one) for one in simple)

    def _index(self, _: ControlCall) -> Answer:
        return answer_json(
            {
                "partner": self._manifest.partner,
                "title": self._manifest.title,
                "environment": self._site.environment,
                "routes": [f"{one.method} {one.path}  {one.description}" for one in self._routes],
            }
        )

    def _health(self, _: ControlCall) -> Answer:
        return answer_json(
            {
                "ok": True,
                "partner": self._manifest.partner,
                "environment": self._site.environment,
                "business_time": self._site.clock.now().isoformat(),
                "contracts": sorted(SHELF.taken.values()),
            }
        )

    def _entries(self, call: ControlCall) -> Answer:
        after = int(call.query.get("after", "0"))
        limit = int(call.query.get("limit", str(_DEFAULT_LIMIT)))
        return answer_json({"entries": self._journal.entries(call.query, after, limit)})

    def _faults(self, _: ControlCall) -> Answer:
        return answer_json(
            {
                "rules": [rule.shown() for rule in self._book.all()],
                "scenarios": {
                    name: one.get("description", "")
                    for name, one in self._manifest.scenarios.items()
                },
                "kinds": {name: kind.description for name, kind in self._book.kinds.items()},
            }
        )

    def _add_fault(self, call: ControlCall) -> Answer:
        spec: Mapping[str, Any] = call.body
        if "scenario" in spec:
            name = str(spec["scenario"])
            if name not in self._manifest.scenarios:
                raise ControlError(
                    f"没有测试案例 {name}；可用：{'、'.join(self._manifest.scenarios)}", 404
                )
            spec = {**self._manifest.scenarios[name], **{k: v for k, v in spec.items()
                                                         if k != "scenario"}}  # fmt: skip
        until = None
        if spec.get("fault") == "refuse" and spec.get("seconds") is not None:
            until = time.time() + float(spec["seconds"])
        rule = self._journal.add_rule(self._book, spec, until)
        return answer_json(rule.shown(), 201)

    def _drop_faults(self, call: ControlCall) -> Answer:
        rule_id = int(call.parts["id"]) if "id" in call.parts else None
        return answer_json({"dropped": self._journal.drop_rules(self._book, rule_id)})

    def _drop_one(self, call: ControlCall) -> Answer:
        return answer_json({"dropped": self._journal.drop_rules(self._book, int(call.body["id"]))})

    def _clock(self, _: ControlCall) -> Answer:
        clock = self._site.clock
        return answer_json(
            {"now": clock.now().isoformat(), "offset_seconds": clock.offset().total_seconds()}
        )

    def _set_clock(self, call: ControlCall) -> Answer:
        if "now" in call.body:
            self._site.clock.set(datetime.fromisoformat(str(call.body["now"])))
        else:
            self._site.clock.set_offset(timedelta(seconds=float(call.body["offset_seconds"])))
        return self._clock(call)

    def _reset(self, _: ControlCall) -> Answer:
        self._partner.reset()
        self._journal.clear()
        self._book.drop()
        return answer_json({"reset": True})


def _parts(pattern: str, path: str) -> Mapping[str, str] | None:
    wanted, came = pattern.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(came):
        return None
    parts = {}
    for want, got in zip(wanted, came, strict=True):
        if want.startswith("{"):
            parts[want[1:-1]] = got
        elif want != got:
            return None
    return parts
