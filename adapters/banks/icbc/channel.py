"""One exchange with ICBC: sign where the contract says so, post the form, open the reply.

The form's post is the one call with the effect.  What is refused or unreadable before it was not
sent; in it or after it the outcome is unknown unless the code table marks the code final.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.banks.icbc import codec
from adapters.banks.icbc.codec import Customer, Values
from adapters.kit.replies import BadReply, known, own, refuse, unreadable, values
from hub.contracts import CodeStatus, Contract
from hub.contracts.documents import XmlElement
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import BadInput
from hub.kernel.secret import Secret
from hub.ports.line import HttpReply, Line, PartnerRefused

_OK = 200


class RequestOffContract(BadInput):
    """What we were about to send is not what the contract says; nothing was sent."""

    code = "icbc.request_off_contract"
    hint = "See the drift rows of bank-icbc: the place named there is a fault of the hub."


@dataclass(frozen=True, slots=True)
class Channel:
    """How this deployment talks to ICBC.  Holds no state between exchanges."""

    contract: Contract
    customer: Customer
    cert: Secret
    clock: BusinessClock

    def new_serial(self, code: str) -> str:
        """A PackageID for a call that is no batch: new each time, 30 letters and digits at most."""
        return f"{code[0]}{codec.stamp(self.clock.now())}{secrets.token_hex(6)}"

    def ask(
        self,
        line: Line,
        code: str,
        body: Values,
        rows: Sequence[Values] = (),
        *,
        serial: str | None = None,
        at: datetime | None = None,
    ) -> XmlElement:
        """Carry out one transaction and return its ``<out>``.

        Raises PartnerRefused for a RetCode other than success, ReplyUnreadable (with a drift)
        for what is not the contract's, RequestOffContract, and the line's own errors.
        """
        number = serial or self.new_serial(code)
        moment = at or self.clock.now()
        xml = codec.request_xml(
            self.contract,
            self.customer,
            code=code,
            serial=number,
            at=moment,
            body=body,
            rows=rows,
        )
        self._check_request(line, code, xml)
        signed = self.contract.transaction(code).signed
        data = self._sign(line, xml) if signed else xml
        reply = self._post(line, code, number, moment, data)
        try:
            return self._open(line, code, number, reply)
        except BadReply as bad:
            unreadable(line, bad)

    def _check_request(self, line: Line, code: str, xml: bytes) -> None:
        drifts = self.contract.validate_xml(f"{code}.request", xml)
        for drift in drifts:
            line.drift.note(drift.place, drift.expected, drift.found)
        # A question put badly is answered with a refusal; an order put badly might be obeyed.
        if drifts and self.contract.transaction(code).effect:
            raise RequestOffContract(f"{code}: {drifts[0].place}: {drifts[0].expected}")

    def _sign(self, line: Line, xml: bytes) -> bytes:
        endpoint = self.contract.endpoints["sign"]
        reply = line.post(
            "sign",
            endpoint=endpoint.name,
            path=endpoint.path,
            body=xml,
            headers={"content-type": endpoint.content_type},
        )
        try:
            if reply.status != _OK:
                raise BadReply("sign.http", "200", str(reply.status))
            root = codec.sign_root(self.contract, reply.body)
            result, text = codec.signed_text(root)
        except BadReply as bad:
            unreadable(line, bad)
        for drift in self.contract.validate_xml("sign.reply", root):
            line.drift.note(drift.place, drift.expected, drift.found)
        signed = known(self.contract, line, "sign_result", result, "sign.reply/html/head/result")
        if signed.status is not CodeStatus.DONE:
            raise PartnerRefused(f"sign {signed.shown}", signed.text or "签名端口拒绝", final=False)
        return text

    def _post(self, line: Line, code: str, serial: str, moment: datetime, data: bytes) -> HttpReply:
        endpoint = self.contract.endpoints["api"]
        return line.post(
            code,
            endpoint=endpoint.name,
            path=endpoint.path,
            body=codec.form(
                self.contract,
                self.customer,
                code=code,
                serial=serial,
                cert=self.cert.reveal(),
                data=data,
            ),
            headers={"content-type": endpoint.content_type},
            query={
                "userID": self.customer.id,
                "PackageID": serial,
                "SendTime": codec.stamp(moment),
            },
            effect=self.contract.transaction(code).effect,
        )

    def _open(self, line: Line, code: str, serial: str, reply: HttpReply) -> XmlElement:
        if reply.status != _OK:
            raise BadReply(f"{code}.http", "200", str(reply.status))
        error = codec.nc_error(reply.body)
        if error is not None:
            refuse(known(self.contract, line, "nc_error", error, f"{code}.reply/errorCode"))
        root = codec.reply_root(self.contract, code, reply.body)
        for drift in self.contract.validate_xml(f"{code}.reply", root):
            line.drift.note(drift.place, drift.expected, drift.found)
        pub = root.find("eb/pub")
        said = values(pub) if pub is not None else {}
        for name, wanted in (("fSeqno", serial), ("TransCode", code)):
            own(f"{code}.reply/CMS/eb/pub/{name}", said.get(name), wanted)
        place = f"{code}.reply/CMS/eb/pub/RetCode"
        result = known(self.contract, line, "ret_code", said.get("RetCode", "").strip(), place)
        if result.status is not CodeStatus.DONE:
            refuse(result)
        out = root.find("eb/out")
        if out is None:
            raise BadReply(f"{code}.reply/CMS/eb", "an out element with RetCode 0", "none")
        return out
