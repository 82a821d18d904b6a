"""What 贵州政务服务网 pushes: applications and withdrawals, by either of the two items.

Contract: ``contracts_spec/one_thing/retirement``, sections ``inbound`` and ``doors``, code table
``push_code``.
"""

from collections.abc import Mapping

from adapters.kit.case_pushes import (
    CasePushes,
    Document,
    Off,
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

_KIND = "retirement"
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


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    return CasePushes(context, _KIND, _READINGS)


def _case(said: Document, door: str, number: str, version: int) -> Filing:
    name, id_type, id_number = needed(said, "name", "idCardType", "idCardNumber")
    files = _files(said, "attachmentList", "attName", "attType", ("fileBase64", "fileId"))
    return Filing(
        _KIND, door, number, version, text(said, "formVersion")[:8], name, id_type, id_number,
        fields(said, _CASE), files,
    )  # fmt: skip


def _item(said: Document, door: str, number: str, version: int) -> Filing:
    name, id_type, id_number = needed(said, "sqrmc", "sqrzjlx", "sqrzjhm")
    form = said.get("form")
    if not isinstance(form, Mapping):
        raise Off("form", "an object", form)
    read = {**fields(said, _ITEM), **fields(form, _ITEM_FORM)}
    # 离休 or 退休: by this door whoever applies has retired.
    read["retired"] = "1" if read["retired"] in ("1", "2") else ""
    files = _files(said, "materials", "wjmc", "clbh", ("wjnr", "wjid"))
    return Filing(
        _KIND, door, number, version, text(form, "bbh")[:8], name, id_type, id_number, read, files
    )


def _files(
    said: Document, field: str, name: str, material: str, sources: tuple[str, str]
) -> tuple[CaseFile, ...]:
    inline, link = sources
    return tuple(
        _file(text(one, name)[:200], text(one, material)[:2], one.get(inline), text(one, link))
        for one in objects(said.get(field), field)
    )


def _file(name: str, material: str, inline: object, link: str) -> CaseFile:
    found = inline_file(name, material, inline)
    if found is not None:
        return found
    if link and link.isascii() and len(link) <= 64 and link.replace("-", "").isalnum():
        return CaseFile(name, material, link=link)
    return CaseFile(name, material, flaw="bad_link" if link else "nothing")


_READINGS = {
    "case.push": Reading("id", _case),
    "case.withdraw": Reading("id"),
    "item.push": Reading("sblsh", _item),
    "item.withdraw": Reading("sblsh"),
}
