"""The receiving half of a government platform's gateway: who calls is believed, its JSON read.

Same terms as :mod:`adapters.kit.gateway_terms`.  The signature does not cover the body, so it is
handed on as the request's nonce: the same over the same bytes is a repeat, over others a forgery.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.kit.gateway_terms import Called, GatewayTerms, HeaderFault, HeadersRefused
from hub.contracts import BadDocument, Contract
from hub.kernel.clocks import BusinessClock
from hub.kernel.secret import Secret
from hub.ports.inbound import InboundAnswer, InboundRequest, NotTaken, Word
from hub.ports.line import Drift

_BOM = b"\xef\xbb\xbf"
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_WORDS = {
    HeaderFault.MISSING: Word.UNREADABLE,
    HeaderFault.STALE: Word.STALE,
    HeaderFault.SIGNATURE: Word.SIGNATURE,
}


@dataclass(frozen=True, slots=True)
class Believed:
    """A believed request: its document, and the signature as its nonce."""

    document: dict[str, Any]
    nonce: str


class GatewayDoor:
    """Believes requests of one caller to one service, and answers ``{code, message, data}``."""

    def __init__(
        self, contract: Contract, clock: BusinessClock, *, rid: str, sid: str,
        secrets: Sequence[Secret],
    ) -> None:  # fmt: skip
        """``secrets``: every one in force, two while the caller's is being rotated."""
        self._contract, self._clock = contract, clock
        self._terms = GatewayTerms.of(contract)
        self._rid, self._sid, self._secrets = rid, sid, tuple(secrets)
        self.kept_s = float(contract.extra["gateway"]["sign_kept_s"])
        codes = contract.table("push_code").codes.values()
        self._codes = {one.extra["word"]: one for one in codes}

    def open(self, request: InboundRequest, place: str) -> Believed:
        """Raises NotTaken; ``place`` names the request in drifts."""
        called = self._called(request, place)
        try:
            document = self._contract.read_json(request.body.removeprefix(_BOM))
        except BadDocument as bad:
            raise _no(Word.UNREADABLE, place, "a JSON object", bad.found) from None
        if not isinstance(document, dict):
            raise _no(Word.UNREADABLE, place, "a JSON object", "something else")
        return Believed(document, called.sign)

    def answer(self, word: Word, data: Mapping[str, object] | None) -> InboundAnswer:
        """In the contract's codes; the same word and data, the same bytes."""
        code = self._codes[word.value]
        said = {"code": code.code, "message": code.text, "data": data}
        body = json.dumps(said, ensure_ascii=False).encode("utf-8")
        return InboundAnswer(int(code.extra["http"]), _JSON, body)

    def _called(self, request: InboundRequest, place: str) -> Called:
        try:
            called = self._terms.named(request.headers)
            ours = (called.rid, called.sid) == (self._rid, self._sid)
            self._terms.check(called, self._clock.now(), self._secrets if ours else ())
        except HeadersRefused as no:
            where = f"{place}/headers"
            raise _no(_WORDS[no.fault], where, "the gateway's headers", str(no.fault)) from None
        return called


def _no(word: Word, place: str, expected: str, found: str) -> NotTaken:
    return NotTaken(word, f"not to be believed: {word.value}", [Drift(place, expected, found)])
