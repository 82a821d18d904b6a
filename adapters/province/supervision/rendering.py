"""How values are written: yuan, shares, dates, masked names.  Amounts come as integer 分."""

from collections.abc import Callable, Mapping
from typing import Any

from hub.kernel.logs import mask_text
from hub.kernel.money import Fen, format_yuan
from hub.kernel.secret import mask_account, mask_id, mask_name


def hundredths(part: int, whole: int, times: int) -> str:
    """``part × times ÷ whole`` with two decimals, half up; empty of nothing."""
    if not whole:
        return ""
    sign = "-" if (part < 0) != (whole < 0) and part else ""
    scaled = (2 * abs(part) * times * 100 + abs(whole)) // (2 * abs(whole))
    return f"{sign}{scaled // 100}.{scaled % 100:02d}"


def rendered(
    value: Any, rendering: str, names: Mapping[str, Mapping[str, str]], *, clear: bool
) -> Any:
    """One value as the contract wants it; ``clear``: personal data too.  None is unknown: ""."""
    if value is None:
        return ""
    kind, _, table = rendering.partition(":")
    if kind == "table":
        return names[table].get(str(value), str(value))
    if kind in _HIDDEN:
        return str(value) if clear else _HIDDEN[kind](str(value))
    return _WRITTEN[kind](value)


def _count(value: Any) -> Any:
    return int(value) if str(value) else ""


def _yuan(value: Any) -> str:
    return format_yuan(Fen(int(value)))


def _wan(value: Any) -> str:
    return hundredths(int(value), 1_000_000, 1)


def _date(value: Any) -> str:
    return _day(str(value))


def _address(text: str) -> str:
    return f"{text[:6]}***"


_HIDDEN: Mapping[str, Callable[[str], str]] = {
    "name": mask_name, "id": mask_id, "account": mask_account, "address": _address,
    "free": mask_text,
}  # fmt: skip
_WRITTEN: Mapping[str, Callable[[Any], Any]] = {
    "text": str, "yuan": _yuan, "wan": _wan, "count": _count, "date": _date,
}  # fmt: skip


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 else ""


def moment(day: Any, time: Any) -> str:
    """YYYYMMDD and hhmmss as ``2025-10-13 10:15:00``."""
    at = str(time)
    return f"{_day(str(day))} {at[:2]}:{at[2:4]}:{at[4:]}" if len(at) == 6 else _day(str(day))
