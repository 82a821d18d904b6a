"""A unit's fields as a platform says them and as the core holds them, compared one by one."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from hub.kernel.identity import comparable_id, normal_name, normal_unit_name, normal_uscc
from hub.kernel.secret import mask_id, mask_name, mask_phone


class Verdict(StrEnum):
    """What is to become, or became, of one field."""

    CHANGE = "change"  # to be changed at the core
    CONFLICT = "conflict"  # the core holds a third value: staff decide
    BARRED = "barred"  # the core's command does not change it: a person's work
    SAME = "same"  # the core holds the new value
    FOREIGN = "foreign"  # nothing the centre keeps
    CHANGED = "changed"
    KEPT = "kept"  # staff kept the core's value
    REFUSED = "refused"
    DROPPED = "dropped"  # taken back, or replaced by a newer version, before it was done


OPEN = (Verdict.CONFLICT.value, Verdict.BARRED.value)
"""What waits for staff."""

VERDICT_ZH = {
    Verdict.CHANGE: "待变更",
    Verdict.CONFLICT: "核心的值与变更前的不符，待人工定",
    Verdict.BARRED: "核心不能自动变更，待人工办理",
    Verdict.SAME: "核心已是变更后的值",
    Verdict.FOREIGN: "中心不登记这一项",
    Verdict.CHANGED: "已变更",
    Verdict.KEPT: "经人工核定，保留核心的值",
    Verdict.REFUSED: "核心不予变更",
    Verdict.DROPPED: "未变更",
}


@dataclass(frozen=True, slots=True)
class Field:
    """``core``: the standard name of the core's field; empty: its command cannot change it."""

    core: str
    title: str
    needed: bool = False
    most: int = 255


FIELDS = {
    "name": Field("DWMC", "企业名称", True),
    "address": Field("DWDZ", "住所"),
    "legal_person": Field("DWFRDBXM", "法定代表人", True, 120),
    "legal_id_type": Field("DWFRDBZJLX", "法定代表人证件类型", True, 2),
    "legal_id_number": Field("DWFRDBZJHM", "法定代表人证件号码", True, 30),
    "postcode": Field("DWYB", "邮政编码"),
    "email": Field("DWDZXX", "电子邮箱"),
    "handler_name": Field("JBRXM", "经办人", False, 120),
    "handler_phone": Field("JBRSJHM", "经办人手机", False, 20),
    "uscc": Field("", "统一社会信用代码", True, 18),
    "capital": Field("", "注册资本"),
    "scope": Field("", "经营范围"),
}
_FOREIGN = ("capital", "scope")


def compare(
    field: str, before: str, core: str, new: str, ours: Collection[str], id_type: str
) -> Verdict:
    """``ours``: what older versions of the same case have changed it to."""
    if field in _FOREIGN:
        return Verdict.FOREIGN
    held = plain(field, core, id_type)
    if held == plain(field, new, id_type):
        return Verdict.SAME
    if field == "uscc":
        return Verdict.BARRED
    known = {plain(field, one, id_type) for one in (before, *ours)}
    return Verdict.CHANGE if held in known else Verdict.CONFLICT


def plain(field: str, value: str, id_type: str) -> str:
    """The form in which values of a field are compared."""
    match field:
        case "name" | "address":
            return normal_unit_name(value)
        case "uscc":
            return normal_uscc(value)
        case "legal_id_number":
            return comparable_id(value, id_type)
        case _:
            return normal_name(value)


def masked(field: str, value: str) -> str:
    """A value as pages show it: what is a person's, without its middle."""
    match field:
        case "legal_person" | "handler_name":
            return mask_name(value) if value else ""
        case "legal_id_number":
            return mask_id(value) if value else ""
        case "handler_phone":
            return mask_phone(value) if value else ""
        case "email":
            head, at, host = value.partition("@")
            return f"{head[:1]}***{at}{host}"[:255] if value else ""
        case _:
            return value[:255]
