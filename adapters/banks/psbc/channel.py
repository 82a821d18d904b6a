"""One control message and its answer: sealed JSON over one call."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.kit import exchange
from adapters.kit.documents import text
from adapters.kit.envelope import BadEnvelope, Envelope, Keys
from adapters.kit.replies import BadReply, own_all, readable
from hub.contracts import BadText, Contract
from hub.kernel.clocks import BusinessClock
from hub.ports.context import AdapterContext
from hub.ports.line import Line

Document = dict[str, Any]
_ENDPOINT = "api"


def envelope_of(context: AdapterContext, contract: Contract) -> Envelope:
    """The envelope of one deployment; raises Misconfigured when a value or key is missing."""
    keys = Keys.parse(
        context.secret("sign_key"), context.secret("bank_key"), context.secret("sm4_key")
    )
    return Envelope(contract, context.value("merchant_no"), context.value("platform_no"), keys)


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to the platform.  Holds no state between messages."""

    contract: Contract
    envelope: Envelope
    clock: BusinessClock

    def new_serial(self) -> str:
        """reqSerial: 26 letters and digits, new for every message."""
        return f"{self.clock.now():%y%m%d%H%M%S}{secrets.token_hex(7)}"

    def ask(self, line: Line, code: str, body: Mapping[str, object]) -> Document:
        """Carry out one transaction and return the reply's body; see ``ask_when``."""
        return self.ask_when(line, code, body)[0]

    def ask_when(self, line: Line, code: str, body: Mapping[str, object]) -> tuple[Document, str]:
        """The reply's body, and its respTime.

        Raises PartnerRefused for a respCode other than success, ReplyUnreadable (with a drift)
        for what is not the contract's, RequestOffContract, and the line's own errors.
        """
        now = self.clock.now()
        head = {"txCode": code, "reqSerial": self.new_serial()}
        document = {**head, "reqTime": f"{now:%Y%m%d%H%M%S}", "body": dict(body)}
        drifts = self.contract.validate_json(f"{code}.request", document)
        exchange.check_request(self.contract, line, code, drifts)
        place = f"{code}.reply"
        with readable(line):
            said = self._exchange(line, code, document)
            mine = {name: text(said, name) for name in head}
            if mine["reqSerial"]:  # empty where the bank could not read whose request it refuses
                own_all(place, mine, head)
            exchange.done_or_refuse(
                self.contract, line, "resp_code", text(said, "respCode"), f"{place}/respCode"
            )
            own_all(place, mine, head)
            found = said.get("body")
            if not isinstance(found, dict):
                raise BadReply(f"{place}/body", "a body with 00000", "none")
        return found, text(said, "respTime")

    def _exchange(self, line: Line, code: str, document: Document) -> Document:
        path, now = self.contract.endpoints[_ENDPOINT].path, self.clock.now()
        try:
            sealed = self.envelope.seal(path, document, now)
        except BadText as error:
            raise exchange.RequestOffContract(f"{code}: {error.message}") from None
        reply = exchange.post(
            self.contract, line, code, sealed.body, endpoint=_ENDPOINT, headers=sealed.headers
        )
        place, answer = f"{code}.reply", exchange.body_of(code, reply)
        try:
            opened = self.envelope.open(path, reply.headers, answer, self.clock.now(), sealed.nonce)
        except BadEnvelope as bad:
            raise BadReply(f"{place}/{bad.place}", bad.expected, bad.found) from None
        exchange.note(line, self.contract.validate_json(place, opened.document))
        if not isinstance(opened.document, dict):
            raise BadReply(place, "an object", "something else")
        return opened.document
