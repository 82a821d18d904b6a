"""One exchange with CCB's front machine: one call, which is the one with the effect.

A password that is refused leaves the outcome unknown: the same batch may have been taken before.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.banks.ccb import codec
from adapters.banks.ccb.codec import Customer, Values
from adapters.kit.replies import BadReply, known, own, refuse, unreadable, values
from hub.contracts import CodeStatus, Contract
from hub.contracts.documents import XmlElement
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import BadInput
from hub.kernel.secret import Secret
from hub.ports.line import HttpReply, Line

_OK = 200


class RequestOffContract(BadInput):
    """What we were about to send is not what the contract says; nothing was sent."""

    code = "ccb.request_off_contract"
    hint = "See the drift rows of bank-ccb: the place named there is a fault of the hub."


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
        self._check_request(line, code, xml)
        reply = self._post(line, code, xml)
        try:
            found = self._open(line, code, serial, reply)
        except BadReply as bad:
            unreadable(line, bad)
        return values(found), [values(row) for row in found if row.tag == "LIST"]

    def _check_request(self, line: Line, code: str, xml: bytes) -> None:
        drifts = self.contract.validate_xml(f"{code}.request", xml)
        for drift in drifts:
            line.drift.note(drift.place, drift.expected, drift.found)
        # A question put badly is answered with a refusal; an order put badly might be obeyed.
        if drifts and self.contract.transaction(code).effect:
            raise RequestOffContract(f"{code}: {drifts[0].place}: {drifts[0].expected}")

    def _post(self, line: Line, code: str, xml: bytes) -> HttpReply:
        endpoint = self.contract.endpoints["front"]
        return line.post(
            code,
            endpoint=endpoint.name,
            path=endpoint.path,
            body=codec.form(xml),
            headers={"content-type": endpoint.content_type},
            effect=self.contract.transaction(code).effect,
        )

    def _open(self, line: Line, code: str, serial: str, reply: HttpReply) -> XmlElement:
        if reply.status != _OK:
            raise BadReply(f"{code}.http", "200", str(reply.status))
        root = codec.reply_root(self.contract, code, reply.body)
        for drift in self.contract.validate_xml(f"{code}.reply", root):
            line.drift.note(drift.place, drift.expected, drift.found)
        said = values(root)
        for name, wanted in (("REQUEST_SN", serial), ("TX_CODE", code)):
            own(f"{code}.reply/TX/{name}", said.get(name), wanted)
        place = f"{code}.reply/TX/RETURN_CODE"
        result = known(
            self.contract, line, "return_code", said.get("RETURN_CODE", "").strip(), place
        )
        if result.status is not CodeStatus.DONE:
            refuse(result)
        info = root.find("TX_INFO")
        if info is None:
            raise BadReply(f"{code}.reply/TX", "TX_INFO with RETURN_CODE 000000", "none")
        return info
