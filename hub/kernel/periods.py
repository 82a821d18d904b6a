"""A period (期) is one calendar month, written YYYY-MM here and YYYYMM on the wire."""

import re
from dataclasses import dataclass
from datetime import date

from hub.kernel.errors import BadInput


class BadPeriod(BadInput):
    """The month is not written YYYY-MM."""

    code = "period.bad"
    hint = "Write the month as YYYY-MM, e.g. 2025-10."


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One month; orders by time."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """``2025-10`` or ``202510``."""
        found = re.fullmatch(r"(20[0-9]{2})-?(0[1-9]|1[0-2])", text.strip())
        if found is None:
            raise BadPeriod(f"not a month: {text[:12]!r}")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> "Period":
        """The month a day lies in."""
        return cls(day.year, day.month)

    @property
    def compact(self) -> str:
        """``202510``, as JGJ/T 320-2014 writes a month."""
        return f"{self.year}{self.month:02d}"

    def first_day(self) -> date:
        """The month's first calendar day."""
        return date(self.year, self.month, 1)

    def following(self) -> "Period":
        """The next month."""
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"
