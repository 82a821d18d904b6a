"""The front machine (外联平台前置机): ``POST /`` takes ``requestXml=``, answers XML."""

from collections.abc import Mapping

from mocks.banks.ccb.codec import read_form, reply_xml
from mocks.banks.ccb.desk import Desk
from mocks.kit.bank.front import Message, Words, XmlFront
from mocks.kit.faults import Hits

WORDS = Words(
    endpoint="front", content_type="text/xml; charset=GB2312", charset="gb18030",
    transaction="TX_CODE", serial="REQUEST_SN", batch="BATCH_NO", number="CUST_SN",
    code="RETURN_CODE", text="RETURN_MSG", table="return_code", success="000000",
    off_format="YDH90110",
    shown=("BATCH_NO", "TOTAL_NUM", "TOTAL_AMT", "MONTH", "PAGE", "VERSION", "DATE", "XYBH"),
    hidden=("PASSWORD",),
    refusing=("expired_token",),
    instead={
        "expired_token": lambda _: "YDH90102",
        "system_error": lambda _: "YDH99999",
        "unknown_code": lambda rule: str(rule.parameters.get("code", "ZZZZ7777")),
        "front_cut_off": lambda _: "0130Z1108",
        "answer": lambda rule: str(rule.answer.get("RETURN_CODE", "")),
    },
)  # fmt: skip
_OWN = {"CUST_ID": "CUST_ID", "USER_ID": "USER_ID", "PASSWORD": "password"}


class FrontPort(XmlFront):
    """A customer is known by number, operator and password, in every request."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.contract, WORDS, desk, desk.books.catch_up)
        self._clients = desk.books.clients

    def read(self, body: bytes) -> Message:
        """See ``codec``."""
        return read_form(body)

    def wrap(
        self, head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
    ) -> bytes:
        """See ``codec``."""
        return reply_xml(head, code, text, out, charset)

    def caller(self, message: Message, hits: Hits) -> tuple[str, str]:
        """YDH90101 for another customer, operator or password."""
        client = self._clients.client
        wrong = [name for name, own in _OWN.items() if message.head[name] != client[own]]
        return ("YDH90101", f"不符：{'、'.join(wrong)}") if wrong else ("", "")
