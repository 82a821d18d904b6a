"""最迟到账日: due dates against banking days and payment hours, in rules and in a plan."""

import csv
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.clocks import SHANGHAI
from hub.offset import policy as policies
from hub.offset.arrival import (
    BadHours,
    PaymentHours,
    earliest_arrival,
    instruct_by,
    latest_arrival,
)
from hub.offset.export import export_run
from hub.offset.tables import plan_line, wave
from hub.offset.timely import late_items, timeliness
from hub.schedule import BankingCalendar, seed_calendar
from tests.offset.kit import Centre, Person

HOURS = PaymentHours.parse("07:00-22:00")
FIRST = date(2025, 1, 1)


@st.composite
def calendars(draw: st.DrawFn) -> BankingCalendar:
    """A year of any shape in which banks open again within a fortnight."""
    open_days = draw(st.lists(st.booleans(), min_size=120, max_size=120))
    days = {FIRST + timedelta(days=n): is_open for n, is_open in enumerate(open_days)}
    for n in (0, 1, 2, *range(3, 120, 13), 115, 116, 117, 118, 119):
        days[FIRST + timedelta(days=n)] = True
    return BankingCalendar(days)


@given(
    calendar=calendars(), day=st.integers(3, 60), at=st.times(), due=st.integers(3, 60),
    lag=st.integers(0, 2),
)  # fmt: skip
def test_late_is_what_falls_due_before_the_day_of_arrival(
    calendar: BankingCalendar, day: int, at: time, due: int, lag: int
) -> None:
    """The plan compares one number; the rule is about two days.  They must say the same, and the
    moment by which it must be instructed is the border between them."""
    now, due_on = datetime.combine(FIRST + timedelta(days=day), at), FIRST + timedelta(days=due)
    arrives = earliest_arrival(now, HOURS, lag, calendar)
    late = arrives > latest_arrival(due_on, calendar)
    assert late == (due_on < arrives)
    assert late == (now >= instruct_by(due_on, HOURS, lag, calendar))
    assert calendar.is_banking_day(arrives)
    assert calendar.is_banking_day(latest_arrival(due_on, calendar))


def test_arrival_never_goes_back_as_time_goes_on() -> None:
    calendar = BankingCalendar({FIRST + timedelta(days=n): n % 7 < 5 for n in range(60)})
    moments = [at(1, 1, 0) + timedelta(hours=7 * n) for n in range(100)]
    days = [earliest_arrival(moment, HOURS, 1, calendar) for moment in moments]
    assert all(a <= b for a, b in pairwise(days))


