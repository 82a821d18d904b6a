"""Applications in the core's field names.  Source: contracts_spec/core/registry/schemas."""

import secrets
from collections.abc import Sequence
from typing import Any

from hub.kernel.errors import BadInput
from hub.ports.registry import (
    Application,
    ApplicationKind,
    Sealing,
    UnitChange,
    UnitOpening,
    Withdrawal,
)

_TYPE: dict[ApplicationKind, type] = {
    ApplicationKind.UNIT_OPEN: UnitOpening,
    ApplicationKind.UNIT_CHANGE: UnitChange,
    ApplicationKind.SEAL: Sealing,
    ApplicationKind.UNSEAL: Sealing,
    ApplicationKind.WITHDRAWAL: Withdrawal,
}


class WrongApplication(BadInput):
    """What is applied for and its kind do not belong together; nothing was sent."""

    code = "registry.wrong_application"
    hint = "A fault of the hub: tell its developers."


def serial() -> str:
    """A fresh QQLSH: it only ties a reply to its request."""
    return secrets.token_hex(16)


def rows(kind: ApplicationKind, applications: Sequence[Application]) -> list[dict[str, Any]]:
    """SQ of a request; raises WrongApplication."""
    if any(type(one) is not _TYPE[kind] for one in applications):
        raise WrongApplication(f"an application for something else among those for {kind}")
    return [_row(one) for one in applications]


def _row(one: Application) -> dict[str, Any]:
    match one:
        case UnitOpening():
            return {
                "SQBH": one.number, "DWMC": one.name, "ZZJGDM": one.uscc, "DWDZ": one.address,
                "DWFRDBXM": one.legal_person, "DWFRDBZJLX": one.legal_id_type,
                "DWFRDBZJHM": one.legal_id_number, "JBRXM": one.handler_name,
                "JBRSJHM": one.handler_phone, "DWJCBL": one.unit_ratio, "GRJCBL": one.person_ratio,
            }  # fmt: skip
        case UnitChange():
            changes = [{"ZDM": c.name, "JZ": c.old, "XZ": c.new} for c in one.changes]
            return {"SQBH": one.number, "DWZH": one.unit, "BG": changes}
        case Sealing():
            return {
                "SQBH": one.number, "GRZH": one.account, "DWZH": one.unit, "YY": one.reason,
                "RQ": f"{one.on:%Y%m%d}",
            }  # fmt: skip
        case Withdrawal():
            part = {} if one.amount is None else {"TQJEFEN": one.amount}
            return {
                "SQBH": one.number, "GRZH": one.account, "XingMing": one.name,
                "ZJLX": one.id_type, "ZJHM": one.id_number, "TQYY": one.reason,
                "SKZHHM": one.payee_account, "SKZHMC": one.payee_name, "SKYHMC": one.payee_bank,
                "SKYHDM": one.payee_bank_code, **part,
            }  # fmt: skip
