"""Money is an integer number of 分; yuan exist only as text at the edges.

JGJ/T 320-2014 writes money as decimal(18,2).  No float and no decimal type comes near a sum
here: SQLite stores Numeric(18,2) as a float and loses the last 分 of large amounts.
"""

import re
from typing import NewType

from hub.kernel.errors import BadInput

Fen = NewType("Fen", int)

ZERO = Fen(0)
LIMIT = Fen(10**18 - 1)
"""Largest amount of decimal(18,2), in 分."""

_YUAN = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]{1,2}))?")


class BadAmount(BadInput):
    """The amount is not yuan with up to two decimals."""

    code = "money.bad_amount"
    hint = "Write yuan as digits with at most two decimals and no separators, e.g. 1234.50."


def parse_yuan(text: str) -> Fen:
    """Yuan as text (``-12.3``) to 分 (``-1230``); anything else raises BadAmount."""
    found = _YUAN.fullmatch(text.strip())
    if found is None:
        raise BadAmount(f"not an amount in yuan: {text[:24]!r}")
    sign, yuan, cents = found.groups()
    fen = int(yuan) * 100 + int((cents or "").ljust(2, "0"))
    return Fen(-fen if sign else fen)


def parse_fen(text: str) -> Fen:
    """分 as digits (``228414``) to an amount; anything else raises BadAmount."""
    clean = text.strip()
    if re.fullmatch(r"-?[0-9]{1,18}", clean) is None:
        raise BadAmount(f"not an amount in 分: {text[:24]!r}")
    return Fen(int(clean))


def format_yuan(fen: int) -> str:
    """分 to yuan with exactly two decimals, no separators: ``228414`` → ``2284.14``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def show_yuan(fen: int) -> str:
    """The same for people, with thousands separators: ``¥17,460,229.05``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
