"""The banking calendar's table: seeded, imported, watched.

chinesecalendar knows years one by one, as they are published, and raises for the next: so the
calendar is a table of ours, and a year that is missing is an alarm, not an exception in January.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.errors import BadInput
from hub.schedule.days import BankingCalendar, CalendarUnknown
from hub.schedule.tables import banking_day

__all__ = [
    "BadCalendarFile", "CalendarUnknown", "Shortage", "calendar_shortage", "import_calendar",
    "load_calendar", "load_span", "seed_calendar",
]  # fmt: skip

COLUMNS = ["day", "banking", "why"]
URGENT_FROM = (12, 1)
"""The State Council's notices came on 2023-10-25, 2024-11-12 and 2025-11-04: who has no calendar
of the next year in December has missed it."""

_HOLIDAYS = {
    "New Year's Day": "元旦", "Spring Festival": "春节", "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节", "Dragon Boat Festival": "端午节", "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节", "Anti-Fascist 70th Day": "抗战胜利纪念日",
}  # fmt: skip


class BadCalendarFile(BadInput):
    """The calendar file cannot be used."""

    code = "schedule.bad_calendar_file"
    hint = "UTF-8 CSV with the columns day,banking,why; day as YYYY-MM-DD, banking 1 or 0."


@dataclass(frozen=True, slots=True)
class Shortage:
    """A year the calendar lacks.  ``urgent``: it is this year, or next year and December."""

    year: int
    urgent: bool


def seed_calendar(tx: Connection) -> list[int]:
    """Add the years chinesecalendar knows and the table does not; what is there stays as it is.

    Answers the years added.  Safe to call at every start.
    """
    import chinese_calendar  # type: ignore[import-untyped] # noqa: PLC0415  (0.1 s, here only)

    known = {day.year for day in chinese_calendar.holidays}
    years = sorted(known - _years(tx))
    source = f"chinesecalendar {version('chinesecalendar')}"
    rows = []
    for year in years:
        for day in _days_of(year):
            # As get_holiday_detail does, which looks through all it knows for each day.
            holiday, name = day.weekday() >= 5, None
            if day in chinese_calendar.workdays:
                holiday, name = False, chinese_calendar.workdays[day]
            elif day in chinese_calendar.holidays:
                holiday, name = True, chinese_calendar.holidays[day]
            rows.append(_row(day, not holiday, _why(day, holiday, name), source))
    if rows:
        tx.execute(sa.insert(banking_day), rows)
        audit.record(
            tx, act="calendar.seed", actor="hub", subject=f"{years[0]}-{years[-1]}",
            detail=source, count=len(rows),
        )  # fmt: skip
    return years


def import_calendar(tx: Connection, path: Path, *, by: str) -> int:
    """Take days from a CSV file; they replace what is known of them.  Answers how many.

    A year the table does not know must be whole in the file.  All or nothing: BadCalendarFile
    names the row.
    """
    found = _read(path)
    known = _years(tx)
    for year in sorted({day.year for day in found} - known):
        lacking = [day for day in _days_of(year) if day not in found]
        if lacking:
            raise BadCalendarFile(f"{path.name}: {year} is new and {lacking[0]} is not in the file")
    tx.execute(
        sa.delete(banking_day).where(banking_day.c.on_day == sa.bindparam("gone")),
        [{"gone": _number(day)} for day in found],
    )
    source = f"{path.name[:40]} ({by})"[:60]
    tx.execute(
        sa.insert(banking_day),
        [_row(day, banking, why, source) for day, (banking, why) in found.items()],
    )
    audit.record(
        tx, act="calendar.import", actor=by, subject=f"{min(found)}-{max(found)}",
        detail=path.name, count=len(found),
    )  # fmt: skip
    return len(found)


def load_calendar(tx: Connection) -> BankingCalendar:
    """The whole calendar as values (20 years are 7,300 rows); keep it while you work."""
    rows = tx.execute(sa.select(banking_day.c.on_day, banking_day.c.banking))
    return BankingCalendar({_day(number): banking == 1 for number, banking in rows})


def load_span(tx: Connection, first: date, last: date) -> BankingCalendar:
    """The days from ``first`` to ``last`` alone, for a page that looks often; outside them the
    calendar says that it does not know."""
    day = banking_day.c.on_day
    rows = tx.execute(
        sa.select(day, banking_day.c.banking).where(day >= _number(first), day <= _number(last))
    )
    return BankingCalendar({_day(number): banking == 1 for number, banking in rows})


def calendar_shortage(calendar: BankingCalendar, today: date) -> Shortage | None:
    """The year that is missing: this one, else the next; None when both are known."""
    if not calendar.knows_year(today.year):
        return Shortage(today.year, urgent=True)
    if not calendar.knows_year(today.year + 1):
        return Shortage(today.year + 1, urgent=(today.month, today.day) >= URGENT_FROM)
    return None


def _why(day: date, holiday: bool, name: str | None) -> str:
    weekend = day.weekday() >= 5
    chinese = _HOLIDAYS.get(name or "", name or "")
    if holiday:
        return chinese or "周末"
    return f"{chinese}调休" if weekend else ""


def _read(path: Path) -> dict[date, tuple[bool, str]]:
    found: dict[date, tuple[bool, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames != COLUMNS:
                raise BadCalendarFile(f"{path.name}: the columns are not {','.join(COLUMNS)}")
            for row in rows:
                where = f"{path.name}, line {rows.line_num}"
                day, banking, why = _read_row(row, where)
                if day in found:
                    raise BadCalendarFile(f"{where}: {day} stands there twice")
                found[day] = (banking, why)
    except OSError as error:
        raise BadCalendarFile(f"cannot read {path.name}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadCalendarFile(f"{path.name} is not CSV in UTF-8: {error}") from None
    if not found:
        raise BadCalendarFile(f"{path.name} has no rows")
    return found


def _read_row(row: dict[str, Any], where: str) -> tuple[date, bool, str]:
    if None in row or None in row.values():
        raise BadCalendarFile(f"{where}: not three columns")
    try:
        day = date.fromisoformat(row["day"].strip())
    except ValueError:
        raise BadCalendarFile(f"{where}: {row['day'][:20]!r} is not a day YYYY-MM-DD") from None
    if row["banking"].strip() not in ("0", "1"):
        raise BadCalendarFile(f"{where}: banking is {row['banking'][:20]!r}, not 1 or 0")
    return day, row["banking"].strip() == "1", row["why"].strip()[:60]


def _years(tx: Connection) -> set[int]:
    year = banking_day.c.on_day // 10000
    return {int(found) for found in tx.execute(sa.select(year).distinct()).scalars()}


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def _row(day: date, banking: bool, why: str, source: str) -> dict[str, Any]:
    return {"on_day": _number(day), "banking": int(banking), "why": why, "source": source}


def _number(day: date) -> int:
    return day.year * 10000 + day.month * 100 + day.day


def _day(number: int) -> date:
    return date(number // 10000, number // 100 % 100, number % 100)
