"""公积金中心接收市场监管局数据: changes and withdrawals, pushed by the market regulator.

Contract: ``contracts_spec/one_thing/change``, section ``inbound``, code tables ``push_code`` and
``change_item``.
"""

from collections.abc import Mapping

from adapters.kit.case_pushes import (
    LONGEST,
    CasePushes,
    Document,
    Off,
    Reading,
    fields,
    needed,
    objects,
)
from hub.contracts import load_contract
from hub.ports.case import Filing
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundPort

_KIND = "change"
_USCC = 18
_FIELDS = {
    "business": "business", "pripid": "registry_id", "changedate": "registered_on",
    "createtime": "filed_at",
}  # fmt: skip


class _Reader:
    def __init__(self, items: Mapping[str, str]) -> None:
        self._items = items

    def filing(self, said: Document, door: str, number: str, version: int) -> Filing:
        """``before.<field>`` and ``after.<field>`` for every item of the push."""
        name, uscc = needed(said, "entname", "uniscid")
        if len(uscc) > _USCC:
            raise Off("uniscid", "a code", uscc)
        form = fields(said, _FIELDS) | self._changes(said)
        return Filing(_KIND, door, number, version, "", name, "", uscc, form)

    def _changes(self, said: Document) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in objects(said.get("changes"), "changes"):
            field = self._items.get(str(one.get("item")), "")
            if not field or f"after.{field}" in found:
                raise Off("changes/item", "an item of the table, each once", one.get("item"))
            for when in ("before", "after"):
                words = one.get(when)
                if not isinstance(words, str) or len(words) > LONGEST:
                    raise Off(f"changes/{when}", f"at most {LONGEST} characters", words)
                found[f"{when}.{field}"] = words.strip()
        return found


def build(context: AdapterContext) -> InboundPort:
    """The listening half of one deployment; raises Misconfigured when a key is missing."""
    codes = load_contract(context.contract_folder).table("change_item").codes
    reader = _Reader({code: str(one.extra["field"]) for code, one in codes.items()})
    readings = {"case.push": Reading("id", reader.filing), "case.withdraw": Reading("id")}
    return CasePushes(context, _KIND, readings)
