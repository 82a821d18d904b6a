"""The ESB's outer address: takes SOAP 1.1, lets in whom the security header proves, answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mocks.banks.bgz.codec import (
    CHARSET,
    SERVICE,
    Fault,
    Message,
    fault_xml,
    read_envelope,
    response_xml,
)
from mocks.banks.bgz.desk import Desk
from mocks.banks.bgz.gate import Gate, NoEntry
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.said import Refused, Said
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.xml import Unreadable, values

_XML = "text/xml; charset=utf-8"
_OK, _INTERNAL_ERROR = 200, 500
_BAD = "HPF0110"


@dataclass(slots=True)
class _Asked:
    """A decoded call: ``fault`` is what it must be refused with, ``why`` in words."""

    message: Message | None = None
    fault: Fault | None = None
    why: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        return "" if self.message is None else self.message.message_id


class EsbPort:
    """``POST /esb/hpf/OffsetService``."""

    def __init__(self, contract: Contract, gate: Gate, desk: Desk) -> None:
        self._contract = contract
        self._gate = gate
        self._desk = desk

    def describe(self, request: Request) -> Call:
        """The operation; the batch's number, else wsa:MessageID, as the trace."""
        asked = self._read(request)
        shown: dict[str, object] = {"MessageID": asked.message_id}
        code = ""
        if asked.message is not None:
            code = asked.message.operation
            items = asked.message.items
            ends = [row.findtext("instructionNo") or "" for row in (*items[:1], *items[-1:])]
            shown |= {"rows": len(items), "first": ends[:1], "last": ends[1:]}
            shown |= {name: asked.fields[name] for name in _SHOWN if name in asked.fields}
        if asked.why:
            shown["why"] = asked.why
        trace = asked.fields.get("batchNo") or asked.message_id
        return Call(code, trace, asked.fields, shown, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked = call.decoded
        if not isinstance(asked, _Asked) or call.hits is None:
            raise TypeError("describe has not been called")
        hits = call.hits
        self._desk.catch_up()
        if request.path != self._contract.raw["endpoints"]["esb"]["path"]:
            return Answer(b"404", 404, "text/plain", summary={"error": "path"})
        early = self._instead(asked, hits, BEFORE)
        if early is not None:
            return early
        said = self._serve(asked, hits)
        if isinstance(said, Said) and said.reset:
            return Answer(b"", summary=said.summary, reset=True)
        late = self._instead(asked, hits, AFTER)
        return self._reply(asked, said, hits) if late is None else late

    def _read(self, request: Request) -> _Asked:
        try:
            message = read_envelope(request.body)
        except Unreadable as error:
            return _Asked(fault=Fault("Client", "报文读不懂"), why=str(error))
        fields = values(message.body)
        fields.pop("item", None)
        asked = _Asked(message, fields=fields)
        action = request.headers.get("soapaction", "").strip('"')
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not self._contract.knows(message.operation):
            asked.fault, asked.why = self._refusal(_BAD), "没有这个操作"
        elif action != f"{SERVICE}/{message.operation}" or media != "text/xml":
            asked.fault, asked.why = self._refusal(_BAD), "SOAPAction 或 Content-Type 与体不符"
        return asked

    def _serve(self, asked: _Asked, hits: Hits) -> Said | Fault:
        if asked.fault is not None or asked.message is None:
            return asked.fault or Fault("Client", "报文读不懂")
        try:
            self._gate.check(asked.message)
            return self._check(asked) or self._desk.serve(asked.message, hits)
        except NoEntry as closed:
            return closed.fault
        except Refused as error:
            asked.why = error.why
            return self._refusal(error.code)
        except Unreadable as error:
            asked.why = str(error)
            return self._refusal(_BAD)

    def _check(self, asked: _Asked) -> Fault | None:
        """The contract's schema, then its lengths: the schema counts letters, this counts bytes."""
        message = asked.message
        if message is None:
            return None
        schema = self._contract.schema(f"{message.operation}.request")
        if not schema.validate(message.root):
            line = (str(schema.error_log).splitlines() or ["XSD"])[0]
            asked.why = line.partition("The value")[0]  # what follows may name a person
            return self._refusal(_BAD)
        for element in message.body.iter():
            text = element.text
            if text and not text.isascii() and self._contract.too_long(element.tag, text):
                asked.why = f"{element.tag} 超长"
                return self._refusal(_BAD)
        return None

    def _instead(self, asked: _Asked, hits: Hits, when: str) -> Answer | None:
        for rule in hits.rules:
            refusing = rule.fault in _REFUSING
            if (refusing and when == BEFORE) or (not refusing and rule.when == when):
                fault = self._strange(rule)
                if fault is not None:
                    status = int(rule.parameters.get("status", _INTERNAL_ERROR))
                    mine = "" if rule.fault == "gateway_fault" else asked.message_id
                    summary = {"rule": rule.fault, "code": fault.code or fault.kind}
                    return Answer(fault_xml(fault, mine), status, _XML, summary=summary)
        return None

    def _strange(self, rule: Rule) -> Fault | None:
        code = _INSTEAD[rule.fault](rule) if rule.fault in _INSTEAD else ""
        if not code:
            return None
        if rule.fault == "gateway_fault":
            return Fault(code, "ESB routing failure")
        kind = str(rule.answer.get("kind", ""))
        found = self._refusal(code)
        return Fault(kind or found.kind, found.text, found.code)

    def _refusal(self, code: str) -> Fault:
        """A code of the table as the bank says it: what failed in its own house is Server."""
        kind = "Server" if code in _HOUSE else "Client"
        return Fault(kind, self._contract.text("fault", code), code)

    def _reply(self, asked: _Asked, said: Said | Fault, hits: Hits) -> Answer:
        charset = "utf-16" if hits.first("wrong_charset") is not None else CHARSET
        if isinstance(said, Fault) or asked.message is None:
            fault = said if isinstance(said, Fault) else Fault("Client", "报文读不懂")
            body = fault_xml(fault, asked.message_id, charset)
            summary = {"code": fault.code or fault.kind, "why": asked.why}
            return Answer(body, _INTERNAL_ERROR, _XML, summary=summary)
        body = response_xml(asked.message, said.out or "", charset)
        if hits.first("mtom") is not None:
            return _packed(body)
        return Answer(body, _OK, _XML, summary=said.summary)


def _packed(body: bytes) -> Answer:
    """The same answer as MIME parts, as an ESB with MTOM switched on sends it."""
    head = b"--bgz\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n"
    content = 'multipart/related; type="application/xop+xml"; boundary=bgz; start="<r>"'
    return Answer(head + body + b"\r\n--bgz--\r\n", _OK, content, summary={"mtom": True})


_SHOWN = (
    "batchNo", "totalCount", "totalAmount", "period", "pageNo", "listVersion", "bookDate",
    "agreementNo",
)  # fmt: skip
_HOUSE = {"HPF9999", "HPF0131"}
_REFUSING = {"expired_password"}
_INSTEAD: Mapping[str, Callable[[Rule], str]] = {
    "expired_password": lambda _: "HPF0120",
    "system_error": lambda _: "HPF9999",
    "gateway_fault": lambda rule: str(rule.parameters.get("code", "Server")),
    "unknown_code": lambda rule: str(rule.parameters.get("code", "HPF7777")),
    "answer": lambda rule: str(rule.answer.get("code", "")),
}
