"""The gateway: opens the envelope, checks who asks, answers in an envelope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mocks.banks.gyb.desk import Desk, Served
from mocks.banks.gyb.nonces import Nonces
from mocks.banks.gyb.words import DISTRUST
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.said import Refused
from mocks.kit.clock import MockClock
from mocks.kit.envelope import Distrusted, Envelope, Party
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Request

_JSON = "application/json; charset=utf-8"
_OK = "000000"


@dataclass(slots=True)
class _Asked:
    """An opened call: ``problem`` is the code it must be refused with, ``why`` in words."""

    service: str
    nonce: str
    document: Mapping[str, Any]
    problem: str = ""
    why: str = ""


class Gateway:
    """``POST /openapi/v1/<service>``."""

    def __init__(
        self,
        contract: Contract,
        clients: ClientFile,
        envelope: Envelope,
        party: Callable[[], Party],
        desk: Desk,
        nonces: Nonces,
        clock: MockClock,
    ) -> None:
        self._contract = contract
        self._clients = clients
        self._envelope = envelope
        self._party = party
        self._desk = desk
        self._nonces = nonces
        self._clock = clock
        self._base = str(contract.raw["endpoints"]["gw"]["path"])

    def describe(self, request: Request) -> Call:
        """The service; the batch's number, else reqNo, as the trace."""
        asked = self._read(request)
        said = asked.document
        plain = {name: str(one) for name, one in said.items() if not isinstance(one, list)}
        rows = said.get("rows") or said.get("instNos") or []
        shown: dict[str, object] = {name: plain[name] for name in _SHOWN if name in plain}
        if isinstance(rows, list) and rows:
            ends = [one.get("instNo") if isinstance(one, dict) else one for one in rows]
            shown |= {"rows": len(rows), "first": ends[0], "last": ends[-1]}
        if asked.why:
            shown["why"] = asked.why
        trace = plain.get("batchNo") or plain.get("reqNo", "")
        return Call(asked.service, trace, plain, shown, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked = call.decoded
        if not isinstance(asked, _Asked) or call.hits is None:
            raise TypeError("describe has not been called")
        hits = call.hits
        self._desk.catch_up()
        if not asked.service:
            return Answer(b"404", 404, "text/plain", summary={"error": "path"})
        early = self._instead(asked, hits, BEFORE)
        if early is not None:
            return early
        code, served = self._serve(request, asked, hits)
        if served.reset:
            return Answer(b"", summary=served.summary, reset=True)
        late = self._instead(asked, hits, AFTER)
        if late is not None:
            return late
        charset = "utf-16" if hits.first("wrong_charset") is not None else "utf-8"
        return self._wrap(asked, code, served.out, served.summary, charset=charset)

    def _read(self, request: Request) -> _Asked:
        service = request.path.removeprefix(f"{self._base}/")
        if service == request.path or request.method != "POST":
            return _Asked("", "", {}, "E110", "没有这个地址")
        try:
            found = self._envelope.open(
                self._party(), request.path, request.headers, request.body, self._now_ms()
            )
        except Distrusted as no:
            return _Asked(service, no.nonce, {}, DISTRUST[no.word], no.why)
        asked = _Asked(service, self._envelope.nonce(request.headers), {})
        if not isinstance(found, dict) or not self._contract.knows(service):
            asked.problem, asked.why = "E110", "没有这个交易，或报文不是对象"
        else:
            asked.document = found
        return asked

    def _serve(self, request: Request, asked: _Asked, hits: Hits) -> tuple[str, Served]:
        problem, why = asked.problem, asked.why
        if not problem and not self._nonces.fresh(asked.nonce, request.body, self._now_ms()):
            problem, why = "E105", "随机数重复而报文不同"
        if not problem:
            problem, why = self._check(asked)
        if problem:
            return problem, Served(summary={"why": why})
        try:
            return _OK, self._desk.serve(asked.service, asked.document, hits)
        except Refused as refused:
            return refused.code, Served(summary={"why": refused.why})

    def _check(self, asked: _Asked) -> tuple[str, str]:
        fault = self._contract.json_fault(f"{asked.service}.request", asked.document)
        if fault:
            return "E110", fault
        parts = [asked.document, *asked.document.get("rows", [])]
        for part in parts:  # the schema has counted letters, this counts bytes
            for name, value in part.items():
                if isinstance(value, str) and self._contract.too_long(name, value):
                    return "E110", f"{name} 超长"
        return "", ""

    def _instead(self, asked: _Asked, hits: Hits, when: str) -> Answer | None:
        for rule in hits.rules:
            refusing = rule.fault in _REFUSING
            if (refusing and when == BEFORE) or (not refusing and rule.when == when):
                code = _INSTEAD[rule.fault](rule) if rule.fault in _INSTEAD else ""
                if code:
                    return self._wrap(asked, code, {}, {"rule": rule.fault})
        return None

    def _wrap(
        self,
        asked: _Asked,
        code: str,
        out: Mapping[str, Any],
        summary: Mapping[str, object],
        *,
        charset: str = "utf-8",
    ) -> Answer:
        serial = asked.document.get("reqNo")
        document = {
            "reqNo": serial if isinstance(serial, str) and serial else "0",
            "code": code,
            "message": self._contract.text("code", code),
            "bankTime": f"{self._clock.now():%Y%m%d%H%M%S}",
            **out,
        }
        path = f"{self._base}/{asked.service}"
        headers, body = self._envelope.seal(
            self._party(), path, document, self._now_ms(), asked.nonce or "0" * 32, charset=charset
        )
        return Answer(
            body, content_type=_JSON, headers=tuple(headers.items()),
            summary={"code": code, **summary},
        )  # fmt: skip

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


_SHOWN = (
    "reqNo", "batchNo", "totalCount", "totalAmount", "month", "pageNo", "version", "date",
    "agreementNo",
)  # fmt: skip
_REFUSING = {"expired_token"}
_INSTEAD: Mapping[str, Callable[[Rule], str]] = {
    "expired_token": lambda _: "E103",
    "system_error": lambda _: "E999",
    "unknown_code": lambda rule: str(rule.parameters.get("code", "E777")),
    "answer": lambda rule: str(rule.answer.get("code", "")),
}
