"""When an instalment must be on the repayment account (最迟到账日), and when it can be there.

Plain values.  What falls due while banks are closed is paid before, not after: the bank takes its
instalment on the due date itself and charges what is missing [A].  So the latest arrival day is
the due date or the last banking day before it, which for a holiday at a month's start lies in the
month before.  An instruction given within the bank's payment hours of a banking day counts as
given that day; how many banking days it then takes is the policy's ``arrival_days``.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from hub.kernel.errors import Misconfigured
from hub.schedule import BankingCalendar

_HOURS = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
_MIDNIGHT = "24:00"


class BadHours(Misconfigured):
    """A manifest's hours cannot be read."""

    code = "offset.bad_hours"
    hint = 'Write "07:00-22:00"; "24:00" is the end of the day.'


@dataclass(frozen=True, slots=True)
class PaymentHours:
    """When a bank takes payments, from ``opens`` up to but not including ``closes``."""

    opens: time = time.min
    closes: time = time.max

    @classmethod
    def parse(cls, text: str) -> "PaymentHours":
        """``07:00-22:00``; raises BadHours."""
        found = _HOURS.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            ends = time.max if found[2] == _MIDNIGHT else time.fromisoformat(found[2])
            return cls(time.fromisoformat(found[1]), ends)
        except ValueError:
            raise BadHours(f"payment hours {text[:20]!r}") from None

    def __str__(self) -> str:
        ends = _MIDNIGHT if self.closes == time.max else f"{self.closes:%H:%M}"
        return f"{self.opens:%H:%M}-{ends}"

    def covers(self, at: time) -> bool:
        """Whether the bank takes payments at this time of day."""
        return self.opens <= at < self.closes


ALL_DAY = PaymentHours()


def latest_arrival(due_on: date, calendar: BankingCalendar) -> date:
    """最迟到账日 of an instalment.  Raises CalendarUnknown."""
    return calendar.on_or_before(due_on)


def earliest_arrival(
    now: datetime, hours: PaymentHours, arrival_days: int, calendar: BankingCalendar
) -> date:
    """The banking day on which what is instructed from ``now`` on (business time) can arrive.

    What cannot arrive in time is exactly what falls due before this day: a due date before it has
    its latest arrival day before it, and one on or after it has not.  Raises CalendarUnknown.
    """
    today = now.date()
    given = calendar.is_banking_day(today) and now.time() < hours.closes
    sent_on = today if given else calendar.next_banking_day(today)
    return calendar.add_banking_days(sent_on, arrival_days)


def instruct_by(
    due_on: date, hours: PaymentHours, arrival_days: int, calendar: BankingCalendar
) -> datetime:
    """The moment (business time, without a zone) by which it must be instructed to be in time."""
    sent_on = calendar.add_banking_days(latest_arrival(due_on, calendar), -arrival_days)
    return datetime.combine(sent_on, hours.closes)
