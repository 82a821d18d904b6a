"""When a job is due, as plain values: business time, Asia/Shanghai, by the banking calendar.

No cron text: ``1-5`` means Tuesday to Saturday in one scheduler and Monday to Friday in the next,
and neither knows a holiday.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, Protocol

from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.schedule.days import BankingCalendar

_DAY = timedelta(days=1)
_MINUTE_US = 60_000_000


class Rule(Protocol):
    """A job's due times."""

    def dues(self, after_us: int, calendar: BankingCalendar) -> Iterator[int]:
        """Every due instant later than ``after_us``, in order, without end.

        Raises CalendarUnknown where the calendar ends.
        """
        ...

    def __str__(self) -> str:
        """For the page: 每个银行工作日 09:00."""
        ...


def _at(day: date, at: time) -> int:
    return to_us(datetime.combine(day, at, SHANGHAI))


@dataclass(frozen=True, slots=True)
class Daily:
    """At a time of day, on every day or on banking days only."""

    at: time
    banking_days: bool = True

    def dues(self, after_us: int, calendar: BankingCalendar) -> Iterator[int]:
        day = from_us(after_us).date()
        while True:
            due = _at(day, self.at)
            if due > after_us and (not self.banking_days or calendar.is_banking_day(day)):
                yield due
            day += _DAY

    def __str__(self) -> str:
        return f"{'每个银行工作日' if self.banking_days else '每天'} {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Monthly:
    """On a day of the month (1 to 28) at a time; when banks are closed on it, on the banking
    day before or after it."""

    day: int
    at: time
    shift: Literal["before", "after"] = "after"

    def __post_init__(self) -> None:
        if not 1 <= self.day <= 28:
            raise ValueError("a monthly job's day is 1 to 28")

    def dues(self, after_us: int, calendar: BankingCalendar) -> Iterator[int]:
        # A holiday may carry last month's day into this month, or this one's into the last.
        first = (from_us(after_us).date().replace(day=1) - _DAY).replace(day=1)
        while True:
            wanted = first.replace(day=self.day)
            closed = calendar.on_or_before if self.shift == "before" else calendar.on_or_after
            due = _at(closed(wanted), self.at)
            if due > after_us:
                yield due
            first = (first + 31 * _DAY).replace(day=1)

    def __str__(self) -> str:
        word = "提前" if self.shift == "before" else "顺延"
        return f"每月 {self.day} 日 {self.at:%H:%M}（遇非银行工作日{word}）"


@dataclass(frozen=True, slots=True)
class EveryMinutes:
    """Every so many minutes, counted from midnight UTC of 1970 so that all processes agree."""

    minutes: int

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("at least a minute")

    def dues(self, after_us: int, calendar: BankingCalendar) -> Iterator[int]:
        step = self.minutes * _MINUTE_US
        due = after_us - after_us % step
        while True:
            due += step
            yield due

    def __str__(self) -> str:
        return f"每 {self.minutes} 分钟"
