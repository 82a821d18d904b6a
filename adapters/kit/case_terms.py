"""A contract's section ``case``, as the case port wants it."""

from collections.abc import Mapping
from typing import Any

from hub.contracts import Contract
from hub.kernel.errors import Misconfigured
from hub.ports.case import CaseTerms, FileRules, Material


def case_terms(contract: Contract) -> CaseTerms:
    """Raises Misconfigured when the contract has no such section."""
    raw: Any = contract.extra.get("case")
    if not isinstance(raw, Mapping):
        raise Misconfigured(f"the contract of {contract.interface} has no section case")
    return CaseTerms(
        kind=str(raw["kind"]),
        promise_days=int(raw["promise_days"]),
        materials={
            code: Material(code, str(one["what"]), bool(one["required"]))
            for code, one in raw["materials"].items()
        },
        files=FileRules(
            types=tuple(map(str, raw["file_types"])),
            most=contract.limit("files"),
            largest=contract.limit("file_bytes"),
            unpacked=contract.limit("unpacked_bytes"),
            packed_most=contract.limit("packed_files"),
        ),
        approve_above=int(raw.get("approve_above", 0)),
    )
