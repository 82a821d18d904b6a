"""What the calendar opens: due lists from their time on, payments within hours, the cut-off."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import partial
from typing import cast

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub.bus.tables import message
from hub.kernel.clocks import SHANGHAI, FixedClock, to_us
from hub.offset.arrival import PaymentHours
from hub.offset.conductor import Conductor
from hub.offset.inquiry import ask_now
from hub.offset.instruct import KIND as INSTRUCT
from hub.offset.office import BankSeat
from hub.offset.opening import Calendar, Opened, PaymentDays, Step, job_code
from hub.offset.tables import batch, due_list, wave
from hub.schedule import Daily, Due, Job, Jobs, hands, seed_calendar
from hub.schedule.tables import banking_day
from tests.offset.kit import Centre, Person

HOURS = PaymentHours.parse("08:00-20:00")
TIMES = {Step.DUES: time(8, 30), Step.INSTRUCT: HOURS.opens, Step.PLAN: time(11)}
WHO = {"by": "wang", "why": "试"}


class Scheduled:
    """A centre whose conductor does only what its jobs have opened."""

    def __init__(self, centre: Centre, now: datetime, *banks: str) -> None:
        self.centre, self.banks = centre, banks or ("ICBC",)
        seats = cast(dict[str, BankSeat], centre.office.banks)
        for code in seats:
            seats[code] = replace(seats[code], hours=HOURS)
        self.days = PaymentDays(centre.clock)
        hours = {code: seat.hours for code, seat in seats.items()}
        opened = Calendar(centre.clock, hours, self.days)
        centre.conductor = Conductor(centre.office, opened=opened.read)
        centre.bus.shut = lambda tx, _name: frozenset(
            () if self.days.open_now(tx, HOURS) else (INSTRUCT,)
        )
        self.go_to(now)
        with centre.store.write() as tx:
            seed_calendar(tx)
        jobs = [self._job(Step.PLAN)]
        jobs += [self._job(step, bank) for bank in ("ICBC", "CCB")
                 for step in (Step.DUES, Step.INSTRUCT)]  # fmt: skip
        self.jobs = Jobs(centre.store, centre.clock, "t", jobs)
        with centre.store.write() as tx:
            self.jobs.register(tx)

    def _job(self, step: Step, bank: str = "") -> Job:
        def act(tx: sa.Connection, _due: Due) -> str:
            if step is Step.INSTRUCT:
                self.centre.bus.reopen(tx, f"bank-{bank.lower()}", INSTRUCT)
            return ""

        return Job(
            code=job_code(step, bank), title=step.value, rule=Daily(TIMES[step]), act=act,
            today_too=step is not Step.PLAN,
        )  # fmt: skip

    def go_to(self, now: datetime) -> None:
        self.centre.clock.moment = now
        self.centre.icbc.today = self.centre.ccb.today = now.date()

    def at(self, month: int, day: int, hour: int, minute: int = 0, *, turns: int = 7) -> None:
        """It is that time: the bell rings, and everything happens that can."""
        self.go_to(datetime(2025, month, day, hour, minute, tzinfo=SHANGHAI))
        self.jobs.run_due()
        for _ in range(turns):
            self.centre.tick()
            self._hurry()

    def _hurry(self) -> None:
        with self.centre.store.write() as tx:
            ask_now(tx, self.centre.run_id)
            tx.execute(sa.text("UPDATE offset_leg SET read_next_us = 0, balance_next_us = 0"))
            tx.execute(
                sa.text("UPDATE bus_message SET ready_us = 0 WHERE ready_us < :soon"),
                {"soon": self.centre.bus.now(tx) + 5_000_000},
            )

    def open(self) -> None:
        self.centre.open(*self.banks)

    def hand(self, act: str, code: str) -> None:
        with self.centre.store.write() as tx:
            if act == "park":
                hands.park(tx, code, now_us=0, **WHO)
            elif act == "resume":
                hands.resume(tx, code, **WHO)
            else:
                hands.run_now(tx, code, now_us=to_us(self.centre.clock.now()), **WHO)

    def lists(self) -> set[str]:
        return {row.bank for row in self.centre.rows(due_list)}

    def waves(self) -> Sequence[str]:
        return [row.state for row in self.centre.rows(wave)]

    def batches(self) -> int:
        return len(self.centre.rows(batch))


on = partial(datetime, 2025, tzinfo=SHANGHAI)


def test_the_due_list_is_fetched_from_its_time_on(quick: Centre) -> None:
    month = Scheduled(quick, on(10, 9, 7))
    quick.add(Person("A1"))
    month.open()
    month.at(10, 9, 8, 29)
    assert month.lists() == set()
    month.at(10, 9, 8, 30)
    assert (month.lists(), month.waves()) == ({"ICBC"}, ["trial"])


@pytest.mark.parametrize(
    ("opened", "fetched"),
    [
        (on(10, 9, 14), on(10, 9, 14)),  # later that day: its time is past, it counts as due
        (on(9, 30, 22), on(9, 30, 22)),
        (on(10, 3, 14), on(10, 9, 8, 30)),  # in the holiday: the next banking day
    ],
)
def test_a_run_opened_later(quick: Centre, opened: datetime, fetched: datetime) -> None:
    month = Scheduled(quick, on(9, 30, 7))
    quick.add(Person("A1"))
    month.at(9, 30, 9)
    month.at(opened.month, opened.day, opened.hour)
    month.open()
    if fetched != opened:
        month.at(opened.month, opened.day, opened.hour, 30)
        assert month.lists() == set()
    month.at(fetched.month, fetched.day, fetched.hour, fetched.minute)
    assert month.lists() == {"ICBC"}


def test_what_is_approved_at_night_is_sent_when_the_bank_opens(quick: Centre) -> None:
    """In the evening before the eight days' holiday."""
    month = Scheduled(quick, on(9, 30, 9))
    quick.add(*(Person(f"A{n}") for n in range(4)))
    month.open()
    month.at(9, 30, 10)
    month.at(9, 30, 20)
    quick.approve()
    for day in (3, 8):
        month.at(10, day, 10)
        assert month.batches() == 0
    assert {state for state, *_ in quick.items().values()} == {"held"}
    month.at(10, 9, 7, 59)
    assert month.batches() == 0
    month.at(10, 9, 8)
    assert month.batches() == 2
    month.at(10, 10, 9, turns=12)
    assert quick.closed()
    assert len(quick.icbc.entries) == 4


