"""How figures and instants look on a page; exact to the 分, never through a float."""

from markupsafe import Markup

from hub.kernel.clocks import from_us
from hub.kernel.money import show_yuan


def yuan(fen: int) -> Markup:
    """``show_yuan`` with the sign of the currency and the 分 set apart for the style sheet."""
    text = show_yuan(fen)
    sign, _, digits = text.partition("¥")
    whole, _, cents = digits.partition(".")
    return Markup(
        '<span class="yuan">{}<span class="cur">¥</span>{}<span class="fen">.{}</span></span>'
    ).format(sign, whole, cents)


def number(count: int) -> str:
    """With thousands separators."""
    return f"{count:,}"


def signed(count: int) -> str:
    """The same with its sign: ``+1,204``, ``−3``, ``0``."""
    return f"{count:+,}".replace("-", "−") if count else "0"


def moment(instant: int | None) -> str:
    """``2025-10-15 09:31:07``, Asia/Shanghai; a dash for none."""
    return from_us(instant).strftime("%Y-%m-%d %H:%M:%S") if instant is not None else "—"


def clock(instant: int | None) -> str:
    """``09:31:07``."""
    return from_us(instant).strftime("%H:%M:%S") if instant is not None else "—"


def short_moment(instant: int | None) -> str:
    """``10-15 09:31``."""
    return from_us(instant).strftime("%m-%d %H:%M") if instant is not None else "—"


def precise(instant: int | None) -> str:
    """``09:31:07.482``: attempts are compared by the millisecond."""
    if instant is None:
        return "—"
    return f"{clock(instant)}.{instant % 1_000_000 // 1000:03d}"


def day(number: int | None) -> str:
    """20251009 → ``2025-10-09``; empty for none."""
    return f"{number // 10000}-{number // 100 % 100:02d}-{number % 100:02d}" if number else ""


def permille(part: int, whole: int) -> int:
    """``part`` of ``whole`` in thousandths, 0 to 1000, rounded down: full only when it is."""
    if whole <= 0:
        return 0
    return max(0, min(1000, part * 1000 // whole))


def percent(part: int, whole: int) -> str:
    """``69.8%``, rounded down; a dash when there is no whole."""
    if whole <= 0:
        return "—"
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10}%"
