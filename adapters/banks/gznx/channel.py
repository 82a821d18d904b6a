"""One control message and its answer, over a connection of its own.

No message moves money by itself: a payment takes effect when its file gets its final name.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.banks.gznx import codec
from adapters.banks.gznx.codec import HEAD, Values
from adapters.kit import exchange
from adapters.kit.replies import BadReply, own_all, readable, values
from hub.contracts import Contract
from hub.contracts.documents import XmlElement
from hub.kernel.clocks import BusinessClock
from hub.ports.line import Line


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to the bank's control port.  Holds no state between messages."""

    contract: Contract
    org: str
    clock: BusinessClock

    def new_serial(self) -> str:
        """SEQ_NO: 20 digits, new each time: the moment to the second and eight by chance."""
        return f"{self.clock.now():%y%m%d%H%M%S}{secrets.randbelow(100_000_000):08d}"

    def ask(
        self, line: Line, code: str, body: Values, rows: Sequence[Values] = ()
    ) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Carry out one transaction: BODY's own fields, and its LIST rows.

        Raises PartnerRefused for a RET_CODE other than success, ReplyUnreadable (with a drift)
        for what is not the contract's, RequestOffContract, and the line's own errors.
        """
        serial = self.new_serial()
        xml = codec.request_xml(
            self.contract, org=self.org, code=code, serial=serial, moment=self.clock.now(),
            body=body, rows=rows,
        )  # fmt: skip
        drifts = self.contract.validate_xml(f"{code}.request", xml)
        exchange.check_request(self.contract, line, code, drifts)
        reply = exchange.framed(
            self.contract, line, code, codec.frame(xml), endpoint="link", head=HEAD,
            length_of=codec.body_length,
        )  # fmt: skip
        with readable(line):
            found = self._open(line, code, serial, reply)
        return values(found), [values(row) for row in found if row.tag == "LIST"]

    def _open(self, line: Line, code: str, serial: str, reply: bytes) -> XmlElement:
        root = codec.reply_root(self.contract, code, reply)
        exchange.note(line, self.contract.validate_xml(f"{code}.reply", root))
        head, place = root.find("HEAD"), f"{code}.reply/MSG"
        if head is None:
            raise BadReply(place, "HEAD", "none")
        said = values(head)
        own_all(f"{place}/HEAD", said, {"ORG_NO": self.org, "SEQ_NO": serial, "TX_CODE": code})
        exchange.done_or_refuse(
            self.contract, line, "return_code", said.get("RET_CODE", ""), f"{place}/HEAD/RET_CODE"
        )
        body = root.find("BODY")
        if body is None:
            raise BadReply(place, "BODY with RET_CODE 000000", "none")
        return body
