"""Yuan and times of this wire as 分 and Asia/Shanghai; what is not exactly its form is None."""

import re
from datetime import date, datetime
from decimal import Decimal

from hub.kernel.clocks import SHANGHAI
from hub.kernel.money import Fen, parse_yuan

_YUAN = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMALS = -2
_LIMIT = 10**17


def fen_of(yuan: object) -> Fen | None:
    """A Decimal of two decimals, as zeep reads one, in 分.

    Any other scale is none (``1E+2``, ``1.5``, ``0.001``): it was not written by this contract,
    and no arithmetic is done on it, which would round beyond 28 digits.
    """
    if not isinstance(yuan, Decimal) or not yuan.is_finite():
        return None
    sign, digits, exponent = yuan.as_tuple()
    if exponent != _DECIMALS:
        return None
    fen = int("".join(map(str, digits)))
    return Fen(-fen if sign else fen) if fen < _LIMIT else None


def fen_from(text: str) -> Fen | None:
    """A row's text in 分, the same rule on letters."""
    clean = text.strip(" \t\r\n")
    return parse_yuan(clean) if _YUAN.fullmatch(clean) else None


def day_from(text: str) -> date | None:
    """``yyyy-MM-dd``; with a time zone it is another day somewhere, so it is none."""
    clean = text.strip(" \t\r\n")
    if not _DAY.fullmatch(clean):
        return None
    try:
        return date.fromisoformat(clean)
    except ValueError:
        return None


def moment_of(value: object) -> datetime | None:
    """An aware dateTime in Asia/Shanghai; one that does not say its zone is eight hours' doubt."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return None
    try:
        return value.astimezone(SHANGHAI)
    except OverflowError:
        return None


def moment_from(text: str) -> datetime | None:
    """A row's text, the same rule."""
    try:
        return moment_of(datetime.fromisoformat(text.strip(" \t\r\n")))
    except ValueError:
        return None


def wire_moment(moment: datetime) -> datetime:
    """A moment as zeep writes it: to the second, ``+08:00``."""
    return moment.astimezone(SHANGHAI).replace(microsecond=0)
