"""One exchange with BOC: signed in first, signed in again when the token has gone.

A token is this process's own and shared by its threads.  What the bank refuses because nobody is
signed in was not taken: the same request goes once more with a new token, in the same attempt.
Every other refusal is final only where the code table says so.
"""

import secrets
import threading
from collections.abc import Iterable

from adapters.banks.boc import codec
from adapters.banks.boc.codec import Customer, Reply, Values
from adapters.kit import exchange
from adapters.kit.replies import BadReply, known, own, readable, refuse, unreadable
from hub.contracts import Code, CodeStatus, Contract
from hub.contracts.documents import XmlElement
from hub.kernel.clocks import BusinessClock
from hub.kernel.secret import Secret
from hub.ports.line import HttpReply, Line

SIGN_IN = "b2e0001"


class Channel:
    """How this deployment talks to BOC.  Keeps the token between exchanges, nothing else."""

    def __init__(
        self, contract: Contract, customer: Customer, password: Secret, clock: BusinessClock
    ) -> None:
        self.contract = contract
        self.customer = customer
        self._password = password
        self._clock = clock
        self._token = ""
        self._signing = threading.Lock()

    def new_serial(self) -> str:
        """trnid: 20 letters and digits, new for every call."""
        return f"{self._clock.now():%y%m%d%H%M%S}{secrets.token_hex(4)}"

    def ask(self, line: Line, code: str, body: Values, rows: Iterable[Values] = ()) -> XmlElement:
        """Carry out one transaction and return its body.

        Raises PartnerRefused for a code other than B001, ReplyUnreadable (with a drift) for what
        is not the contract's, RequestOffContract, and the line's own errors.
        """
        body, rows = list(body), [list(row) for row in rows]
        token = self._token or self.sign_in(line)
        reply, said = self._once(line, code, token, body, rows)
        if said.extra.get("sign_in") == "again":
            reply, said = self._once(line, code, self.sign_in(line, gone=token), body, rows)
        return _body(line, code, reply, said)

    def sign_in(self, line: Line, gone: str = "") -> str:
        """A token that works: a new one, unless another thread has got one since ``gone``."""
        with self._signing:
            if gone and self._token != gone:
                return self._token
            body = (
                ("custdt", f"{self._clock.now():%Y%m%d%H%M%S}"),
                ("oprpwd", self._password.reveal()),
            )
            reply, said = self._once(line, SIGN_IN, "", body, ())
            token = (_body(line, SIGN_IN, reply, said).findtext("token") or "").strip()
            if not token:
                unreadable(line, BadReply(f"{SIGN_IN}.reply/token", "a token", "none"))
            self._token = token
            return token

    def _once(
        self, line: Line, code: str, token: str, body: Values, rows: Iterable[Values]
    ) -> tuple[Reply, Code]:
        serial = self.new_serial()
        xml = codec.request_xml(
            self.contract, self.customer, code=code, serial=serial, token=token, body=body,
            rows=rows,
        )  # fmt: skip
        drifts = self.contract.validate_xml(f"{code}.request", xml)
        exchange.check_request(self.contract, line, code, drifts)
        answer = exchange.post(self.contract, line, code, xml, endpoint="b2e")
        with readable(line):
            reply = self._open(line, code, serial, answer)
        place = f"{code}.reply/trans/status/rspcod"
        return reply, known(self.contract, line, "status", reply.code, place)

    def _open(self, line: Line, code: str, serial: str, answer: HttpReply) -> Reply:
        root, reply = codec.open_reply(self.contract, code, exchange.body_of(code, answer))
        exchange.note(line, self.contract.validate_xml(f"{code}.reply", root))
        for name, wanted in (("trnid", serial), ("trncod", code)):
            own(f"{code}.reply/head/{name}", reply.head.get(name), wanted)
        return reply


def _body(line: Line, code: str, reply: Reply, said: Code) -> XmlElement:
    if said.status is not CodeStatus.DONE:
        refuse(said)
    if reply.body is None:
        unreadable(line, BadReply(f"{code}.reply/trans", f"{code}-rs with B001", "none"))
    return reply.body
