"""When things are due: the banking calendar, jobs as rows, the bell, and who leads.

The rows decide; the bell only rings.  A lost or doubled ring changes nothing, and what came due
while the hub was down is seen and run.
"""

from hub.schedule import hands
from hub.schedule.bell import Bell
from hub.schedule.calendar import (
    CalendarUnknown,
    Shortage,
    calendar_shortage,
    import_calendar,
    load_calendar,
    load_span,
    seed_calendar,
)
from hub.schedule.days import BankingCalendar
from hub.schedule.jobs import Due, Job, Jobs
from hub.schedule.leadership import Leadership, LeadershipLost
from hub.schedule.rules import Daily, EveryMinutes, Monthly, Rule

__all__ = [
    "BankingCalendar",
    "Bell",
    "CalendarUnknown",
    "Daily",
    "Due",
    "EveryMinutes",
    "Job",
    "Jobs",
    "Leadership",
    "LeadershipLost",
    "Monthly",
    "Rule",
    "Shortage",
    "calendar_shortage",
    "hands",
    "import_calendar",
    "load_calendar",
    "load_span",
    "seed_calendar",
]
