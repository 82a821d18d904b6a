"""One exchange with ABC's front machine: one frame each way over a connection of its own.

An authentication that is refused leaves the outcome unknown: the same batch may have been taken
before.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapters.banks.abc import codec
from adapters.banks.abc.codec import HEAD, Customer, Values
from adapters.kit import exchange
from adapters.kit.replies import BadReply, known, own_all, readable, refuse, values
from hub.contracts import Code, CodeStatus, Contract
from hub.contracts.documents import XmlElement
from hub.kernel.clocks import BusinessClock
from hub.kernel.secret import Secret
from hub.ports.line import Line

_AT_ONCE = "0"


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to ABC.  Holds no state between exchanges."""

    contract: Contract
    customer: Customer
    auth: Secret
    clock: BusinessClock

    def new_serial(self) -> str:
        """ReqSeqNo of all but payments: Q, the moment to the second, seven digits by chance."""
        return f"Q{self.clock.now():%y%m%d%H%M%S}{secrets.randbelow(10_000_000):07d}"

    def ask(self, line: Line, code: str, fields: Values) -> XmlElement:
        """Carry out one transaction; its Cmp.

        Raises PartnerRefused for a RespCode other than success, ReplyUnreadable (with a drift)
        for what is not the contract's, RequestOffContract, and the line's own errors.  An order
        that the bank keeps waiting has no result that could be asked for: it is not done.
        """
        said, root = self._once(line, code, self.new_serial(), fields, ())
        if said.status is not CodeStatus.DONE:
            refuse(said)
        with readable(line):
            if self.contract.transaction(code).effect:
                own_all(f"{code}.reply/ap", values(root), {"WaitFlag": _AT_ONCE})
            return _body(code, root)

    def order(
        self, line: Line, code: str, serial: str, fields: Values, rows: Iterable[Mapping[str, str]]
    ) -> XmlElement | None:
        """Order payments under a request number of ours; the Cmp, None when all wait (0001)."""
        said, root = self._once(line, code, serial, fields, rows)
        if said.status is CodeStatus.PROCESSING:
            return None
        if said.status is not CodeStatus.DONE:
            refuse(said)
        with readable(line):
            return _body(code, root)

    def _once(
        self,
        line: Line,
        code: str,
        serial: str,
        fields: Values,
        rows: Iterable[Mapping[str, str]],
    ) -> tuple[Code, XmlElement]:
        xml = codec.request_xml(
            self.contract, self.customer, code=code, serial=serial, auth=self.auth.reveal(),
            moment=self.clock.now(), fields=fields, rows=rows,
        )  # fmt: skip
        drifts = self.contract.validate_xml(f"{code}.request", xml)
        exchange.check_request(self.contract, line, code, drifts)
        reply = exchange.framed(
            self.contract, line, code, codec.frame(xml), endpoint="front", head=HEAD,
            length_of=codec.body_length,
        )  # fmt: skip
        with readable(line):
            root = codec.reply_root(self.contract, code, reply)
            exchange.note(line, self.contract.validate_xml(f"{code}.reply", root))
            said, place = values(root), f"{code}.reply/ap"
            own_all(place, said, {"CCTransCode": code, "ReqSeqNo": serial})
        found = said.get("RespCode", "").strip()
        return known(self.contract, line, "resp_code", found, f"{place}/RespCode"), root


def _body(code: str, root: XmlElement) -> XmlElement:
    body = root.find("Cmp")
    if body is None:
        raise BadReply(f"{code}.reply/ap", "Cmp with RespCode 0000", "none")
    return body
