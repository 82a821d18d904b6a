"""What the hall files: applications and withdrawals of people it let in by our one-time key.

Contract: ``contracts_spec/one_thing/home_purchase``, section ``inbound``, code table ``push_code``.
"""

from adapters.kit.case_pushes import (
    CasePushes,
    Document,
    Reading,
    fields,
    inline_file,
    needed,
    objects,
)
from adapters.kit.documents import text
from hub.ports.case import CaseFile, Filing
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundPort

_KIND = "home_purchase"
_FIELDS = {
    "visit": "visit", "personNumber": "account", "mobile": "phone", "contractNo": "contract_no",
    "houseAddress": "house", "developerName": "developer", "presalePermit": "permit",
    "amount": "amount", "bankName": "payee_bank", "bankCode": "payee_bank_code",
    "bankAccount": "payee_account",
}  # fmt: skip


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    return CasePushes(context, _KIND, _READINGS, signed_with="hall_secret")


def _filing(said: Document, door: str, number: str, version: int) -> Filing:
    name, id_type, id_number, _ = needed(said, "name", "idCardType", "idCardNumber", "visit")
    listed = said.get("attachmentList")
    files = [] if listed is None else [_file(one) for one in objects(listed, "attachmentList")]
    return Filing(
        _KIND, door, number, version, text(said, "formVersion")[:8], name, id_type, id_number,
        fields(said, _FIELDS), tuple(files),
    )  # fmt: skip


def _file(one: Document) -> CaseFile:
    name, material = text(one, "attName")[:200], text(one, "attType")[:2]
    found = inline_file(name, material, one.get("fileBase64"))
    return found or CaseFile(name, material, flaw="nothing")


_READINGS = {
    "hall.apply": Reading("projectNo", _filing),
    "hall.withdraw": Reading("projectNo"),
}