def test_a_batch_under_way_at_closing_is_not_cut_again(centre: Centre) -> None:
    """It could not be sent until the bank closed: it waits, and goes with the same rows."""
    month = Scheduled(centre, on(10, 9, 9))
    centre.add(Person("A1"))
    month.open()
    month.at(10, 9, 10)
    centre.approve()
    centre.cut()
    (before,) = centre.rows(batch)
    month.at(10, 9, 20)
    month.at(10, 10, 7)
    assert centre.icbc.bodies == []
    (waits,) = [row for row in centre.rows(message) if row.kind == INSTRUCT]
    assert (waits.state, waits.tries) == ("queued", 0)
    month.at(10, 10, 8)
    (body,) = centre.icbc.bodies
    assert (body.number, month.batches()) == (before.number, 1)


def test_what_nobody_found_is_not_sent_again_at_night(quick: Centre) -> None:
    """The machine's repeat of an unknown waits for the opening too; asking goes on."""
    month = Scheduled(quick, on(10, 9, 9))
    quick.add(Person("A1"))
    quick.icbc.breaks = ["before"]
    month.open()
    month.at(10, 9, 10)
    quick.approve()
    month.at(10, 9, 19)
    assert quick.items()["A1"][0] == "unknown"
    quick.wait_settle()
    month.at(10, 9, 21)
    assert len(quick.icbc.bodies) == 1
    assert any(row.kind in ("bank.results", "bank.inquire") for row in quick.rows(message))
    month.at(10, 10, 8, turns=12)
    assert len(quick.icbc.bodies) == 2
    assert quick.icbc.bodies[0] == quick.icbc.bodies[1]
    month.at(10, 11, 9, turns=12)  # a Saturday worked in lieu
    assert quick.closed()


def test_the_cut_off_leaves_a_late_bank_for_a_wave_of_its_own(quick: Centre) -> None:
    month = Scheduled(quick, on(10, 9, 8), "ICBC", "CCB")
    quick.add(Person("A1"), Person("B1", bank="CCB"))
    with quick.store.write() as tx:
        month.jobs.register(tx)
    month.open()
    with quick.store.write() as tx:
        tx.execute(sa.text("UPDATE offset_run SET wave_wait_us = 3600000000"))
    month.hand("park", "dues.CCB")
    month.at(10, 9, 10)
    assert (month.lists(), month.waves()) == ({"ICBC"}, [])
    month.at(10, 9, 11)
    assert month.waves() == ["trial"]
    month.hand("resume", "dues.CCB")
    month.at(10, 9, 14)
    assert (month.lists(), month.waves()) == ({"ICBC", "CCB"}, ["trial", "trial"])