@pytest.mark.parametrize("text", ["7-22", "07:00-25:00", "", "07:00"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(BadHours):
        PaymentHours.parse(text)


def at(month: int, day: int, hour: int) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=SHANGHAI)


def holiday_month(centre: Centre, now: datetime) -> int:
    """October's run opened at ``now``: dues in the eight days' holiday, after it, and later."""
    with centre.store.write() as tx:
        seed_calendar(tx)
    centre.clock.moment = now
    centre.icbc.today = now.date()
    centre.add(
        Person("A1", due_on=date(2025, 10, 3)),
        Person("A2", due_on=date(2025, 10, 9)),
        Person("A3", due_on=date(2025, 10, 20)),
        Person("A4", due_on=date(2025, 10, 3), balance=0),
    )
    centre.open()
    centre.planned()
    (one,) = centre.rows(wave)
    return int(one.id)


def late_of(centre: Centre, wave_id: int) -> list[tuple[str, date | None]]:
    with centre.store.read() as view:
        return [(one.agreement, one.latest_on) for one in late_items(view, centre.office, wave_id)]


def notices(centre: Centre) -> dict[str, str]:
    return {line.number: line.notices for line in centre.rows(plan_line)}


def test_a_due_date_in_a_holiday_is_paid_in_the_month_before(centre: Centre) -> None:
    """30 September is the last banking day before eight closed ones."""
    wave_id = holiday_month(centre, at(9, 30, 10))
    assert late_of(centre, wave_id) == []
    with centre.store.read() as view:
        (icbc,) = timeliness(view, centre.office, wave_id)
    assert (icbc.arrives_on, icbc.next_latest) == (date(2025, 9, 30), date(2025, 9, 30))
    centre.approve()
    centre.until(lambda: {s for s, *_ in centre.items().values()} == {"posted"})
    centre.next_day()
    centre.until(centre.closed)
    assert {o for _, o, _ in centre.items().values()} == {"SUCCEEDED"}
    assert {entry.booked_on for entry in centre.icbc.entries} == {date(2025, 9, 30)}
    with centre.store.read() as view:  # judged at its approval, not at today's look
        (icbc,) = timeliness(view, centre.office, wave_id)
    assert icbc.late.count == 0


def test_what_comes_too_late_is_listed_before_anybody_approves(centre: Centre) -> None:
    """Planned in the holiday it arrives on 9 October: only what falls due on 3 October is late,
    and who has nothing planned is on no list."""
    wave_id = holiday_month(centre, at(10, 2, 10))
    assert late_of(centre, wave_id) == [("A1", date(2025, 9, 30))]
    assert notices(centre)["A1"] == notices(centre)["A4"] == "too_late_for_due_date"
    assert notices(centre)["A2"] == ""
    with centre.store.read() as view:
        (icbc,) = timeliness(view, centre.office, wave_id)
    assert (icbc.arrives_on, icbc.late.count, icbc.late.fen) == (date(2025, 10, 9), 1, 100_000)
    centre.clock.moment = at(10, 10, 10)  # the list grows while the plan waits
    assert [number for number, _ in late_of(centre, wave_id)] == ["A1", "A2"]
    export_run(centre.store, centre.run_id, centre.folder)
    with (centre.folder / "notices.csv").open(encoding="utf-8") as file:
        said = {row["XYBH"]: row["notices"] for row in csv.DictReader(file)}
    assert said["A1"] == "too_late_for_due_date"


def test_a_plan_made_again_has_the_same_notices(quick: Centre) -> None:
    wave_id = holiday_month(quick, at(10, 2, 10))
    before = notices(quick), sorted(quick.rows(plan_line))
    quick.clock.moment = at(10, 21, 10)
    with quick.store.write() as tx:
        tx.execute(sa.update(wave).where(wave.c.id == wave_id).values(state="planning", digest=""))
    quick.planned()
    assert (notices(quick), sorted(quick.rows(plan_line))) == before


def test_without_a_calendar_nothing_is_said_and_everything_is_planned(quick: Centre) -> None:
    quick.add(Person("A1", due_on=date(2025, 10, 3)))
    quick.open()
    quick.planned()
    with quick.store.read() as view:
        (one,) = quick.rows(wave)
        (icbc,) = timeliness(view, quick.office, one.id)
    assert (icbc.arrives_on, icbc.late.count) == (None, 0)
    assert icbc.days[0].latest_on is None
    assert notices(quick) == {"A1": ""}


def test_a_bank_that_takes_a_day_longer(quick: Centre) -> None:
    path = quick.folder / "policy.yaml"
    path.write_text("banks: {ICBC: {arrival_days: 1}}", encoding="utf-8")
    with quick.store.write() as tx:
        seed_calendar(tx)
    quick.clock.moment = at(10, 17, 10)  # a Friday: it arrives on Monday
    quick.add(Person("A1", due_on=date(2025, 10, 19)), Person("A2", due_on=date(2025, 10, 20)))
    quick.open(policy=policies.read_policy(path))
    quick.planned()
    assert notices(quick) == {"A1": "too_late_for_due_date", "A2": ""}


def test_parameters_nobody_names_leave_the_digest_of_older_policies_alone() -> None:
    assert policies.read_policy(None).digest == DEFAULT_DIGEST


DEFAULT_DIGEST = "d3c53a7db80e36f5c6161808f419e86df67f514f75e65f1c339c481d1b6731ca"
