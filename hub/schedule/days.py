"""Counting banking days, on a calendar held in memory.

A banking day is a working day by the State Council's notice, weekends worked in lieu (调休)
included, for that is when banks serve the centre over the counter [A]; a centre whose bank keeps
other days imports them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from hub.kernel.errors import Misconfigured

_DAY = timedelta(days=1)


class CalendarUnknown(Misconfigured):
    """The banking calendar does not know this year."""

    code = "schedule.calendar_unknown"
    hint = (
        "Import the year's calendar (columns day,banking,why) once the State Council has "
        "published it, or update the chinesecalendar package."
    )


@dataclass(frozen=True, slots=True)
class BankingCalendar:
    """The days that are known, each banking or not.  Every method raises CalendarUnknown when it
    would have to guess."""

    days: Mapping[date, bool]

    def knows_year(self, year: int) -> bool:
        """Years are known whole."""
        return date(year, 1, 1) in self.days and date(year, 12, 31) in self.days

    def is_banking_day(self, day: date) -> bool:
        """Whether banks settle on this day."""
        try:
            return self.days[day]
        except KeyError:
            raise CalendarUnknown(f"the banking calendar ends before {day}") from None

    def next_banking_day(self, day: date) -> date:
        """The first banking day after ``day``."""
        return self.add_banking_days(day, 1)

    def previous_banking_day(self, day: date) -> date:
        """The last banking day before ``day``."""
        return self.add_banking_days(day, -1)

    def on_or_after(self, day: date) -> date:
        """``day`` itself if banks settle on it, else the next banking day (顺延)."""
        return day if self.is_banking_day(day) else self.next_banking_day(day)

    def on_or_before(self, day: date) -> date:
        """``day`` itself if banks settle on it, else the one before it (提前)."""
        return day if self.is_banking_day(day) else self.previous_banking_day(day)

    def add_banking_days(self, day: date, count: int) -> date:
        """The ``count``-th banking day after ``day`` (before it, when negative); T+n.

        ``day`` need not be one; 0 gives ``day`` back as it is.
        """
        step = _DAY if count > 0 else -_DAY
        left = abs(count)
        while left:
            day += step
            left -= self.is_banking_day(day)
        return day

    def banking_days_between(self, after: date, until: date) -> int:
        """How many banking days lie after ``after`` up to and including ``until``."""
        span = (until - after).days
        return sum(self.is_banking_day(after + _DAY * n) for n in range(1, span + 1))
