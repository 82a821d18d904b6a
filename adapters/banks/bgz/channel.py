"""One exchange with the bank's ESB: one call, which is the one with the effect.

A refusal of the security header leaves the outcome unknown: the same bytes may have come before.
"""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from lxml import etree

from adapters.banks.bgz.envelope import ITEM, OK, Opened, open_reply
from adapters.kit.replies import BadReply, known, own, refuse, unreadable, values
from hub.contracts import Code, CodeStatus, Contract, shape
from hub.contracts.documents import XmlElement
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import BadInput
from hub.kernel.secret import Secret
from hub.ports.line import HttpReply, Line

if TYPE_CHECKING:
    from adapters.banks.bgz.soap import Soap

_PROVES = (CodeStatus.REFUSED, CodeStatus.NOT_FOUND)
_BUSINESS = "Client"
"""The faultcode of the bank's own refusals; what any other one says is never final."""


class RequestOffContract(BadInput):
    """What we were about to send is not what the contract says; nothing was sent."""

    code = "bgz.request_off_contract"
    hint = "See the drift rows of bank-bgz: the place named there is a fault of the hub."


@dataclass(frozen=True, slots=True)
class Response:
    """``head``: fields in their types, those off the contract None; ``rows``: the items' texts."""

    operation: str
    head: Mapping[str, Any]
    rows: Sequence[Mapping[str, str]]

    def place(self, field: str) -> str:
        """Where a field of the head stands."""
        return f"{self.operation}.reply/Envelope/Body/{self.operation}Response/{field}"

    def own(self, field: str, wanted: object) -> None:
        """Raises BadReply unless the reply repeats what the request said."""
        if self.head[field] != wanted:
            raise BadReply(self.place(field), "the request's own", shape(str(self.head[field])))


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to the bank.  Holds no state between exchanges."""

    contract: Contract
    username: str
    password: Secret
    clock: BusinessClock

    def new_id(self) -> str:
        """wsa:MessageID, new each time; the reply's RelatesTo repeats it."""
        return f"urn:uuid:{uuid.uuid4()}"

    def new_nonce(self) -> str:
        """32 characters by chance; the bank takes each once."""
        return secrets.token_hex(16)

    def ask(
        self,
        line: Line,
        operation: str,
        head: Mapping[str, object],
        rows: Sequence[Mapping[str, str]] = (),
    ) -> Response:
        """Carry out one operation.

        Raises PartnerRefused for a Fault, ReplyUnreadable (with a drift) for what is not the
        contract's, RequestOffContract, and the line's own errors.
        """
        from adapters.banks.bgz.soap import (  # noqa: PLC0415  zeep costs half a second
            Caller,
            load_soap,
        )

        soap = load_soap(self.contract)
        caller = Caller(
            self.username, self.password.reveal(), self.new_nonce(), self.clock.now(), self.new_id()
        )
        envelope = soap.request(operation, caller, head, rows)
        self._check_request(line, operation, envelope)
        reply = self._post(line, operation, soap.action(operation), envelope)
        try:
            return self._open(line, soap, operation, caller.message_id, reply)
        except BadReply as bad:
            unreadable(line, bad)

    def _check_request(self, line: Line, operation: str, envelope: XmlElement) -> None:
        drifts = self.contract.validate_xml(f"{operation}.request", envelope)
        for drift in drifts:
            line.drift.note(drift.place, drift.expected, drift.found)
        # A question put badly is answered with a refusal; an order put badly might be obeyed.
        if drifts and self.contract.transaction(operation).effect:
            raise RequestOffContract(f"{operation}: {drifts[0].place}: {drifts[0].expected}")

    def _post(self, line: Line, operation: str, action: str, envelope: XmlElement) -> HttpReply:
        endpoint = self.contract.endpoints["esb"]
        return line.post(
            operation,
            endpoint=endpoint.name,
            path=endpoint.path,
            body=etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"),
            headers={"content-type": endpoint.content_type, "soapaction": action},
            effect=self.contract.transaction(operation).effect,
        )

    def _open(
        self, line: Line, soap: "Soap", operation: str, message_id: str, reply: HttpReply
    ) -> Response:
        opened = open_reply(self.contract, line.drift, operation, reply)
        place = f"{operation}.reply/Envelope"
        if opened.is_fault:
            self._refuse(line, soap, operation, message_id, opened)
        if reply.status != OK:
            raise BadReply(f"{operation}.http", "a Fault with 500", "none")
        own(f"{place}/Header/RelatesTo", opened.related, message_id)
        content = opened.content
        if content.tag != soap.response_tag(operation):
            raise BadReply(f"{place}/Body", f"{operation}Response", "another element")
        head = soap.head(operation, content, opened.off)
        return Response(operation, head, [values(row) for row in content if row.tag == ITEM])

    def _refuse(
        self, line: Line, soap: "Soap", operation: str, message_id: str, opened: Opened
    ) -> NoReturn:
        """A Fault as a refusal.

        A gateway's Fault may come without RelatesTo; one that proves something may not, and must
        call itself Client: a system that failed does not know what it did.
        """
        place = f"{operation}.reply/Envelope"
        fault = soap.fault(operation, opened.root)
        code = self._code(line, place, fault.kind, fault.code)
        proves = code.status in _PROVES
        if proves or opened.related:
            own(f"{place}/Header/RelatesTo", opened.related, message_id)
        if proves and fault.kind != _BUSINESS:
            raise BadReply(f"{place}/Body/Fault/faultcode", _BUSINESS, shape(fault.kind))
        refuse(code)

    def _code(self, line: Line, place: str, kind: str, code: str) -> Code:
        if code:
            where = f"{place}/Body/Fault/detail/ServiceFault/code"
            return known(self.contract, line, "fault", code, where)
        return known(self.contract, line, "soap_fault", kind, f"{place}/Body/Fault/faultcode")
