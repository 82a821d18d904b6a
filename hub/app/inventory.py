"""接口梳理清单: each interface before and after standardisation, from manifests and contracts.

Before is what its partner says on the wire; after is what the hub makes of it: one port, standard
words, codes with a class and finality, samples, one contract with a version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.app.discover import FoundAdapter
from hub.contracts import Contract

_OWN = ("core", "registry")
_PORTS = {
    "bank": "银行端口", "query": "查询端口", "case": "办件端口", "directory": "目录端口",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One interface.  ``before`` and ``after`` in words; the figures beside them."""

    interface: str
    name: str
    partner: str
    before: str
    after: str
    transactions: int
    operations: tuple[str, ...]
    codes: int
    samples: int
    contract: str
    quality: str

    def as_dict(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "interface": self.interface, "name": self.name, "partner": self.partner,
            "before": self.before, "after": self.after, "transactions": self.transactions,
            "operations": list(self.operations), "codes": self.codes, "samples": self.samples,
            "contract": self.contract, "quality": self.quality,
        }  # fmt: skip


def inventory(adapters: Mapping[str, FoundAdapter]) -> list[Line]:
    """Of every interface with somebody outside, by its code."""
    return [_line(each) for _, each in sorted(adapters.items()) if each.manifest.port not in _OWN]


def _line(found: FoundAdapter) -> Line:
    contract, manifest = found.contract, found.manifest
    operations = tuple(
        sorted({name for one in contract.transactions.values() for name in one.operations})
    )
    codes = sum(len(table.codes) for table in contract.code_tables.values())
    folder = contract.folder / "samples"
    samples = len([one for one in folder.iterdir() if one.suffix != ".yaml"
                   and not one.name.startswith(".")])  # fmt: skip
    port = _PORTS.get(manifest.port, f"{manifest.port} 端口")
    after = (
        f"{port} {len(operations)} 个操作，平值，金额为整数分；"
        f"返回码 {codes} 个注明类别与最终性；规范 {contract.version}，基准报文 {samples} 份"
    )
    return Line(
        found.interface, contract.name, manifest.partner.name, _before(contract), after,
        len(contract.transactions), operations, codes, samples, contract.version,
        manifest.quality,
    )  # fmt: skip


def _before(contract: Contract) -> str:
    """As the partner says it."""
    wire = contract.wire
    amounts = {"fen": "金额为分", "yuan": "金额为元"}.get(wire.amount_unit, wire.amount_unit)
    declared = wire.charset.declared
    kinds = "、".join(sorted({one.kind for one in contract.schemas.values()}))
    return "，".join(
        filter(None, [
            f"{len(contract.transactions)} 个交易", wire.format, declared, amounts, kinds,
            "定长或分隔文件" if contract.layouts else "",
        ])
    )  # fmt: skip
