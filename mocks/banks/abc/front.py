"""The front machine (银企直联前置机): takes a frame, answers a frame."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from mocks.banks.abc.codec import FRAMING, Message, Stamp, read_frame, reply_frame
from mocks.banks.abc.desk import PAYMENT, Desk
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.said import Refused, Said
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Handler, Port, Request
from mocks.kit.tcp import FramedPort
from mocks.kit.xml import Unreadable, values

_DONE, _WAITING = "0000", "0001"


@dataclass(slots=True)
class _Asked:
    """A decoded call: ``problem`` is the RespCode it must be refused with, ``why`` in words."""

    head: Mapping[str, str] = field(default_factory=dict)
    message: Message | None = None
    problem: str = ""
    why: str = ""


class FrontService:
    """One framed port."""

    def __init__(self, contract: Contract, clients: ClientFile, desk: Desk) -> None:
        self._contract = contract
        self._clients = clients
        self._desk = desk

    def port(self, handle: Handler) -> Port:
        """Frames of a flag and a length."""
        return FramedPort(handle, FRAMING)

    def describe(self, request: Request) -> Call:
        """The CCTransCode; the request that is asked about, else ReqSeqNo, as the trace."""
        asked = self._read(request)
        fields = {name: text for name, text in asked.head.items() if name != "AuthNo"}
        shown: dict[str, object] = {"ReqSeqNo": asked.head.get("ReqSeqNo", "")}
        if asked.message is not None:
            info = values(asked.message.info)
            info.pop("Row", None)
            fields |= info
            rows = asked.message.rows
            ends = [row.findtext("CustSeqNo") or "" for row in (*rows[:1], *rows[-1:])]
            shown |= {"rows": len(rows), "first": ends[:1], "last": ends[1:]}
            shown |= {name: info[name] for name in _SHOWN if name in info}
        if asked.why:
            shown["why"] = asked.why
        trace = fields.get("OrgReqSeqNo") or asked.head.get("ReqSeqNo", "")
        return Call(asked.head.get("CCTransCode", ""), trace, fields, shown, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked = call.decoded
        if not isinstance(asked, _Asked) or call.hits is None:
            raise TypeError("describe has not been called")
        hits = call.hits
        self._desk.catch_up()
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
            message = read_frame(request.body)
        except Unreadable as error:
            return _Asked(problem="1010", why=str(error))
        asked = _Asked(message.head, message)
        if not self._contract.knows(message.head["CCTransCode"]):
            asked.problem, asked.why = "1010", "没有这个交易"
        return asked

    def _serve(self, asked: _Asked, hits: Hits) -> Said:
        problem, why = asked.problem, asked.why
        if not problem and asked.message is not None:
            problem, why = self._check(asked.message)
        if problem or asked.message is None:
            return Said(problem, None, {"why": why})
        try:
            return self._desk.serve(asked.head["CCTransCode"], asked.message, hits)
        except Refused as refused:
            return Said(refused.code, None, {"why": refused.why})
        except Unreadable as error:
            return Said("1010", None, {"why": str(error)})

    def _check(self, message: Message) -> tuple[str, str]:
        client, head = self._clients.client, message.head
        expected = {
            "CorpNo": client["CorpNo"], "OpNo": client["OpNo"], "AuthNo": client["auth_no"],
        }  # fmt: skip
        wrong = [name for name, value in expected.items() if head[name] != value]
        if wrong:
            return "1001", f"不符：{'、'.join(wrong)}"
        schema = self._contract.schema(f"{head['CCTransCode']}.request")
        if not schema.validate(message.root):
            line = (str(schema.error_log).splitlines() or ["XSD"])[0]
            return "1010", line.partition("The value")[0]  # what follows may name a person
        for element in message.root.iter():  # the XSD has counted letters, this counts bytes
            text = element.text
            if text and not text.isascii() and self._contract.too_long(element.tag, text):
                return "1010", f"{element.tag} 超长"
        content = head["CCTransCode"].encode() + etree.tostring(message.info, method="c14n")
        if not self._desk.requests.take(head["ReqSeqNo"], content, self._desk.clock.today()):
            return "1012", "请求流水号一年内用过，内容不同"
        return "", ""

    def _instead(self, asked: _Asked, hits: Hits, when: str) -> Answer | None:
        for rule in hits.rules:
            refusing = rule.fault in _REFUSING
            if (refusing and when == BEFORE) or (not refusing and rule.when == when):
                code = _INSTEAD[rule.fault](rule) if rule.fault in _INSTEAD else ""
                if code:
                    text = str(rule.answer.get("RespInfo", self._text(code)))
                    return self._wrap(asked, code, text, None, {"rule": rule.fault})
        return None

    def _reply(self, asked: _Asked, said: Said, hits: Hits) -> Answer:
        code = said.code or _DONE
        payment = asked.head.get("CCTransCode") == PAYMENT
        if payment and self._contract.final_refusal("resp_code", code):
            self._desk.requests.refuse(asked.head["ReqSeqNo"], code)
        out = said.out
        if payment and code == _DONE and hits.first("waiting") is not None:
            code, out = _WAITING, None
        charset = "utf-16" if hits.first("wrong_charset") is not None else "gb18030"
        return self._wrap(asked, code, self._text(code), out, said.summary, charset=charset)

    def _text(self, code: str) -> str:
        return self._contract.text("resp_code", code)

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
        now = self._desk.clock.now()
        stamp = Stamp(now.strftime("%Y%m%d"), now.strftime("%H%M%S"), secrets.token_hex(10))
        payment = asked.head.get("CCTransCode") == PAYMENT
        wait = payment and code in (_DONE, _WAITING)
        body = reply_frame(asked.head, stamp, code, text, out, wait=wait, charset=charset)
        return Answer(body, summary={"RespCode": code, **summary})


_SHOWN = (
    "OrgReqSeqNo", "TotalNum", "TotalAmt", "Period", "ListVer", "StartNo", "TrDate", "XYBH",
)  # fmt: skip
_REFUSING = {"expired_token"}
_INSTEAD: Mapping[str, Callable[[Rule], str]] = {
    "expired_token": lambda _: "1002",
    "system_error": lambda _: "9999",
    "unknown_code": lambda rule: str(rule.parameters.get("code", "7777")),
    "answer": lambda rule: str(rule.answer.get("RespCode", "")),
}
