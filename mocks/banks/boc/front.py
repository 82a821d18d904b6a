"""The front machine (银企对接前置机): ``POST /B2EC/E2BServlet`` takes ``<bocb2e>``, asks for a
token, answers in kind.
"""

from collections.abc import Mapping

from mocks.banks.boc.codec import CHARSET, read_xml, reply_xml
from mocks.banks.boc.desk import Desk
from mocks.banks.boc.tokens import Tokens
from mocks.kit.bank.front import Message, Words, XmlFront
from mocks.kit.faults import Hits

WORDS = Words(
    endpoint="b2e", content_type="text/xml; charset=UTF-8", charset=CHARSET,
    transaction="trncod", serial="trnid", batch="batchid", number="insid",
    code="rspcod", text="rspmsg", table="status", success="B001", off_format="B110",
    shown=("batchid", "pybnum", "pybamt", "period", "begnum", "listver", "trndat", "xybh"),
    hidden=("token", "oprpwd"),
    instead={
        "system_error": lambda _: "B999",
        "unknown_code": lambda rule: str(rule.parameters.get("code", "B777")),
        "answer": lambda rule: str(rule.answer.get("rspcod", "")),
    },
)  # fmt: skip
_SIGN_IN = "b2e0001"
_OWN = ("termid", "custid", "cusopr")


class B2ePort(XmlFront):
    """A customer is known by terminal, number and operator, and signed in by a token."""

    def __init__(self, desk: Desk, tokens: Tokens) -> None:
        super().__init__(desk.contract, WORDS, desk, desk.books.catch_up)
        self._clients = desk.books.clients
        self._tokens = tokens

    def read(self, body: bytes) -> Message:
        """See ``codec``."""
        return read_xml(body)

    def wrap(
        self, head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
    ) -> bytes:
        """See ``codec``."""
        return reply_xml(head, code, text, out, charset)

    def caller(self, message: Message, hits: Hits) -> tuple[str, str]:
        """B101 for another customer, 1033 and B107 for one that is not signed in."""
        if hits.first("expired_token") is not None:
            self._tokens.forget()
        client, head = self._clients.client, message.head
        wrong = [name for name in _OWN if head[name] != client[name]]
        if wrong:
            return "B101", f"不符：{'、'.join(wrong)}"
        if head["trncod"] == _SIGN_IN or self._tokens.valid(head["token"]):
            return "", ""
        return ("B107", "令牌失效") if head["token"] else ("1033", "未签到")
