"""公积金中心接收市场监管局数据: migrations and withdrawals, pushed by the market regulator.

Contract: ``contracts_spec/one_thing/migration``, section ``inbound``, code table ``push_code``.
"""

from adapters.kit.case_pushes import CasePushes, Document, Off, Reading, fields, needed
from hub.ports.case import Filing
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundPort

_KIND = "migration"
_USCC = 18
_FIELDS = {
    "direction": "direction", "pripid": "registry_id", "movedate": "moved_on",
    "fromorg": "from_office", "toorg": "to_office", "dom": "address", "lerep": "legal_person",
    "certype": "legal_id_type", "cerno": "legal_id_number", "linkman": "handler_name",
    "tel": "handler_phone", "unitratio": "unit_ratio", "personratio": "person_ratio",
    "createtime": "filed_at",
}  # fmt: skip


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    return CasePushes(context, _KIND, _READINGS)


def _filing(said: Document, door: str, number: str, version: int) -> Filing:
    name, uscc = needed(said, "entname", "uniscid")
    if len(uscc) > _USCC:
        raise Off("uniscid", "a code", uscc)
    return Filing(_KIND, door, number, version, "", name, "", uscc, fields(said, _FIELDS))


_READINGS = {"case.push": Reading("id", _filing), "case.withdraw": Reading("id")}
