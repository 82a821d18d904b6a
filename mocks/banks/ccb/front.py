"""The front machine (外联平台前置机): takes ``requestXml=``, answers XML."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mocks.banks.ccb.codec import Message, read_form, reply_xml
from mocks.banks.ccb.desk import Desk
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.said import Refused, Said
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.xml import Unreadable, values

_XML = "text/xml; charset=GB2312"


@dataclass(slots=True)
class _Asked:
    """A decoded call: ``problem`` is the RETURN_CODE it must be refused with, ``why`` in words."""

    head: Mapping[str, str] = field(default_factory=dict)
    message: Message | None = None
    problem: str = ""
    why: str = ""


class FrontPort:
    """``POST /``."""

    def __init__(self, contract: Contract, clients: ClientFile, desk: Desk) -> None:
        self._contract = contract
        self._clients = clients
        self._desk = desk

    def describe(self, request: Request) -> Call:
        """The TX_CODE; the batch's number, else REQUEST_SN, as the trace."""
        asked = self._read(request)
        code = asked.head.get("TX_CODE", "")
        fields, summary = dict(asked.head), {"REQUEST_SN": asked.head.get("REQUEST_SN", "")}
        fields.pop("PASSWORD", None)
        shown: dict[str, object] = dict(summary)
        if asked.message is not None:
            info = values(asked.message.info)
            info.pop("LIST", None)
            fields |= info
            lists = asked.message.lists
            ends = [row.findtext("CUST_SN") or "" for row in (*lists[:1], *lists[-1:])]
            shown |= {"rows": len(lists), "first": ends[:1], "last": ends[1:]}
            shown |= {name: info[name] for name in _SHOWN if name in info}
        if asked.why:
            shown["why"] = asked.why
        trace = fields.get("BATCH_NO") or asked.head.get("REQUEST_SN", "")
        return Call(code, trace, fields, shown, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked = call.decoded
        if not isinstance(asked, _Asked) or call.hits is None:
            raise TypeError("describe has not been called")
        hits = call.hits
        self._desk.catch_up()
        if request.path != self._contract.raw["endpoints"]["front"]["path"]:
            return Answer(b"404", 404, "text/plain", summary={"error": "path"})
        early = self._instead(asked, hits, BEFORE)
        if early is not None:
            return early
        said = self._serve(asked, hits)
        if said.reset:
            return Answer(b"", summary=said.summary, reset=True)
        late = self._instead(asked, hits, AFTER)
        return self._reply(asked, said, hits) if late is None else late

    def _read(self, request: Request) -> _Asked:
        try:
            message = read_form(request.body)
        except Unreadable as error:
            return _Asked(problem="YDH90110", why=str(error))
        asked = _Asked(message.head, message)
        if not self._contract.knows(message.head["TX_CODE"]):
            asked.problem, asked.why = "YDH90110", "没有这个交易"
        return asked

    def _serve(self, asked: _Asked, hits: Hits) -> Said:
        problem, why = asked.problem, asked.why
        if not problem and asked.message is not None:
            problem, why = self._check(asked.message)
        if problem or asked.message is None:
            return Said(problem, None, {"why": why})
        try:
            return self._desk.serve(asked.head["TX_CODE"], asked.message, hits)
        except Refused as refused:
            return Said(refused.code, None, {"why": refused.why})
        except Unreadable as error:
            return Said("YDH90110", None, {"why": str(error)})

    def _check(self, message: Message) -> tuple[str, str]:
        client = self._clients.client
        expected = {
            "CUST_ID": client["CUST_ID"],
            "USER_ID": client["USER_ID"],
            "PASSWORD": client["password"],
        }
        wrong = [name for name, value in expected.items() if message.head[name] != value]
        if wrong:
            return "YDH90101", f"不符：{'、'.join(wrong)}"
        schema = self._contract.schema(f"{message.head['TX_CODE']}.request")
        if not schema.validate(message.root):
            line = (str(schema.error_log).splitlines() or ["XSD"])[0]
            return "YDH90110", line.partition("The value")[0]  # what follows may name a person
        for element in message.root.iter():  # the XSD has counted letters, this counts bytes
            text = element.text
            if text and not text.isascii() and self._contract.too_long(element.tag, text):
                return "YDH90110", f"{element.tag} 超长"
        return "", ""

    def _instead(self, asked: _Asked, hits: Hits, when: str) -> Answer | None:
        for rule in hits.rules:
            refusing = rule.fault in _REFUSING
            if (refusing and when == BEFORE) or (not refusing and rule.when == when):
                code = _INSTEAD[rule.fault](rule) if rule.fault in _INSTEAD else ""
                if code:
                    text = str(rule.answer.get("RETURN_MSG", self._text(code)))
                    return self._wrap(asked, code, text, None, {"rule": rule.fault})
        return None

    def _reply(self, asked: _Asked, said: Said, hits: Hits) -> Answer:
        code = said.code or "000000"
        charset = "utf-16" if hits.first("wrong_charset") is not None else "gb18030"
        return self._wrap(asked, code, self._text(code), said.out, said.summary, charset=charset)

    def _text(self, code: str) -> str:
        return self._contract.text("return_code", code)

    def _wrap(
        self,
        asked: _Asked,
        code: str,
        text: str,
        out: str | None,
        summary: Mapping[str, object],
        *,
        charset: str = "gb18030",
    ) -> Answer:
        body = reply_xml(asked.head, code, text, out, charset)
        return Answer(body, content_type=_XML, summary={"RETURN_CODE": code, **summary})


_SHOWN = ("BATCH_NO", "TOTAL_NUM", "TOTAL_AMT", "MONTH", "PAGE", "VERSION", "DATE", "XYBH")
_REFUSING = {"expired_token"}
_INSTEAD: Mapping[str, Callable[[Rule], str]] = {
    "expired_token": lambda _: "YDH90102",
    "system_error": lambda _: "YDH99999",
    "unknown_code": lambda rule: str(rule.parameters.get("code", "ZZZZ7777")),
    "front_cut_off": lambda _: "0130Z1108",
    "answer": lambda rule: str(rule.answer.get("RETURN_CODE", "")),
}