def test_parked_jobs_hold_their_piece_and_no_other(quick: Centre) -> None:
    month = Scheduled(quick, on(10, 9, 8))
    quick.add(Person("A1"))
    month.open()
    month.hand("park", "plan")
    month.at(10, 9, 10)
    assert (month.lists(), month.waves()) == ({"ICBC"}, [])
    month.hand("resume", "plan")
    month.hand("park", "instruct.ICBC")
    month.at(10, 9, 10, 30)
    quick.approve()
    month.at(10, 9, 12)
    assert (quick.items()["A1"][0], month.batches()) == ("held", 0)
    month.hand("resume", "instruct.ICBC")
    month.at(10, 9, 13)
    assert month.batches() == 1


def test_a_day_skipped_is_a_day_without_payments_unless_somebody_starts_it(quick: Centre) -> None:
    month = Scheduled(quick, on(10, 9, 7))
    quick.add(Person("A1"))
    month.open()
    known = month.jobs.known["instruct.ICBC"]
    with quick.store.write() as tx:
        from hub.schedule import load_calendar  # noqa: PLC0415

        hands.skip(tx, known, load_calendar(tx), due_us=None, now_us=to_us(on(10, 9, 7)), **WHO)
    month.at(10, 9, 9)
    quick.approve()
    month.at(10, 9, 12)
    assert month.batches() == 0
    month.hand("run", "instruct.ICBC")
    month.at(10, 9, 12, 1)
    assert month.batches() == 1


def test_without_a_calendar_no_money_moves(quick: Centre) -> None:
    month = Scheduled(quick, on(10, 9, 9))
    quick.add(Person("A1"))
    month.open()
    month.at(10, 9, 10)
    quick.approve()
    with quick.store.write() as tx:
        tx.execute(sa.delete(banking_day))
    month.days = PaymentDays(quick.clock)
    hours = {"ICBC": HOURS, "CCB": HOURS}
    quick.conductor = Conductor(quick.office, opened=Calendar(quick.clock, hours, month.days).read)
    month.at(10, 9, 11)
    assert (quick.items()["A1"][0], month.batches()) == ("held", 0)
    with quick.store.read() as view:
        assert month.days.next_opening(view, HOURS) is None


moments = st.datetimes(datetime(2025, 9, 20), datetime(2025, 10, 20)).map(  # noqa: DTZ001
    lambda one: one.replace(tzinfo=SHANGHAI)
)


@pytest.fixture(scope="module")
def seeded() -> Centre:
    from tests.offset.kit import many  # noqa: PLC0415

    with many() as centre:
        with centre.store.write() as tx:
            seed_calendar(tx)
        yield centre  # type: ignore[misc]


@given(now=moments)
def test_the_next_opening_is_the_first_moment_at_which_it_is_open(
    seeded: Centre,
    now: datetime,
) -> None:
    clock = FixedClock(now)
    days = PaymentDays(clock)
    with seeded.store.read() as view:
        opens = days.next_opening(view, HOURS)
        assert opens is not None
        assert opens > now
        was_open = days.open_now(view, HOURS)
        clock.moment = opens
        assert days.open_now(view, HOURS)
        clock.moment = opens.replace(hour=7, minute=59)
        assert not days.open_now(view, HOURS)
    assert was_open == (HOURS.covers(now.time()) and _banking(now.date()))


def _banking(day: date) -> bool:
    off = {date(2025, 10, n) for n in range(1, 9)}
    worked = {date(2025, 9, 28), date(2025, 10, 11)}
    return day in worked or (day.weekday() < 5 and day not in off)


def test_it_says_what_is_open_by_job() -> None:
    """The gates as plain values."""
    nine = to_us(on(10, 9, 9))
    done = {"dues.ICBC": nine, "plan": nine, "instruct.ICBC": nine}
    seen = Opened(done, frozenset(), frozenset({"ICBC"}), to_us(on(10, 9, 0)))
    assert seen.dues("ICBC", to_us(on(10, 9, 14)))
    assert not seen.dues("ICBC", to_us(on(10, 10, 0)))
    assert not seen.dues("CCB", to_us(on(10, 9, 0)))
    assert seen.cut_off(nine - 1)
    assert not seen.cut_off(nine)
    assert seen.instructing("ICBC")
    later = replace(seen, midnight_us=to_us(on(10, 10, 0)))
    assert not later.instructing("ICBC")
    for code, blocked in (("close.ICBC", "reconciling"), ("statement.ICBC", "reconciling"),
                          ("instruct.ICBC", "instructing")):  # fmt: skip
        parked = replace(seen, parked=frozenset({code}))
        assert not getattr(parked, blocked)("ICBC")
    assert not replace(seen, parked=frozenset({"plan"})).planning()
