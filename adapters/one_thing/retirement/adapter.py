"""Feedback of retirement cases to 贵州政务服务网, and attachments out of its document store.

Contract: ``contracts_spec/one_thing/retirement``.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from adapters.kit.case_feedback import CaseFeedback, money_of
from adapters.kit.gateway import GatewayReply
from hub.crypto import sm3_hex
from hub.ports.case import CasePort, Feedback, FeedbackReceipt
from hub.ports.context import AdapterContext
from hub.ports.line import Line, ReplyUnreadable

_HTTP_OK = 200


class Retirement(CaseFeedback):
    """CasePort."""

    def __init__(self, context: AdapterContext) -> None:
        super().__init__(context)
        self._docs_key = context.secret("docs_key")

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        """See CasePort.feedback."""
        if told.door != "onething":
            return self.tell(line, *self.item_content(told))
        money = money_of(told, "withdrawalPrincipal", "withdrawalInterest")
        return self.tell(line, "feedback", {**self.case_content(told), **money})

    def fetch(self, line: Line, link: str) -> bytes:
        """See CasePort.fetch."""
        context = self.context
        asked = json.dumps({"fileid": link}).encode("ascii")
        headers = self.gateway_terms.headers(
            context.value("docs_sid"), context.value("rid"), context.clock.now(), self._docs_key
        )
        answer = line.post(
            "document", endpoint="docs", headers=headers, body=asked,
            path=str(self.contract.transaction("document").extra["path"]),
        )  # fmt: skip
        if answer.status != _HTTP_OK:
            line.drift.note("document.reply", f"HTTP {_HTTP_OK}", f"HTTP {answer.status}")
            raise ReplyUnreadable(f"document: HTTP {answer.status}")
        said = _read(line, answer.body)
        code = str(said.get("code"))
        self.served(line, GatewayReply(code, str(said.get("message", "")), said.get("data")),
                    "document.reply")  # fmt: skip
        return _content_of(line, said.get("data"))


def _read(line: Line, body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        line.drift.note("document.reply", "{code, message, data}", "something else")
        raise ReplyUnreadable("document: the answer is no reply of the store")
    return found


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
