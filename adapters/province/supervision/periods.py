"""Statistical periods (统计周期): days cut into days, weeks, months, quarters, halves, years.

Days are YYYYMMDD in looks.  A period cut off by the days asked for keeps its own name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {"03": 1, "04": 3, "05": 6, "06": 12}


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``begin`` to ``end``, both included."""

    begin: date
    end: date

    @property
    def first(self) -> int:
        """YYYYMMDD."""
        return int(f"{self.begin:%Y%m%d}")

    @property
    def last(self) -> int:
        """YYYYMMDD."""
        return int(f"{self.end:%Y%m%d}")

    def back(self, months: int) -> "Span":
        """The same days so many months before; a day that month has not is its last."""
        return Span(_back(self.begin, months), _back(self.end, months))


@dataclass(frozen=True, slots=True)
class Part:
    """One period of a span and what it is called."""

    name: str
    span: Span


def parts(span: Span, period: str) -> Iterator[Part]:
    """The periods of a span, the earliest first."""
    begin = span.begin
    while begin <= span.end:
        name, end = _whole(begin, period)
        yield Part(name, Span(begin, min(end, span.end)))
        begin = end + timedelta(days=1)


def _whole(day: date, period: str) -> tuple[str, date]:
    """What the period of a day is called, and its last day."""
    if period == "01":
        return f"{day:%Y-%m-%d}", day
    if period == "02":
        year, week, weekday = day.isocalendar()
        return f"{year} 年第 {week} 周", day + timedelta(days=7 - weekday)
    months = _MONTHS[period]
    place = (day.month - 1) // months
    following = day.year * 12 + (place + 1) * months
    end = date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
    names = {
        "03": f"{day:%Y-%m}", "04": f"{day.year} 年第 {place + 1} 季度",
        "05": f"{day.year} 年{'上下'[place] if months == 6 else ''}半年", "06": f"{day.year} 年",
    }  # fmt: skip
    return names[period], end


def _back(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 - months
    year, month = whole // 12, whole % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(day.day, (following - timedelta(days=1)).day))
