"""Feedback of retirement cases to 贵州政务服务网, and attachments out of its document store.

Contract: ``contracts_spec/one_thing/retirement``.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from adapters.kit.case_terms import case_terms
from adapters.kit.gateway import Gateway, GatewayReply
from adapters.kit.gateway_terms import GatewayTerms
from adapters.kit.probes import probe
from adapters.kit.replies import known, refuse
from hub.contracts import CodeStatus, load_contract, shape
from hub.crypto import sm3_hex
from hub.kernel.money import format_yuan
from hub.ports.case import CasePort, Feedback, FeedbackReceipt, Step
from hub.ports.context import AdapterContext
from hub.ports.line import Line, ReplyUnreadable
from hub.ports.probe import ProbeResult

_MOMENT = "%Y-%m-%d %H:%M:%S"
_ENDS = (Step.DONE, Step.FAILED, Step.WITHDRAWN)
_HTTP_OK = 200


class Retirement:
    """CasePort; holds no connection, safe across threads."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self.terms = case_terms(contract)
        self._contract = contract
        self._gateway_terms = GatewayTerms.of(contract)
        self._gateway = Gateway(
            self._gateway_terms, context.value("rid"), context.secret("app_key"), context.clock
        )
        self._context = context
        self._docs_key = context.secret("docs_key")
        codes = contract.table("progress").codes.values()
        self._progress = {one.extra["step"]: one for one in codes}

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        name, content = self._content(told)
        transaction = self._contract.transaction(name)
        reply = self._gateway.call(
            line, name, str(transaction.extra["path"]), self._context.value("sid"), content,
            effect=True,
        )  # fmt: skip
        self._served(line, reply, "feedback.reply")
        data = reply.data if isinstance(reply.data, Mapping) else {}
        receipt = data.get("receiptno")
        if not isinstance(receipt, str) or not 0 < len(receipt) <= 40:
            line.drift.note("feedback.reply/data/receiptno", "a receipt", shape(str(receipt)))
            raise ReplyUnreadable("the reply holds no receipt")
        return FeedbackReceipt(receipt)

    def fetch(self, line: Line, link: str) -> bytes:
        context = self._context
        asked = json.dumps({"fileid": link}).encode("ascii")
        headers = self._gateway_terms.headers(
            context.value("docs_sid"), context.value("rid"), context.clock.now(), self._docs_key
        )
        answer = line.post(
            "document", endpoint="docs", headers=headers, body=asked,
            path=str(self._contract.transaction("document").extra["path"]),
        )  # fmt: skip
        if answer.status != _HTTP_OK:
            line.drift.note("document.reply", f"HTTP {_HTTP_OK}", f"HTTP {answer.status}")
            raise ReplyUnreadable(f"document: HTTP {answer.status}")
        said = self._read(line, answer.body)
        code = str(said.get("code"))
        self._served(line, GatewayReply(code, str(said.get("message", "")), said.get("data")),
                     "document.reply")  # fmt: skip
        return _content_of(line, said.get("data"))

    def probe(self, line: Line) -> ProbeResult:
        terms = self._gateway_terms
        return probe(lambda: self._gateway.alive(line, self._context.value("sid")), code=terms.ok)

    def _served(self, line: Line, reply: GatewayReply, place: str) -> None:
        code = known(self._contract, line, "reply_code", reply.code, f"{place}/code")
        if code.status is not CodeStatus.DONE:
            refuse(code)

    def _read(self, line: Line, body: bytes) -> Mapping[str, Any]:
        try:
            found = json.loads(body.decode("utf-8-sig"))
        except (UnicodeDecodeError, ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            line.drift.note("document.reply", "{code, message, data}", "something else")
            raise ReplyUnreadable("document: the answer is no reply of the store")
        return found

    def _content(self, told: Feedback) -> tuple[str, dict[str, object]]:
        """Which transaction tells this step, and what it says."""
        if told.door == "onething":
            return "feedback", self._case_content(told)
        head: dict[str, object] = {
            "project_no": told.number, "version": told.version, "seq": told.place,
            "handle_user_name": self._context.value("operator_name"),
        }  # fmt: skip
        at, code = f"{told.at:{_MOMENT}}", self._progress[told.step.value]
        if told.step is Step.CHECKED:
            day = {"promise_date": told.promise_on.isoformat()} if told.promise_on else {}
            return "accept", {**head, "task_code": "", "accept_date": at, **day}
        if told.step in _ENDS:
            money: dict[str, object] = {}
            if told.principal is not None and told.interest is not None:
                money = {"principal": format_yuan(told.principal),
                         "interest": format_yuan(told.interest)}  # fmt: skip
            return "result", {**head, "result_type": code.code, "result_date": at,
                              "result_explain": told.text[:200], **money}  # fmt: skip
        lacking = {"lacking": list(told.lacking)} if told.lacking else {}
        return "process", {
            **head, "process_name": "公积金中心办理", "event_code": code.code,
            "event_name": code.text, "event_end_time": at, "handle_explain": told.text[:200],
            **lacking,
        }  # fmt: skip

    def _case_content(self, told: Feedback) -> dict[str, object]:
        said: dict[str, object] = {
            "busiid": told.number, "version": told.version, "seq": told.place,
            "cljg": self._progress[told.step.value].code, "date": f"{told.at:{_MOMENT}}",
            "jbr": self._context.value("operator"),
            "jbrxm": self._context.value("operator_name"),
        }  # fmt: skip
        if told.text:
            said["sjyy"] = told.text[:200]
        if told.lacking:
            said["lacking"] = list(told.lacking)
        if told.promise_on is not None:
            said |= {"promiseDay": told.promise_days, "promiseDate": told.promise_on.isoformat()}
        if told.principal is not None and told.interest is not None:
            said |= {"withdrawalPrincipal": format_yuan(told.principal),
                     "withdrawalInterest": format_yuan(told.interest)}  # fmt: skip
        return said


def _content_of(line: Line, data: object) -> bytes:
    said = data if isinstance(data, Mapping) else {}
    inline, digest = said.get("filebase64"), said.get("sm3")
    try:
        content = base64.b64decode(inline, validate=True) if isinstance(inline, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    # Half a file, or another one, is none: it is asked for again.
    if not content or sm3_hex(content) != digest:
        line.drift.note("document.reply/data", "a file and its SM3", "they do not agree")
        raise ReplyUnreadable("document: the file does not agree with its digest")
    return content


def build(context: AdapterContext) -> CasePort:
    """The port, from its contract and the deployment's values and keys."""
    return Retirement(context)
