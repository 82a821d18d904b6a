"""The front machine (银企直联前置机): ``POST /`` takes ``<ap>``, answers in kind."""

from collections.abc import Mapping

from mocks.banks.bcm.codec import read_xml, reply_xml
from mocks.banks.bcm.desk import Desk
from mocks.kit.bank.front import Message, Words, XmlFront
from mocks.kit.faults import Hits

WORDS = Words(
    endpoint="front", content_type="text/xml; charset=GBK", charset="gb18030",
    transaction="tr_code", serial="req_no", batch="batch_no", number="cert_no",
    code="particular_code", text="particular_info", table="particular_code", success="0000",
    off_format="P0110",
    shown=(
        "batch_no", "sum_num", "sum_amt", "record_num", "period", "page_no", "list_ver",
        "tr_date", "xybh",
    ),
    instead={
        "system_error": lambda _: "P9999",
        "unknown_code": lambda rule: str(rule.parameters.get("code", "P7777")),
        "front_cut_off": lambda _: "P1108",
        "answer": lambda rule: str(rule.answer.get("particular_code", "")),
    },
)  # fmt: skip
_OWN = ("corp_no", "user_no")


class FrontPort(XmlFront):
    """A customer is known by its number and its user's; its certificate is the machine's."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.contract, WORDS, desk, desk.books.catch_up)
        self._clients = desk.books.clients
        self._clock = desk.books.clock

    def read(self, body: bytes) -> Message:
        """See ``codec``."""
        return read_xml(body)

    def wrap(
        self, head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
    ) -> bytes:
        """See ``codec``."""
        return reply_xml(head, code, text, out, charset, self._clock.now())

    def caller(self, message: Message, hits: Hits) -> tuple[str, str]:
        """P0101 for another customer or user."""
        client = self._clients.client
        wrong = [name for name in _OWN if message.head[name] != client[name]]
        return ("P0101", f"不符：{'、'.join(wrong)}") if wrong else ("", "")

    def numbers(self, message: Message) -> list[str]:
        """The first column of the request's records."""
        width = message.body.findtext("field_num") or ""
        cells = (message.body.findtext("serial_record") or "").split("|")[:-1]
        step = int(width) if width.isascii() and width.isdigit() else 0
        return cells[step::step] if step else []
