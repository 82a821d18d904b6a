"""公积金中心接收市场监管局数据: migrations and withdrawals, pushed by the market regulator.

Contract: ``contracts_spec/one_thing/migration``, section ``inbound``, code table ``push_code``.
"""

import json
from collections.abc import Mapping
from typing import Any

from adapters.kit.documents import text
from adapters.kit.gateway_in import GatewayDoor
from hub.contracts import load_contract, shape
from hub.ports.case import FILED, TAKEN_BACK, Filing, TakenBack
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

_KIND = "migration"
_LONGEST = 255
_FIELDS = {
    "direction": "direction", "pripid": "registry_id", "movedate": "moved_on",
    "fromorg": "from_office", "toorg": "to_office", "dom": "address", "lerep": "legal_person",
    "certype": "legal_id_type", "cerno": "legal_id_number", "linkman": "handler_name",
    "tel": "handler_phone", "unitratio": "unit_ratio", "personratio": "person_ratio",
    "createtime": "filed_at",
}  # fmt: skip


class _Off(Exception):
    """A field without which nothing can be done."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        super().__init__(field)
        self.field, self.expected = field, expected
        self.found = shape(found) if isinstance(found, str) else type(found).__name__


class MigrationPushes:
    """Two routes: a migration, and its withdrawal."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self.contract_version = contract.version
        self._contract = contract
        inbound: Mapping[str, Any] = contract.extra["inbound"]
        most = contract.limit("request_bytes")
        self.routes: Mapping[str, int] = {str(one["path"]): most for one in inbound.values()}
        self._by_route = {str(one["path"]): name for name, one in inbound.items()}
        self._doors = {name: str(one["door"]) for name, one in inbound.items()}
        secrets = [context.secret("caller_secret")]
        if "caller_secret_next" in context.secrets:
            secrets.append(context.secret("caller_secret_next"))
        self._door = GatewayDoor(
            contract, context.clock, rid=context.value("caller_rid"),
            sid=context.value("caller_sid"), secrets=secrets,
        )  # fmt: skip

    def read(self, request: InboundRequest) -> InboundNotice:
        """See InboundPort.read."""
        name = self._by_route[request.route]
        place, door = f"{name}.request", self._doors[name]
        opened = self._door.open(request, place)
        said = opened.document
        drifts = self._contract.validate_json(place, said)
        sender_id, kind = "", TAKEN_BACK if name == "case.withdraw" else FILED
        try:
            number, version = self._numbered(said)
            sender_id = f"{door}/{number}/{version}"
            value = _value(kind, door, number, version, said)
        except _Off as off:
            drifts.append(Drift(f"{place}/{off.field}", off.expected, off.found))
            raise NotTaken(
                Word.REFUSED, f"off the contract at {off.field}", drifts,
                kind=kind if sender_id else "", sender_id=sender_id,
                content=json.dumps(said, ensure_ascii=False).encode("utf-8"),
            ) from None  # fmt: skip
        return InboundNotice(kind, sender_id, value, opened.nonce, self._door.kept_s, tuple(drifts))

    def answer(self, request: InboundRequest, word: Word, sender_id: str = "") -> InboundAnswer:
        """See InboundPort.answer."""
        _, _, numbered = sender_id.partition("/")
        number, _, version = numbered.rpartition("/")
        data = {"id": number, "version": int(version)} if numbered else None
        return self._door.answer(word, data)

    def _numbered(self, said: Mapping[str, Any]) -> tuple[str, int]:
        number, version = text(said, "id"), said.get("version")
        plain = number.replace("-", "").replace("_", "")
        takes = self._contract.field("number").takes(number)
        if not (plain.isascii() and plain.isalnum() and takes):
            raise _Off("id", "the case's number", said.get("id"))
        if type(version) is not int or not 1 <= version <= 9999:
            raise _Off("version", "1 to 9999", version)
        return number, version


def _value(
    kind: str, door: str, number: str, version: int, said: Mapping[str, Any]
) -> Filing | TakenBack:
    if kind == TAKEN_BACK:
        return TakenBack(_KIND, door, number, version, text(said, "reason")[:200])
    name, uscc = text(said, "entname").strip(), text(said, "uniscid").strip()
    if not 0 < len(name) <= _LONGEST:
        raise _Off("entname", "a name", said.get("entname"))
    if not 0 < len(uscc) <= 18:
        raise _Off("uniscid", "a code", said.get("uniscid"))
    found = {ours: text(said, theirs).strip()[:_LONGEST] for theirs, ours in _FIELDS.items()}
    return Filing(_KIND, door, number, version, "", name, "", uscc, found)


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    return MigrationPushes(context)
