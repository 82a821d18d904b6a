"""What the hall files: applications and withdrawals of people it let in by our one-time key.

Contract: ``contracts_spec/one_thing/home_purchase``, section ``inbound``, code table ``push_code``.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from adapters.kit.documents import text
from adapters.one_thing.home_purchase.entry import hall_door
from hub.contracts import Contract, load_contract, shape
from hub.ports.case import FILED, TAKEN_BACK, CaseFile, Filing, TakenBack
from hub.ports.context import AdapterContext
from hub.ports.inbound import (
    InboundAnswer,
    InboundNotice,
    InboundPort,
    InboundRequest,
    NotTaken,
    Word,
)
from hub.ports.line import Drift

_KIND, _DOOR = "home_purchase", "hall"
_LONGEST = 255
_FIELDS = {
    "visit": "visit", "personNumber": "account", "mobile": "phone", "contractNo": "contract_no",
    "houseAddress": "house", "developerName": "developer", "presalePermit": "permit",
    "amount": "amount", "bankName": "payee_bank", "bankCode": "payee_bank_code",
    "bankAccount": "payee_account",
}  # fmt: skip


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    return HallFilings(context)


class HallFilings:
    """Two routes: an application and its withdrawal."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self.contract_version = contract.version
        self._contract = contract
        inbound: Mapping[str, Any] = contract.extra["inbound"]
        most = contract.limit("request_bytes")
        self.routes: Mapping[str, int] = {str(one["path"]): most for one in inbound.values()}
        self._by_route = {str(one["path"]): name for name, one in inbound.items()}
        self._door = hall_door(context, contract)

    def read(self, request: InboundRequest) -> InboundNotice:
        """See InboundPort.read."""
        name = self._by_route[request.route]
        place = f"{name}.request"
        opened = self._door.open(request, place)
        drifts = self._contract.validate_json(place, opened.document)
        kind = TAKEN_BACK if name.endswith("withdraw") else FILED
        sender_id = ""
        try:
            number, version = _numbered(self._contract, opened.document)
            sender_id = f"{_DOOR}/{number}/{version}"
            read = _taken_back if kind == TAKEN_BACK else _filing
            value = read(opened.document, number, version)
        except _Off as off:
            drifts.append(Drift(f"{place}/{off.field}", off.expected, off.found))
            raise NotTaken(
                Word.REFUSED, f"off the contract at {off.field}", drifts,
                kind=kind if sender_id else "", sender_id=sender_id,
                content=json.dumps(opened.document, ensure_ascii=False).encode("utf-8"),
            ) from None  # fmt: skip
        return InboundNotice(kind, sender_id, value, opened.nonce, self._door.kept_s, tuple(drifts))

    def answer(self, request: InboundRequest, word: Word, sender_id: str = "") -> InboundAnswer:
        """See InboundPort.answer."""
        _, _, numbered = sender_id.partition("/")
        number, _, version = numbered.rpartition("/")
        data = {"id": number, "version": int(version)} if numbered else None
        return self._door.answer(word, data)


class _Off(Exception):
    """A field without which nothing can be done."""

    def __init__(self, field: str, expected: str, found: str) -> None:
        super().__init__(field)
        self.field, self.expected, self.found = field, expected, found


def _shown(found: object) -> str:
    return shape(found) if isinstance(found, str) else type(found).__name__


def _numbered(contract: Contract, said: Mapping[str, Any]) -> tuple[str, int]:
    number, version = text(said, "projectNo"), said.get("version")
    plain = number.replace("-", "").replace("_", "")
    if not (plain.isascii() and plain.isalnum() and contract.field("number").takes(number)):
        raise _Off("projectNo", "the case's number", _shown(said.get("projectNo")))
    if type(version) is not int or not 1 <= version <= 9999:
        raise _Off("version", "1 to 9999", "something else")
    return number, version


def _needed(said: Mapping[str, Any], *names: str) -> list[str]:
    found = []
    for name in names:
        words = text(said, name).strip()
        if not words or len(words) > _LONGEST:
            raise _Off(name, "text", _shown(said.get(name)))
        found.append(words)
    return found


def _filing(said: Mapping[str, Any], number: str, version: int) -> Filing:
    name, id_type, id_number, _ = _needed(said, "name", "idCardType", "idCardNumber", "visit")
    read = {ours: text(said, theirs).strip() for theirs, ours in _FIELDS.items()}
    fields = {ours: words if len(words) <= _LONGEST else "" for ours, words in read.items()}
    return Filing(
        _KIND, _DOOR, number, version, text(said, "formVersion")[:8], name, id_type, id_number,
        fields, _files(said.get("attachmentList")),
    )  # fmt: skip


def _taken_back(said: Mapping[str, Any], number: str, version: int) -> TakenBack:
    return TakenBack(_KIND, _DOOR, number, version, text(said, "reason")[:200])


def _files(listed: object) -> tuple[CaseFile, ...]:
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _Off("attachmentList", "a list of objects", "something else")
    return tuple(_file(one) for one in listed)


def _file(one: Mapping[str, Any]) -> CaseFile:
    name, material = text(one, "attName")[:200], text(one, "attType")[:2]
    inline = one.get("fileBase64")
    if not isinstance(inline, str) or not inline:
        return CaseFile(name, material, flaw="nothing")
    try:
        content = base64.b64decode("".join(inline.split()), validate=True)
    except (binascii.Error, ValueError):
        return CaseFile(name, material, flaw="not_base64")
    return CaseFile(name, material, content)
