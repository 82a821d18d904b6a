"""The NC (银企互联客户端): its sign port and its API port."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from mocks.banks.icbc.codec import (
    Message,
    Seal,
    read_form,
    read_xml,
    reply_xml,
    wrap_reply,
)
from mocks.banks.icbc.desk import Desk
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.said import Refused, Said
from mocks.kit.clock import MockClock
from mocks.kit.faults import AFTER, BEFORE, Hits, Rule
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.xml import Unreadable, escape, values

_HTML = "text/html; charset=GBK"
_SIGN_TYPE = "INFOSEC_SIGN/1.0"


class SignPort:
    """``POST /``: signs any bytes with the NC's token."""

    def __init__(self, contract: Contract, clients: ClientFile) -> None:
        self._contract = contract
        self._clients = clients

    def describe(self, request: Request) -> Call:
        """Code SIGN; the trace is the signed message's fSeqno where it can be read."""
        trace = ""
        with suppress(Unreadable):
            trace = read_xml(request.body).pub["fSeqno"]
        return Call(code="SIGN", trace=trace, summary={"bytes": len(request.body)})

    def answer(self, request: Request, call: Call) -> Answer:
        """The signature, or a result other than 0."""
        if request.headers.get("content-type", "").split(";")[0] != _SIGN_TYPE:
            return Answer(b"415", 415, "text/plain", summary={"error": "content type"})
        hits = _hits(call)
        result = "0"
        if hits.first("signature_refused") is not None:
            result = "-10"
        elif hits.first("expired_token") is not None:
            result = "-11"
        signed = ""
        if result == "0":
            key = bytes.fromhex(self._clients.client["seal_key"])
            signed = f"<sign>\n{Seal(key).sign(request.body)}</sign>"
        text = escape(self._contract.text("sign_result", result))
        body = (
            f"<html><head><title>{text}</title><result>{result}</result></head>"
            f"<body>{signed}</body></html>"
        )
        return Answer(body.encode("gb18030"), content_type=_SIGN_TYPE, summary={"result": result})


@dataclass(slots=True)
class _Asked:
    """A decoded call: ``problem`` is the RetCode it must be refused with, ``why`` in words."""

    code: str
    pub: Mapping[str, str]
    message: Message | None = None
    problem: str = ""
    why: str = ""
    nc_error: str = ""
    form: Mapping[str, str] = field(default_factory=dict)


