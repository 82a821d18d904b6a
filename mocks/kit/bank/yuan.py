"""Yuan on a wire, 分 in the books."""

from decimal import Decimal, InvalidOperation

from mocks.kit.xml import Unreadable


def fen(yuan: str) -> int:
    """Yuan of a request (the schema has seen two decimals) in 分."""
    try:
        return int(Decimal(yuan) * 100)
    except InvalidOperation as error:
        raise Unreadable(f"不是金额：{len(yuan)} 个字符") from error


def yuan(fen: str) -> str:
    """A text in 分 as yuan with two decimals; what is no amount goes out as it stands."""
    digits = fen.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return fen
    sign = fen[: len(fen) - len(digits)]
    padded = digits.rjust(3, "0")
    return f"{sign}{padded[:-2]}.{padded[-2:]}"
