"""``POST /sfop/hc/trade``: opens the envelope, checks who asks and what, answers in an envelope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mocks.banks.psbc.desk import Desk, Served
from mocks.banks.psbc.traces import Traces
from mocks.banks.psbc.words import DISTRUST
from mocks.kit.bank.said import CutOff, Refused
from mocks.kit.envelope import Distrusted, Envelope, Party
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Request

_OK, _OFF_FORMAT, _REPLAYED = "00000", "P0201", "P0105"
_SHOWN = ("batchId", "period", "pageNo", "version", "bookDate", "agreementNo")
_TOLD = ("fileName", "totalNum", "totalAmt")
_REFUSING = "expired_token"
_INSTEAD: Mapping[str, Callable[[Rule], str]] = {
    _REFUSING: lambda _: "P0103",
    "system_error": lambda _: "P0999",
    "unknown_code": lambda rule: str(rule.parameters.get("code", "P0777")),
    "answer": lambda rule: str(rule.answer.get("respCode", "")),
}


@dataclass(slots=True)
class _Asked:
    """An opened call: ``problem`` is the code it must be refused with, ``why`` in words."""

    trace: str = ""
    code: str = ""
    serial: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    why: str = ""


class Gate:
    """The platform's one address."""

    def __init__(
        self, desk: Desk, envelope: Envelope, party: Callable[[], Party], traces: Traces
    ) -> None:
        self._desk = desk
        self._contract = desk.contract
        self._clock = desk.books.clock
        self._envelope = envelope
        self._party = party
        self._traces = traces
        self._path = str(self._contract.raw["endpoints"]["api"]["path"])

    def describe(self, request: Request) -> Call:
        """The transaction; the batch's number, else reqSerial, as the trace."""
        asked = self._read(request)
        plain = {n: str(v) for n, v in asked.body.items() if not isinstance(v, (list, dict))}
        summary: dict[str, object] = {"reqSerial": asked.serial}
        summary |= {name: plain[name] for name in _SHOWN if name in plain}
        file = asked.body.get("file")
        if isinstance(file, dict):
            summary |= {name: file.get(name) for name in _TOLD}
        if "orderNos" in asked.body:
            summary["rows"] = len(asked.body["orderNos"])
        if asked.why:
            summary["why"] = asked.why
        trace = plain.get("batchId") or asked.serial
        return Call(asked.code, trace, plain, summary, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked, hits = call.decoded, call.hits
        if not isinstance(asked, _Asked) or hits is None:
            raise TypeError("describe has not been called")
        self._desk.books.catch_up()
        if request.path != self._path or request.method != "POST":
            return Answer(b"404", 404, "text/plain", summary={"error": "path"})
        early = self._instead(hits, BEFORE)
        if early:
            return self._wrap(asked, early, Served(), hits)
        try:
            code, served = self._serve(request, asked, hits)
        except CutOff as cut:
            return Answer(b"", summary=cut.summary, reset=True)
        late = self._instead(hits, AFTER)
        return self._wrap(asked, late or code, Served() if late else served, hits)

    def _read(self, request: Request) -> _Asked:
        trace = self._envelope.nonce(request.headers)
        try:
            found = self._envelope.open(
                self._party(), request.path, request.headers, request.body, self._now_ms()
            )
        except Distrusted as no:
            return _Asked(no.nonce, problem=DISTRUST[no.word], why=no.why)
        code = found.get("txCode") if isinstance(found, dict) else None
        if not isinstance(code, str) or not self._contract.knows(code):
            return _Asked(trace, problem=_OFF_FORMAT, why="没有这个交易，或报文不是对象")
        fault = self._contract.json_fault(f"{code}.request", found)
        serial, body = found.get("reqSerial"), found.get("body")
        asked = _Asked(trace, code, serial if isinstance(serial, str) else "")
        if fault or not isinstance(body, dict):
            asked.problem, asked.why = _OFF_FORMAT, fault
            return asked
        asked.body = body
        for name, value in body.items():  # the schema has counted letters, this counts bytes
            if isinstance(value, str) and self._contract.too_long(name, value):
                asked.problem, asked.why = _OFF_FORMAT, f"{name} 超长"
        return asked

    def _serve(self, request: Request, asked: _Asked, hits: Hits) -> tuple[str, Served]:
        problem, why = asked.problem, asked.why
        if asked.code and not self._traces.first(asked.trace, request.body, self._now_ms()):
            problem, why = _REPLAYED, "跟踪号重复而报文不同"
        if problem:
            return problem, Served(summary={"why": why})
        try:
            return _OK, self._desk.serve(asked.code, asked.body, hits)
        except Refused as refused:
            return refused.code, Served(summary={"why": refused.why})

    @staticmethod
    def _instead(hits: Hits, when: str) -> str:
        for rule in hits.rules:
            moment = BEFORE if rule.fault == _REFUSING else rule.when
            code = _INSTEAD[rule.fault](rule) if rule.fault in _INSTEAD else ""
            if code and moment == when:
                return code
        return ""

    def _wrap(self, asked: _Asked, code: str, served: Served, hits: Hits) -> Answer:
        document: dict[str, Any] = {
            "txCode": asked.code,
            "reqSerial": asked.serial,
            "respCode": code,
            "respMsg": self._contract.text("resp_code", code),
            "respTime": self._desk.now(),
        }
        if code == _OK:
            document["body"] = dict(served.body)
        charset = "utf-16" if hits.first("wrong_charset") is not None else "utf-8"
        headers, body = self._envelope.seal(
            self._party(), self._path, document, self._now_ms(), asked.trace or "0" * 32,
            charset=charset,
        )  # fmt: skip
        return Answer(
            body, headers=tuple(headers.items()), summary={"respCode": code, **served.summary}
        )

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
