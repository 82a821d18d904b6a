"""What 贵州政务服务网 pushes: applications and withdrawals, by either of the two items.

Contract: ``contracts_spec/one_thing/retirement``, sections ``inbound`` and ``doors``, code table
``push_code``.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from adapters.kit.documents import text
from adapters.kit.gateway_in import GatewayDoor
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

_Document = Mapping[str, Any]
_KIND = "retirement"
_LONGEST = 255


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    return RetirementPushes(context)


class RetirementPushes:
    """Four routes: an application and a withdrawal by each door."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self.contract_version = contract.version
        self._contract = contract
        self._inbound: Mapping[str, Any] = contract.extra["inbound"]
        most = contract.limit("request_bytes")
        self.routes: Mapping[str, int] = {str(one["path"]): most for one in self._inbound.values()}
        self._by_route = {str(one["path"]): name for name, one in self._inbound.items()}
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
        place = f"{name}.request"
        opened = self._door.open(request, place)
        drifts = self._contract.validate_json(place, opened.document)
        reader = _READERS[name]
        sender_id, kind = "", TAKEN_BACK if name.endswith("withdraw") else FILED
        try:
            number, version = _numbered(self._contract, opened.document, place)
            sender_id = f"{self._inbound[name]['door']}/{number}/{version}"
            value = reader(opened.document, number, version)
        except _Off as off:
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


class _Off(Exception):
    """A field without which nothing can be done."""

    def __init__(self, field: str, expected: str, found: str) -> None:
        super().__init__(field)
        self.field, self.expected, self.found = field, expected, found


def _shown(found: object) -> str:
    """As a drift may show it."""
    return shape(found) if isinstance(found, str) else type(found).__name__


def _numbered(contract: Contract, said: _Document, place: str) -> tuple[str, int]:
    field = "sblsh" if place.startswith("item.") else "id"
    number, version = text(said, field), said.get("version")
    plain = number.replace("-", "").replace("_", "")
    if not (plain.isascii() and plain.isalnum() and contract.field("number").takes(number)):
        raise _Off(field, "the case's number", _shown(said.get(field)))
    if type(version) is not int or not 1 <= version <= 9999:
        raise _Off("version", "1 to 9999", "something else")
    return number, version


def _needed(said: _Document, *names: str) -> list[str]:
    found = []
    for name in names:
        words = text(said, name).strip()
        if not words or len(words) > _LONGEST:
            raise _Off(name, "text", _shown(said.get(name)))
        found.append(words)
    return found


def _fields(said: _Document, names: Mapping[str, str]) -> dict[str, str]:
    """Texts by our names; what is no text, or longer than any field, says nothing."""
    found = {ours: text(said, theirs).strip() for theirs, ours in names.items()}
    return {ours: words if len(words) <= _LONGEST else "" for ours, words in found.items()}


_CASE = {
    "personNumber": "account", "bankName": "payee_bank", "bankCode": "payee_bank_code",
    "bankAccount": "payee_account", "isRetire": "retired", "retirementDate": "retired_on",
    "mobile": "phone", "companyName": "unit_name", "socialCreditCode": "uscc",
    "companyNumber": "unit", "applicantName": "agent_name", "applicantIdnumber": "agent_id",
    "applyType": "by", "reason": "reason", "areaCode": "area", "createtime": "filed_at",
}  # fmt: skip
_ITEM = {"lxdh": "phone", "sqsj": "filed_at", "sxbm": "item_code"}
_ITEM_FORM = {
    "grzh": "account", "skyhmc": "payee_bank", "skyhdm": "payee_bank_code",
    "skzhhm": "payee_account", "txlx": "retired", "txrq": "retired_on",
}  # fmt: skip


def _case(said: _Document, number: str, version: int) -> Filing:
    name, id_type, id_number = _needed(said, "name", "idCardType", "idCardNumber")
    files = _files(said.get("attachmentList"), "attName", "attType", ("fileBase64", "fileId"))
    return Filing(
        _KIND, "onething", number, version, text(said, "formVersion")[:8], name, id_type,
        id_number, _fields(said, _CASE), files,
    )  # fmt: skip


def _item(said: _Document, number: str, version: int) -> Filing:
    name, id_type, id_number = _needed(said, "sqrmc", "sqrzjlx", "sqrzjhm")
    form = said.get("form")
    if not isinstance(form, Mapping):
        raise _Off("form", "an object", "something else")
    fields = {**_fields(said, _ITEM), **_fields(form, _ITEM_FORM)}
    # 离休 or 退休: by this door whoever applies has retired.
    fields["retired"] = "1" if fields["retired"] in ("1", "2") else ""
    files = _files(said.get("materials"), "wjmc", "clbh", ("wjnr", "wjid"))
    return Filing(
        _KIND, "item", number, version, text(form, "bbh")[:8], name, id_type, id_number, fields,
        files,
    )  # fmt: skip


def _back(door: str) -> Callable[[_Document, str, int], TakenBack]:
    def read(said: _Document, number: str, version: int) -> TakenBack:
        return TakenBack(_KIND, door, number, version, text(said, "reason")[:200])

    return read


def _files(
    listed: object, name: str, material: str, sources: tuple[str, str]
) -> tuple[CaseFile, ...]:
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _Off("attachmentList or materials", "a list of objects", "something else")
    inline, link = sources
    return tuple(
        _file(text(one, name)[:200], text(one, material)[:2], one.get(inline), text(one, link))
        for one in listed
    )


def _file(name: str, material: str, inline: object, link: str) -> CaseFile:
    if isinstance(inline, str) and inline:
        try:
            content = base64.b64decode("".join(inline.split()), validate=True)
        except (binascii.Error, ValueError):
            return CaseFile(name, material, flaw="not_base64")
        return CaseFile(name, material, content)
    if link and link.isascii() and len(link) <= 64 and link.replace("-", "").isalnum():
        return CaseFile(name, material, link=link)
    return CaseFile(name, material, flaw="bad_link" if link else "nothing")


_READERS: Mapping[str, Callable[[_Document, str, int], Filing | TakenBack]] = {
    "case.push": _case,
    "case.withdraw": _back("onething"),
    "item.push": _item,
    "item.withdraw": _back("item"),
}
