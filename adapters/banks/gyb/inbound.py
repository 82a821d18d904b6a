"""Result notices of 贵阳银行: what the bank tells of itself, believed or refused, and our answer.

Contract: ``contracts_spec/banks/gyb``, section ``inbound`` and code table ``notice_code``.
"""

import json
from collections.abc import Mapping
from typing import Any

from adapters.banks.gyb.channel import envelope_of
from adapters.banks.gyb.rows import result
from adapters.kit.documents import rows, text
from adapters.kit.envelope import BadEnvelope, Opened
from adapters.kit.reader import RowReader
from adapters.kit.replies import BadReply
from hub.contracts import load_contract, shape
from hub.ports.bank import RESULTS_NOTICE, ResultsNotice
from hub.ports.context import AdapterContext
from hub.ports.inbound import (
    InboundAnswer,
    InboundNotice,
    InboundPort,
    InboundRequest,
    NotTaken,
    Word,
)
from hub.ports.line import Drift, DriftNotes

SERVICE = "hc.result.notify"
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_OK = 200
_WORDS = {
    "identity": Word.SIGNATURE,
    "signature": Word.SIGNATURE,
    "stale": Word.STALE,
    "cipher": Word.CIPHER,
    "unreadable": Word.UNREADABLE,
    "document": Word.CIPHER,
}
"""The envelope's words; a document that is none was ciphered under another key or half done."""


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    return GybNotices(context)


class GybNotices:
    """贵阳银行's notices of results."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        spec = contract.extra["inbound"][SERVICE]
        self.contract_version = contract.version
        most = contract.limit(spec["limits"]["bytes"])
        self.routes: Mapping[str, int] = {str(spec["path"]): most}
        self._contract = contract
        self._envelope = envelope_of(context)
        self._clock = context.clock
        self._path = str(spec["path"])
        self._most = contract.limit(spec["limits"]["rows"])
        self._kept_s = float(contract.extra["envelope"]["nonce_kept_s"])
        self._place = f"{SERVICE}.request"
        self._table = contract.table("notice_code")
        self._codes = {one.extra["word"]: name for name, one in self._table.codes.items()}

    def read(self, request: InboundRequest) -> InboundNotice:
        """See InboundPort.read."""
        try:
            opened = self._envelope.open(
                self._path, request.headers, request.body, self._clock.now()
            )
        except BadEnvelope as bad:
            told = Drift(f"{self._place}/{bad.place}", bad.expected, bad.found)
            raise NotTaken(_WORDS[bad.word], f"not to be believed: {bad.word}", [told]) from None
        drift = DriftNotes(self._contract.validate_json(self._place, opened.document))
        sender_id = ""
        try:
            document = self._document(opened)
            sender_id = self._sender_id(document)
            value = self._value(document, drift)
        except BadReply as bad:
            drift.note(bad.place, bad.expected, bad.found)
            raise NotTaken(
                Word.REFUSED, f"off the contract at {bad.place}", drift.drifts,
                kind=RESULTS_NOTICE, sender_id=sender_id, content=opened.data,
            ) from None  # fmt: skip
        return InboundNotice(
            RESULTS_NOTICE, sender_id, value, opened.nonce, self._kept_s, tuple(drift.drifts)
        )

    def answer(self, request: InboundRequest, word: Word, sender_id: str = "") -> InboundAnswer:
        """Sealed with the request's nonce where the sender was believed, else plain."""
        code = self._table.look_up(self._codes[word.value])
        said = {"notifyNo": sender_id, "code": code.code, "message": code.text}
        status = int(code.extra["http"])
        if status != _OK:
            body = json.dumps(said, ensure_ascii=False).encode("utf-8")
            return InboundAnswer(status, _JSON, body)
        nonce = self._envelope.nonce_of(request.headers)
        sealed = self._envelope.seal(self._path, said, self._clock.now(), nonce)
        return InboundAnswer(status, {**_JSON, **sealed.headers}, sealed.body)

    def _document(self, opened: Opened) -> dict[str, Any]:
        if not isinstance(opened.document, dict):
            raise BadReply(self._place, "an object", "something else")
        return opened.document

    def _sender_id(self, document: dict[str, Any]) -> str:
        found = text(document, "notifyNo")
        if not found.strip() or not self._contract.field("notifyNo").takes(found):
            raise BadReply(f"{self._place}/notifyNo", "the notice's number", shape(found))
        return found

    def _value(self, document: dict[str, Any], drift: DriftNotes) -> ResultsNotice:
        found = rows(document, self._place)
        if not 0 < len(found) <= self._most:
            raise BadReply(f"{self._place}/rows", f"1 to {self._most} rows", f"{len(found)} rows")
        reader = RowReader(self._contract, f"{self._place}/rows", drift)
        numbered = [(row.get("instNo", "").strip(), row) for row in found]
        field = self._contract.field("instNo")
        if not all(number and field.takes(number) for number, _ in numbered):
            raise BadReply(f"{self._place}/rows/instNo", "a number in every row", "a row without")
        results = tuple(result(reader, row, number) for number, row in numbered)
        return ResultsNotice(text(document, "batchNo").strip(), results)
