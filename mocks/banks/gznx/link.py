"""The control port: eight digits of length, XML."""

from collections.abc import Mapping

from mocks.banks.gznx.codec import FRAMING, read_frame, reply_frame
from mocks.banks.gznx.desk import NOTICE, Desk
from mocks.kit.bank.front import Message, Words, XmlFront
from mocks.kit.faults import BEFORE, Hits
from mocks.kit.messages import Answer, Call, Handler, Port, Request
from mocks.kit.tcp import FramedPort

WORDS = Words(
    endpoint="link", content_type="", charset="gb18030", transaction="TX_CODE", serial="SEQ_NO",
    batch="BATCH_NO", number="NUMBER", code="RET_CODE", text="RET_MSG", table="return_code",
    success="000000", off_format="E00110",
    shown=("BATCH_NO", "FILE_NAME", "TOTAL_NUM", "TOTAL_AMT", "MONTH", "PART", "VERSION", "DATE",
           "XYBH"),
    instead={
        "system_error": lambda _: "E99999",
        "unknown_code": lambda rule: str(rule.parameters.get("code", "E07777")),
        "answer": lambda rule: str(rule.answer.get("RET_CODE", "")),
    },
)  # fmt: skip


class LinkService(XmlFront):
    """A customer is known by its number; the line itself is private (README.md §1)."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.contract, WORDS, desk, desk.books.catch_up)
        self._inbox = desk.inbox
        self._clients = desk.books.clients

    def port(self, handle: Handler) -> Port:
        """Frames of a length."""
        return FramedPort(handle, FRAMING)

    def read(self, body: bytes) -> Message:
        """See ``codec``."""
        return read_frame(body)

    def wrap(
        self, head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
    ) -> bytes:
        """See ``codec``."""
        return reply_frame(head, code, text, out, charset)

    def caller(self, message: Message, hits: Hits) -> tuple[str, str]:
        """E00101 for another number."""
        own = self._clients.client["ORG_NO"]
        return ("", "") if message.head["ORG_NO"] == own else ("E00101", "不符：ORG_NO")

    def answer(self, request: Request, call: Call) -> Answer:
        """As every front; a file that a rule refuses is not taken by a look either."""
        said = super().answer(request, call)
        acting = [] if call.hits is None else call.hits.rules
        refused = any(one.fault in WORDS.instead and one.when == BEFORE for one in acting)
        if call.code == NOTICE and refused and "FILE_NAME" in call.fields:
            self._inbox.set_aside(call.fields["FILE_NAME"], str(said.summary.get("RET_CODE", "")))
        return said
