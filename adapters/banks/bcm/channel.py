"""One exchange with BCM's front machine: one call, which is the one with the effect.

``ans_code`` and ``particular_code`` are heard together: taken only if both say so, refused for
good only if both say so and the code table calls the reason final; else the outcome is unknown.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.banks.bcm import codec, records
from adapters.banks.bcm.codec import Customer, Reply
from adapters.banks.bcm.records import Layout, Record
from adapters.kit import exchange
from adapters.kit.replies import BadReply, known, own_all, readable
from hub.contracts import CodeStatus, Contract
from hub.kernel.clocks import BusinessClock
from hub.ports.line import HttpReply, Line, PartnerRefused


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to BCM.  Holds no state between exchanges."""

    contract: Contract
    customer: Customer
    clock: BusinessClock

    def new_serial(self) -> str:
        """req_no: 20 letters and digits, new for every call."""
        return f"{self.clock.now():%y%m%d%H%M%S}{secrets.token_hex(4)}"

    def ask(
        self, line: Line, code: str, body: Mapping[str, str], rows: Sequence[Record] = ()
    ) -> tuple[Mapping[str, str], list[dict[str, str]]]:
        """Carry out one transaction: the body's own fields, and its records by column.

        Raises PartnerRefused unless the request was taken, ReplyUnreadable (with a drift) for
        what is not the contract's, RequestOffContract, and the line's own errors.
        """
        asked, listed = f"{code}.request", records.layout(self.contract, f"{code}.request")
        if listed is not None:
            body = {**body, **records.written(listed, rows)}
        serial, now = self.new_serial(), self.clock.now()
        xml = codec.request_xml(
            self.contract, self.customer, code=code, serial=serial, at=now, body=body
        )
        drifts = self.contract.validate_xml(asked, xml)
        if listed is not None:
            drifts += records.off_layout(self.contract, listed, f"{asked}/ap/body", rows)
        exchange.check_request(self.contract, line, code, drifts)
        reply = exchange.post(self.contract, line, code, xml, endpoint="front")
        with readable(line):
            said = self._open(line, code, serial, reply)
            found = self._records(line, code, said)
        return said, found

    def _open(self, line: Line, code: str, serial: str, answer: HttpReply) -> Mapping[str, str]:
        body = exchange.body_of(code, answer)
        root, reply = codec.open_reply(self.contract, code, body)
        exchange.note(line, self.contract.validate_xml(f"{code}.reply", root))
        place = f"{code}.reply/ap/head"
        own_all(place, reply.head, {"req_no": serial, "tr_code": code})
        self._taken(line, place, reply)
        if reply.body is None:
            raise BadReply(f"{code}.reply/ap", "a body with particular_code 0000", "none")
        return reply.body

    def _taken(self, line: Line, place: str, reply: Reply) -> None:
        head = {name: text.strip() for name, text in reply.head.items()}
        answer, detail = (
            known(self.contract, line, table, head.get(table, ""), f"{place}/{table}")
            for table in ("ans_code", "particular_code")
        )
        if (answer.status, detail.status) == (CodeStatus.DONE, CodeStatus.DONE):
            return
        agreed = CodeStatus.DONE not in (answer.status, detail.status)
        if not agreed:
            line.drift.note(f"{place}/ans_code", "what particular_code says", answer.shown)
        # A code that says done is no reason of a refusal: the other one is shown.
        telling = answer if detail.status is CodeStatus.DONE else detail
        final = agreed and answer.status is CodeStatus.REFUSED and detail.final
        raise PartnerRefused(telling.shown, telling.text or "码表里没有的返回码", final=final)

    def _records(self, line: Line, code: str, said: Mapping[str, str]) -> list[dict[str, str]]:
        listed: Layout | None = records.layout(self.contract, f"{code}.reply")
        if listed is None:
            return []
        place = f"{code}.reply/ap/body"
        found = records.read(listed, place, said)
        exchange.note(line, records.off_layout(self.contract, listed, place, found))
        return found
