"""One exchange with 贵阳银行's gateway: one sealed call, which is the one with the effect.

A signature or an id that the bank refuses leaves the outcome unknown: the same batch may have
been taken before.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.kit.documents import text
from adapters.kit.envelope import BadEnvelope, Envelope, Keys
from adapters.kit.replies import BadReply, known, own, refuse, unreadable
from hub.contracts import BadText, CodeStatus, Contract, load_contract
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import BadInput
from hub.ports.context import AdapterContext
from hub.ports.line import Line

Document = dict[str, Any]
_OK = 200
_UNREAD = "0"
"""reqNo of a refusal of what the bank could not read; nonce and signature tie it to the call."""


class RequestOffContract(BadInput):
    """What we were about to send is not what the contract says; nothing was sent."""

    code = "gyb.request_off_contract"
    hint = "See the drift rows of bank-gyb: the place named there is a fault of the hub."


def envelope_of(context: AdapterContext) -> Envelope:
    """The envelope of one deployment; raises Misconfigured when a value or key is missing."""
    keys = Keys.parse(
        context.secret("sign_key"), context.secret("bank_key"), context.secret("sm4_key")
    )
    contract = load_contract(context.contract_folder)
    return Envelope(contract, context.value("app_id"), context.value("bank_id"), keys)


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to the gateway.  Holds no state between exchanges."""

    contract: Contract
    envelope: Envelope
    clock: BusinessClock

    def new_serial(self) -> str:
        """reqNo: 28 letters and digits, new for every call."""
        return f"{self.clock.now():%y%m%d%H%M%S}{secrets.token_hex(8)}"

    def ask(self, line: Line, code: str, body: Mapping[str, object]) -> Document:
        """Carry out one transaction and return the reply's document.

        Raises PartnerRefused for a code other than success, ReplyUnreadable (with a drift) for
        what is not the contract's, RequestOffContract, and the line's own errors.
        """
        serial = self.new_serial()
        document = {"reqNo": serial, **body}
        self._check_request(line, code, document)
        try:
            said = self._exchange(line, code, document)
            if text(said, "reqNo") != _UNREAD:
                own(f"{code}.reply/reqNo", text(said, "reqNo"), serial)
        except BadReply as bad:
            unreadable(line, bad)
        answer = known(
            self.contract, line, "code", text(said, "code").strip(), f"{code}.reply/code"
        )
        if answer.status is not CodeStatus.DONE:
            refuse(answer)
        if text(said, "reqNo") == _UNREAD:
            unreadable(line, BadReply(f"{code}.reply/reqNo", "the request's own", "0"))
        return said

    def _check_request(self, line: Line, code: str, document: Document) -> None:
        drifts = self.contract.validate_json(f"{code}.request", document)
        line.drift.drifts.extend(drifts)
        # A question put badly is answered with a refusal; an order put badly might be obeyed.
        if drifts and self.contract.transaction(code).effect:
            raise RequestOffContract(f"{code}: {drifts[0].place}: {drifts[0].expected}")

    def _exchange(self, line: Line, code: str, document: Document) -> Document:
        endpoint = self.contract.endpoints["gw"]
        path = f"{endpoint.path}/{code}"
        try:
            sealed = self.envelope.seal(path, document, self.clock.now())
        except BadText as error:
            raise RequestOffContract(f"{code}: {error.message}") from None
        answer = line.post(
            code,
            endpoint=endpoint.name,
            path=path,
            body=sealed.body,
            headers={"Content-Type": endpoint.content_type, **sealed.headers},
            effect=self.contract.transaction(code).effect,
        )
        place = f"{code}.reply"
        if answer.status != _OK:
            raise BadReply(f"{place}/http", "200", str(answer.status))
        try:
            opened = self.envelope.open(
                path, answer.headers, answer.body, self.clock.now(), sealed.nonce
            )
        except BadEnvelope as bad:
            raise BadReply(f"{place}/{bad.place}", bad.expected, bad.found) from None
        line.drift.drifts.extend(self.contract.validate_json(place, opened.document))
        if not isinstance(opened.document, dict):
            raise BadReply(place, "an object", "something else")
        return opened.document
