"""The front machine (银企对接前置机): takes ``<bocb2e>``, asks for a token, answers in kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mocks.banks.boc.codec import CHARSET, Message, read_xml, reply_xml
from mocks.banks.boc.desk import Desk
from mocks.banks.boc.tokens import Tokens
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.said import Refused, Said
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.xml import Unreadable, values

_XML = "text/xml; charset=UTF-8"
_SIGN_IN = "b2e0001"


@dataclass(slots=True)
class _Asked:
    """A decoded call: ``problem`` is the code it must be refused with, ``why`` in words."""

    head: Mapping[str, str] = field(default_factory=dict)
    message: Message | None = None
    problem: str = ""
    why: str = ""


class B2ePort:
    """``POST /B2EC/E2BServlet``."""

    def __init__(self, contract: Contract, clients: ClientFile, desk: Desk, tokens: Tokens) -> None:
        self._contract = contract
        self._clients = clients
        self._desk = desk
        self._tokens = tokens

    def describe(self, request: Request) -> Call:
        """The trncod; the batch's number, else trnid, as the trace."""
        asked = self._read(request)
        fields = {name: text for name, text in asked.head.items() if name != "token"}
        shown: dict[str, object] = {"trnid": asked.head.get("trnid", "")}
        if asked.message is not None:
            body = values(asked.message.body)
            body.pop("detail", None)
            body.pop("oprpwd", None)
            fields |= body
            details = asked.message.details
            ends = [row.findtext("insid") or "" for row in (*details[:1], *details[-1:])]
            shown |= {"rows": len(details), "first": ends[:1], "last": ends[1:]}
            shown |= {name: body[name] for name in _SHOWN if name in body}
        if asked.why:
            shown["why"] = asked.why
        trace = fields.get("batchid") or asked.head.get("trnid", "")
        return Call(asked.head.get("trncod", ""), trace, fields, shown, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked = call.decoded
        if not isinstance(asked, _Asked) or call.hits is None:
            raise TypeError("describe has not been called")
        hits = call.hits
        self._desk.catch_up()
        if request.path != self._contract.raw["endpoints"]["b2e"]["path"]:
            return Answer(b"404", 404, "text/plain", summary={"error": "path"})
        if hits.first("expired_token") is not None:
            self._tokens.forget()
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
            message = read_xml(request.body)
        except Unreadable as error:
            return _Asked(problem="B110", why=str(error))
        asked = _Asked(message.head, message)
        if not self._contract.knows(message.head["trncod"]):
            asked.problem, asked.why = "B110", "没有这个交易"
        return asked

    def _serve(self, asked: _Asked, hits: Hits) -> Said:
        problem, why = asked.problem, asked.why
        if not problem and asked.message is not None:
            problem, why = self._check(asked.message)
        if problem or asked.message is None:
            return Said(problem, None, {"why": why})
        try:
            return self._desk.serve(asked.head["trncod"], asked.message, hits)
        except Refused as refused:
            return Said(refused.code, None, {"why": refused.why})
        except Unreadable as error:
            return Said("B110", None, {"why": str(error)})

    def _check(self, message: Message) -> tuple[str, str]:
        client, head = self._clients.client, message.head
        names = ("termid", "custid", "cusopr")
        wrong = [name for name in names if head[name] != client[name]]
        if wrong:
            return "B101", f"不符：{'、'.join(wrong)}"
        if head["trncod"] != _SIGN_IN:
            if not head["token"]:
                return "1033", "未签到"
            if not self._tokens.valid(head["token"]):
                return "B107", "令牌失效"
        schema = self._contract.schema(f"{head['trncod']}.request")
        if not schema.validate(message.root):
            line = (str(schema.error_log).splitlines() or ["XSD"])[0]
            return "B110", line.partition("The value")[0]  # what follows may name a person
        for element in message.root.iter():  # the XSD has counted letters, this counts bytes
            text = element.text
            if text and not text.isascii() and self._contract.too_long(element.tag, text):
                return "B110", f"{element.tag} 超长"
        return "", ""

    def _instead(self, asked: _Asked, hits: Hits, when: str) -> Answer | None:
        for rule in hits.rules:
            if rule.when == when and rule.fault in _INSTEAD:
                code = _INSTEAD[rule.fault](rule)
                if code:
                    text = str(rule.answer.get("rspmsg", self._text(code)))
                    return self._wrap(asked, code, text, None, {"rule": rule.fault})
        return None

    def _reply(self, asked: _Asked, said: Said, hits: Hits) -> Answer:
        code = said.code or "B001"
        charset = "utf-16" if hits.first("wrong_charset") is not None else CHARSET
        return self._wrap(asked, code, self._text(code), said.out, said.summary, charset=charset)

    def _text(self, code: str) -> str:
        return self._contract.text("status", code)

    def _wrap(
        self,
        asked: _Asked,
        code: str,
        text: str,
        out: str | None,
        summary: Mapping[str, object],
        *,
        charset: str = CHARSET,
    ) -> Answer:
        body = reply_xml(asked.head, code, text, out, charset)
        return Answer(body, content_type=_XML, summary={"rspcod": code, **summary})


_SHOWN = ("batchid", "pybnum", "pybamt", "period", "begnum", "listver", "trndat", "xybh")
_INSTEAD: Mapping[str, Callable[[Rule], str]] = {
    "system_error": lambda _: "B999",
    "unknown_code": lambda rule: str(rule.parameters.get("code", "B777")),
    "answer": lambda rule: str(rule.answer.get("rspcod", "")),
}
