"""Cases as a government platform's gateway pushes them: an application, or that it is taken back.

Of a contract the sections ``inbound`` (route names with ``path`` and ``door``), ``gateway`` and the
code table ``push_code``, the limit ``request_bytes``, the field ``number``.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.kit.documents import text
from adapters.kit.gateway_in import GatewayDoor
from hub.contracts import Contract, load_contract, shape
from hub.ports.case import FILED, TAKEN_BACK, CaseFile, Filing, TakenBack
from hub.ports.context import AdapterContext
from hub.ports.inbound import (
    InboundAnswer,
    InboundNotice,
    InboundRequest,
    NotTaken,
    Word,
)
from hub.ports.line import Drift

Document = Mapping[str, Any]
LONGEST = 255
_CALLER = "caller_secret"
_MOST_VERSIONS = 9999


class Off(Exception):
    """A field without which nothing can be done; shown by its shape alone."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        super().__init__(field)
        self.field, self.expected = field, expected
        self.found = shape(found) if isinstance(found, str) else type(found).__name__


@dataclass(frozen=True, slots=True)
class Reading:
    """How the documents of one route are read.

    ``number``: the field that holds the case's number.  ``read`` makes a filing of a document, the
    door it came by, number and version, and raises :class:`Off`; without it the route takes a case
    back.
    """

    number: str
    read: Callable[[Document, str, str, int], Filing] | None = None


class CasePushes:
    """The listening half of an interface that is pushed cases (``hub.ports.inbound``)."""

    def __init__(
        self, context: AdapterContext, kind: str, readings: Mapping[str, Reading],
        signed_with: str = _CALLER,
    ) -> None:  # fmt: skip
        """``readings`` by route name; ``signed_with`` names the caller's key.  Raises
        Misconfigured when a key is missing."""
        contract = load_contract(context.contract_folder)
        self.contract_version = contract.version
        self._contract, self._kind, self._readings = contract, kind, dict(readings)
        inbound: Mapping[str, Any] = contract.extra["inbound"]
        pushed = {name: one for name, one in inbound.items() if name in readings}
        most = contract.limit("request_bytes")
        self.routes: Mapping[str, int] = {str(one["path"]): most for one in pushed.values()}
        self._by_route = {str(one["path"]): name for name, one in pushed.items()}
        self._doors = {name: str(one["door"]) for name, one in pushed.items()}
        self._door = caller_door(context, contract, signed_with)

    def read(self, request: InboundRequest) -> InboundNotice:
        """See InboundPort.read."""
        name = self._by_route[request.route]
        place, reading = f"{name}.request", self._readings[name]
        opened = self._door.open(request, place)
        drifts = self._contract.validate_json(place, opened.document)
        sender_id, kind = "", TAKEN_BACK if reading.read is None else FILED
        try:
            number, version = self._numbered(opened.document, reading.number)
            sender_id = f"{self._doors[name]}/{number}/{version}"
            value = self._value(opened.document, self._doors[name], number, version, reading)
        except Off as off:
            drifts.append(Drift(f"{place}/{off.field}", off.expected, off.found))
            # A number that could not be read names nothing: no row, only a drift.
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

    def _numbered(self, said: Document, field: str) -> tuple[str, int]:
        number, version = text(said, field), said.get("version")
        plain = number.replace("-", "").replace("_", "")
        takes = self._contract.field("number").takes(number)
        if not (plain.isascii() and plain.isalnum() and takes):
            raise Off(field, "the case's number", said.get(field))
        if type(version) is not int or not 1 <= version <= _MOST_VERSIONS:
            raise Off("version", f"1 to {_MOST_VERSIONS}", version)
        return number, version

    def _value(
        self, said: Document, door: str, number: str, version: int, reading: Reading
    ) -> Filing | TakenBack:
        if reading.read is None:
            return TakenBack(self._kind, door, number, version, text(said, "reason")[:200])
        return reading.read(said, door, number, version)


def caller_door(context: AdapterContext, contract: Contract, key: str) -> GatewayDoor:
    """Believes the caller, under both of its secrets while one is rotated."""
    secrets = [context.secret(key)]
    if f"{key}_next" in context.secrets:
        secrets.append(context.secret(f"{key}_next"))
    return GatewayDoor(
        contract, context.clock, rid=context.value("caller_rid"), sid=context.value("caller_sid"),
        secrets=secrets,
    )  # fmt: skip


def needed(said: Document, *names: str) -> list[str]:
    """Texts that must be there.  Raises Off."""
    found = []
    for name in names:
        words = text(said, name).strip()
        if not words or len(words) > LONGEST:
            raise Off(name, "text", said.get(name))
        found.append(words)
    return found


def fields(said: Document, names: Mapping[str, str]) -> dict[str, str]:
    """Texts by our names; what is no text, or longer than any field, says nothing: half a name
    would be another one's."""
    found = {ours: text(said, theirs).strip() for theirs, ours in names.items()}
    return {ours: words if len(words) <= LONGEST else "" for ours, words in found.items()}


def objects(listed: object, field: str) -> list[Document]:
    """A list of objects.  Raises Off."""
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Off(field, "a list of objects", listed)
    return listed


def inline_file(name: str, material: str, inline: object) -> CaseFile | None:
    """A file in Base64 inside the document; None when there is none."""
    if not isinstance(inline, str) or not inline:
        return None
    try:
        content = base64.b64decode("".join(inline.split()), validate=True)
    except (binascii.Error, ValueError):
        return CaseFile(name, material, flaw="not_base64")
    return CaseFile(name, material, content)
