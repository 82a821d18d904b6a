"""The front machine (银企直联前置机): takes a frame, answers a frame."""

import secrets
from collections.abc import Mapping

from mocks.banks.abc.codec import FRAMING, Stamp, read_frame, reply_frame
from mocks.banks.abc.desk import DONE, PAYMENT, WAITING, Desk
from mocks.kit.bank.front import Message, Words, XmlFront
from mocks.kit.faults import Hits
from mocks.kit.messages import Handler, Port
from mocks.kit.tcp import FramedPort

WORDS = Words(
    endpoint="front", content_type="", charset="gb18030",
    transaction="CCTransCode", serial="ReqSeqNo", batch="OrgReqSeqNo", number="CustSeqNo",
    code="RespCode", text="RespInfo", table="resp_code", success=DONE, off_format="1010",
    shown=("OrgReqSeqNo", "TotalNum", "TotalAmt", "Period", "ListVer", "StartNo", "TrDate", "XYBH"),
    hidden=("AuthNo",),
    refusing=("expired_token",),
    instead={
        "expired_token": lambda _: "1002",
        "system_error": lambda _: "9999",
        "unknown_code": lambda rule: str(rule.parameters.get("code", "7777")),
        "answer": lambda rule: str(rule.answer.get("RespCode", "")),
    },
)  # fmt: skip
_OWN = {"CorpNo": "CorpNo", "OpNo": "OpNo", "AuthNo": "auth_no"}


class FrontService(XmlFront):
    """A customer is known by number, operator and authentication, in every request."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.contract, WORDS, desk, desk.books.catch_up)
        self._clients = desk.books.clients
        self._clock = desk.books.clock

    def port(self, handle: Handler) -> Port:
        """Frames of a flag and a length."""
        return FramedPort(handle, FRAMING)

    def read(self, body: bytes) -> Message:
        """See ``codec``."""
        return read_frame(body)

    def wrap(
        self, head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
    ) -> bytes:
        """See ``codec``; a payment that was taken waits for its result."""
        now = self._clock.now()
        stamp = Stamp(now.strftime("%Y%m%d"), now.strftime("%H%M%S"), secrets.token_hex(10))
        wait = head.get("CCTransCode") == PAYMENT and code in (DONE, WAITING)
        return reply_frame(head, stamp, code, text, out, wait=wait, charset=charset)

    def caller(self, message: Message, hits: Hits) -> tuple[str, str]:
        """1001 for another customer, operator or authentication."""
        client = self._clients.client
        wrong = [name for name, own in _OWN.items() if message.head[name] != client[own]]
        return ("1001", f"不符：{'、'.join(wrong)}") if wrong else ("", "")