class ApiPort:
    """``POST /servlet/ICBCCMPAPIReqServlet``: takes the form, answers ``reqData=``."""

    def __init__(
        self, contract: Contract, clients: ClientFile, desk: Desk, clock: MockClock
    ) -> None:
        self._contract = contract
        self._clients = clients
        self._desk = desk
        self._clock = clock

    def describe(self, request: Request) -> Call:
        """The transaction's code, fSeqno as the trace; fields to match on from pub and in."""
        asked = self._read(request)
        fields = dict(asked.pub)
        summary: dict[str, object] = {"fSeqno": asked.pub.get("fSeqno", "")}
        if asked.message is not None:
            body = values(asked.message.body)
            body.pop("rd", None)
            fields |= body
            rows = list(asked.message.body.iterchildren("rd"))
            ends = [values(row) for row in (*rows[:1], *rows[-1:])]
            numbers = [row.get("QryiSeqno") or row.get("iSeqno", "") for row in ends]
            summary |= {"rows": len(rows), "first": numbers[:1], "last": numbers[1:]}
            summary |= {k: body[k] for k in _SHOWN if k in body}
        if asked.why:
            summary["why"] = asked.why
        trace = asked.pub.get("fSeqno", "")
        return Call(asked.code, trace, fields, summary, decoded=asked)

    def answer(self, request: Request, call: Call) -> Answer:
        """What the bank says; credits are on disk when this returns."""
        asked = call.decoded
        if not isinstance(asked, _Asked):
            raise TypeError("describe has not been called")
        hits = _hits(call)
        self._desk.catch_up()
        if request.path != self._contract.raw["endpoints"]["api"]["path"]:
            return Answer(b"404", 404, "text/plain", summary={"error": "path"})
        if asked.nc_error:
            return _nc_error(asked.nc_error)
        early = self._instead(asked, hits, BEFORE)
        if early is not None:
            return early
        said = self._serve(asked, hits)
        if said.reset:
            return Answer(b"", summary=said.summary, reset=True)
        late = self._instead(asked, hits, AFTER)
        return self._reply(asked, said, hits) if late is None else late

    def _serve(self, asked: _Asked, hits: Hits) -> Said:
        problem, why = asked.problem, asked.why
        if not problem and asked.message is not None:
            problem, why = self._check(asked, asked.message)
        if problem or asked.message is None:
            return Said(problem, None, {"why": why})
        try:
            return self._desk.serve(asked.code, asked.pub, asked.message, hits)
        except Refused as refused:
            return Said(refused.code, None, {"why": refused.why})

    def _read(self, request: Request) -> _Asked:
        raw = read_form(request.body)
        form = {name: value.decode("ascii", "replace") for name, value in raw.items()}
        code = form.get("TransCode", "")
        stand_in = {
            "TransCode": code, "CIS": form.get("GroupCIS", ""), "BankCode": "102",
            "ID": form.get("ID", ""), "TranDate": "", "TranTime": "",
            "fSeqno": form.get("PackageID", ""),
        }  # fmt: skip
        asked = _Asked(code=code, pub=stand_in, form=form)
        if not self._contract.knows(code) or "reqData" not in raw:
            asked.nc_error, asked.why = "-1", "没有这个交易，或没有 reqData"
            return asked
        xml: bytes | None = raw["reqData"]
        if self._contract.signed(code):
            xml = Seal(bytes.fromhex(self._clients.client["seal_key"])).open(raw["reqData"])
        if xml is None:
            asked.problem, asked.why = "B0101", "签名不对，或没有签名"
            return asked
        try:
            asked.message = read_xml(xml)
            asked.pub = {**stand_in, **{k: v for k, v in asked.message.pub.items() if v}}
        except Unreadable as error:
            asked.problem, asked.why = "B0110", str(error)
        return asked

    def _check(self, asked: _Asked, message: Message) -> tuple[str, str]:
        client, form, pub = self._clients.client, asked.form, message.pub
        expected = {"GroupCIS": client["GroupCIS"], "ID": client["ID"], "Cert": client["cert"]}
        wrong = [name for name, value in expected.items() if form.get(name) != value]
        wrong += [n for n, v in (("CIS", client["CIS"]), ("ID", client["ID"])) if pub[n] != v]
        if wrong:
            return "B0102", f"不符：{'、'.join(wrong)}"
        if form.get("PackageID") != pub["fSeqno"] or pub["TransCode"] != asked.code:
            return "B0110", "表单的 PackageID、TransCode 与 XML 不一致"
        schema = self._contract.schema(f"{asked.code}.request")
        if not schema.validate(message.root):
            line = (str(schema.error_log).splitlines() or ["XSD"])[0]
            return "B0110", line.partition("The value")[0]  # what follows may name a person
        for element in message.root.iter():  # the XSD has counted letters, this counts bytes
            text = element.text
            if text and not text.isascii() and self._contract.too_long(element.tag, text):
                return "B0110", f"{element.tag} 超长"
        return "", ""

    def _instead(self, asked: _Asked, hits: Hits, when: str) -> Answer | None:
        for rule in hits.rules:
            refusing = rule.fault in _REFUSING
            if (refusing and when == BEFORE) or (not refusing and rule.when == when):
                code = _INSTEAD[rule.fault](rule) if rule.fault in _INSTEAD else ""
                if code.startswith("-"):
                    return _nc_error(code)
                if code:
                    text = str(rule.answer.get("RetMsg", self._contract.text("ret_code", code)))
                    return self._wrap(asked, code, text, None, {"rule": rule.fault})
        return None

    def _reply(self, asked: _Asked, said: Said, hits: Hits) -> Answer:
        code = said.code or "0"
        text = self._contract.text("ret_code", code)
        charset = "utf-16" if hits.first("wrong_charset") is not None else "gb18030"
        return self._wrap(asked, code, text, said.out, said.summary, charset=charset)

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
        now = self._clock.now()
        pub = {**asked.pub}
        pub["TranDate"] = pub["TranDate"] or now.strftime("%Y%m%d")
        pub["TranTime"] = pub["TranTime"] or _millis(now)
        xml = reply_xml(pub, code, text, out, charset)
        return Answer(wrap_reply(xml), content_type=_HTML, summary={"RetCode": code, **summary})


_SHOWN = ("TotalNum", "TotalAmt", "QryfSeqno", "Month", "NextTag", "BeginDate", "EndDate", "XYBH")
_REFUSING = {"signature_refused", "expired_token"}
_INSTEAD: Mapping[str, Callable[[Rule], str]] = {
    "signature_refused": lambda _: "B0101",
    "expired_token": lambda _: "B0102",
    "system_error": lambda _: "B9999",
    "unknown_code": lambda rule: str(rule.parameters.get("code", "Z7777")),
    "nc_error": lambda rule: str(rule.parameters.get("code", "-7")),
    "answer": lambda rule: str(rule.answer.get("RetCode", "")),
}


def _nc_error(code: str) -> Answer:
    body = f"errorCode={code}".encode("ascii")
    return Answer(body, content_type=_HTML, summary={"errorCode": code})


def _millis(moment: datetime) -> str:
    return moment.strftime("%H%M%S") + f"{moment.microsecond // 1000:03d}"


def _hits(call: Call) -> Hits:
    if call.hits is None:
        raise RuntimeError("a call without its rules")
    return call.hits
