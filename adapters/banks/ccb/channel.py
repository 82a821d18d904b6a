"""One exchange with CCB's front machine: one call, which is the one with the effect.

A password that is refused leaves the outcome unknown: the same batch may have been taken before.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.banks.ccb import codec
from adapters.banks.ccb.codec import Customer, Values
from adapters.kit import exchange
from adapters.kit.replies import BadReply, own, readable, values
from hub.contracts import Contract
from hub.contracts.documents import XmlElement
from hub.kernel.clocks import BusinessClock
from hub.kernel.secret import Secret
from hub.ports.line import HttpReply, Line


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to CCB.  Holds no state between exchanges."""

    contract: Contract
    customer: Customer
    password: Secret
    clock: BusinessClock

    def new_serial(self) -> str:
        """REQUEST_SN: 16 digits, new each time: the moment to the second and four by chance."""
        return f"{self.clock.now():%y%m%d%H%M%S}{secrets.randbelow(10_000):04d}"

    def ask(
        self, line: Line, code: str, info: Values, rows: Sequence[Values] = ()
    ) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Carry out one transaction: TX_INFO's own fields, and its LIST rows.

        Raises PartnerRefused for a RETURN_CODE other than success, ReplyUnreadable (with a
        drift) for what is not the contract's, RequestOffContract, and the line's own errors.
        """
        serial = self.new_serial()
        xml = codec.request_xml(
            self.contract,
            self.customer,
            code=code,
            serial=serial,
            password=self.password.reveal(),
            info=info,
            rows=rows,
        )
        drifts = self.contract.validate_xml(f"{code}.request", xml)
        exchange.check_request(self.contract, line, code, drifts)
        reply = exchange.post(self.contract, line, code, codec.form(xml), endpoint="front")
        with readable(line):
            found = self._open(line, code, serial, reply)
        return values(found), [values(row) for row in found if row.tag == "LIST"]

    def _open(self, line: Line, code: str, serial: str, reply: HttpReply) -> XmlElement:
        root = codec.reply_root(self.contract, code, exchange.body_of(code, reply))
        exchange.note(line, self.contract.validate_xml(f"{code}.reply", root))
        said, place = values(root), f"{code}.reply/TX"
        for name, wanted in (("REQUEST_SN", serial), ("TX_CODE", code)):
            own(f"{place}/{name}", said.get(name), wanted)
        exchange.done_or_refuse(
            self.contract, line, "return_code", said.get("RETURN_CODE", ""), f"{place}/RETURN_CODE"
        )
        info = root.find("TX_INFO")
        if info is None:
            raise BadReply(place, "TX_INFO with RETURN_CODE 000000", "none")
        return info
