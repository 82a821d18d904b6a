"""A month under the shared clock: October 2025, with the eight days of National Day and Mid-autumn.

The hub and its partners read one clock; it is set from moment to moment, and at each the jobs that
are due open what they open.  The run is opened on the 1st, its lists are fetched and planned on
the 9th, one bank's list comes a day late and is planned by itself, what is approved at night is
sent in the morning, banks fail for a while, a payment comes back, a second wave looks again at
those who had nothing, and the run closes on the 31st.

``python -m tests.demo.month_clock [--data DIR] [--database URL]`` is the long form: every day.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.app import demo as work
from hub.app import scheduling, steps
from hub.app.demo_site import Site
from hub.bus.tables import message
from hub.kernel.clocks import SHANGHAI, SharedClock, from_us, to_us
from hub.kernel.periods import Period
from hub.offset.export import export_run
from hub.offset.tables import due_list, item, run, statement_entry, wave
from hub.offset.words import WaveState
from hub.schedule import load_calendar
from hub.schedule.tables import job, job_due
from tests.demo.kit import ROOT, drop_faults, post, totals, unbalanced
from tests.demo.three_down import credited_twice

OPENED = datetime(2025, 10, 1, 0, 30, tzinfo=SHANGHAI)
SECOND = 17
"""Banking days from the first plan on the 9th to the 31st."""
LATE, REFUSING, GARBLED, RETURNS = "BOC", "CCB", "BCM", "ICBC"
"""The bank whose list is a day late, one that cannot be reached when it is to pay, one whose
answers cannot be read, and one that gives a payment back."""
_LIMIT_S = 100.0
_ON_ITS_WAY = ("queued", "waiting", "in_flight")


class NotQuiet(AssertionError):
    """Something did not come about in time."""


@dataclass
class MonthClock:
    """One hub over nine mocks under a clock that is set."""

    data: Path
    out: Path
    say: Callable[[str], None] = lambda _: None
    poor: str = ""
    """The account of somebody who has nothing on the 9th, and has been paid in by the 31st."""
    seen: dict[str, Any] = field(default_factory=dict)
    banks: tuple[str, ...] = ()
    """Empty: all of them."""
    second: int | None = SECOND
    """Banking days until the second wave; None: there is none."""

    @contextmanager
    def set_up(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """As ``hub demo`` does, but on the 1st, and with a second wave."""
        self.out.mkdir(parents=True, exist_ok=True)
        policy = self.out / "policy.yaml"
        policy.write_text(json.dumps({"default": {"second_wave": self.second}}), encoding="utf-8")
        wanted = work.Wanted(
            data=self.data, period=Period(2025, 10), banks=self.banks, policy=policy, out=self.out,
            port=0, patience_s=_LIMIT_S, wave_wait_s=4.0, by_hand=True,
        )  # fmt: skip
        self.clock = SharedClock(Site(self.out).clock_file)
        with patch.context() as patched:
            patched.setattr(Site, "set_clock", lambda *_: self.clock.set(OPENED))
            patched.setattr(scheduling, "EVERY_S", 0.5)
            self.demo = work.set_up(wanted, lambda _: None)
        try:
            yield
        finally:
            work.end(self.demo)

    # --- time ---

    def go_to(self, day: int, hour: int, minute: int = 0) -> None:
        """It is that time, and everything that is due then has been done."""
        moment = datetime(2025, 10, day, hour, minute, tzinfo=SHANGHAI)
        if moment > self.clock.now():  # a slow machine may have run on: time goes only forward
            self.clock.set(moment)
        with self.view() as view:
            calendar = load_calendar(view)
        jobs = scheduling.make_jobs(self.demo.hub).known

        def all_done() -> bool:
            now_us = to_us(moment)
            with self.view() as view:
                query = sa.select(job.c.code, job.c.seen_until_us)
                seen = dict(view.execute(query).tuples().all())
                waits = sa.select(job_due.c.id).where(job_due.c.state.in_(["due", "running"]))
                if view.scalar(waits.limit(1)) is not None:
                    return False
            return all(
                next(iter(known.rule.dues(seen[code], calendar))) > now_us
                for code, known in jobs.items()
            )

        self.until(all_done, f"the jobs of {moment:%m-%d %H:%M}")

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until it is so."""
        limit = time.monotonic() + _LIMIT_S
        while not true():
            if time.monotonic() > limit:
                raise NotQuiet(f"{what}: {self.where()}")
            time.sleep(0.25)

    def quiet(self) -> None:
        """Until nothing is on its way, three looks in a row."""
        looks = 0
        limit = time.monotonic() + _LIMIT_S
        while looks < 3:
            with self.view() as view:
                on_way = message.c.state.in_(_ON_ITS_WAY)
                soon = message.c.ready_us < self.demo.hub.bus.now(view) + 20_000_000
                moving = view.scalar(sa.select(message.c.id).where(on_way, soon).limit(1))
            looks = looks + 1 if moving is None else 0
            if time.monotonic() > limit:
                raise NotQuiet(f"never quiet: {self.where()}")
            time.sleep(0.2)

    # --- looking ---

    def view(self) -> Any:
        return self.demo.hub.store.read()

    def where(self) -> str:
        """For a person who wonders."""
        with self.view() as view:
            waits = view.execute(
                sa.select(message.c.interface, message.c.kind, message.c.error_code)
                .where(message.c.state.in_(_ON_ITS_WAY)).limit(5)
            ).all()  # fmt: skip
        return f"{self.states()} {self.waves()} {[tuple(one) for one in waits]}"

    def states(self, bank: str = "") -> Counter[str]:
        """Items by state."""
        query = sa.select(item.c.state, sa.func.count()).group_by(item.c.state)
        with self.view() as view:
            rows = view.execute(query.where(item.c.bank == bank if bank else sa.true()))
            return Counter(dict(rows.tuples().all()))

    def waves(self) -> list[str]:
        """Their states."""
        with self.view() as view:
            return list(view.scalars(sa.select(wave.c.state).order_by(wave.c.number)))

    def lists(self) -> set[str]:
        """Banks whose list is complete."""
        with self.view() as view:
            query = sa.select(due_list.c.bank).where(due_list.c.state == "complete")
            return set(view.scalars(query))

    def closed(self) -> bool:
        with self.view() as view:
            return bool(view.scalar(sa.select(run.c.state)) == "closed")

    def sent(self) -> int:
        """Items that were instructed."""
        with self.view() as view:
            query = sa.select(sa.func.count()).where(item.c.was_instructed == 1)
            return int(view.scalar(query) or 0)

    def outcome(self, number: str) -> str:
        with self.view() as view:
            return str(view.scalar(sa.select(item.c.outcome).where(item.c.number == number)))

    # --- hands ---

    def control(self, bank: str) -> str:
        return self.demo.controls[f"bank-{bank.lower()}"]

    def fail(self, bank: str, **rule: Any) -> None:
        post(f"{self.control(bank)}/faults", {"match": {}, **rule})

    def approve(self) -> None:
        """The two demo people sign every trial."""
        site = Site(self.out)
        people = (work._token(site, login) for login in ("demo-handler", "demo-approver"))
        steps.approve_waves(self.demo.hub, self.demo.run_id, *people)

    def give_back(self, bank: str) -> str:
        """The bank returns one payment; its number."""
        with self.view() as view:
            number = view.scalar(
                sa.select(item.c.number)
                .where(item.c.bank == bank, item.c.outcome == "SUCCEEDED")
                .order_by(item.c.number)
            )
        assert number, f"{bank} has paid nobody"
        post(f"{self.control(bank)}/returns", {"number": number})
        return str(number)


def play(month: MonthClock, *, every_day: bool) -> list[str]:
    """From the 1st to the 31st; what is not as it must be."""
    began, found = time.monotonic(), []

    def check(is_so: bool, what: str) -> None:
        if not is_so:
            found.append(f"{month.clock.now():%m-%d %H:%M} {what}: {month.where()}")

    for day in range(1, 9) if every_day else (3,):
        month.go_to(day, 10)
    check(month.lists() == set() and month.sent() == 0, "something was done in the holiday")

    # The 9th: lists from their time on; the late bank holds up nobody.
    month.fail(LATE, fault="refuse")
    month.go_to(9, 8, 0)
    check(month.lists() == set(), "a list came before its time")
    month.go_to(9, 9)
    month.until(lambda: len(month.lists()) == 8, "the lists of the 9th")
    month.until(lambda: set(month.waves()) == {"trial"}, "the first plan")
    check(LATE not in month.lists(), "the late bank's list came")
    month.go_to(9, 23)
    month.approve()
    month.until(lambda: not month.states()["planned"], "the holds")
    month.quiet()
    check(month.sent() == 0, "money was sent at night")

    # The 10th: banks open one after the other; two have a bad morning.
    month.fail(REFUSING, fault="refuse")
    month.fail(GARBLED, fault="garbage", match={"first": 6})
    drop_faults(month.control(LATE))
    month.go_to(10, 7, 15)
    month.until(lambda: month.sent() > 0, "the first banks to open")
    check(
        not month.states(GARBLED)["instructed"], f"{GARBLED} does not open before half past eight"
    )
    month.go_to(10, 9)
    month.until(lambda: LATE in month.lists(), "the late bank's list")
    month.until(lambda: month.waves()[-1] == "trial", "the late bank's own plan")
    firsts = len(month.waves())
    month.approve()
    drop_faults(month.control(REFUSING))
    month.until(lambda: not month.states()["held"] + month.states()["planned"], "all to be sent")
    month.until(lambda: set(month.states()) <= {"posted", "reconciled", "refused"}, "results")

    # The 13th: a payment comes back, and is read with the evening's statement.
    month.go_to(13, 10)
    month.seen["returned"] = month.give_back(RETURNS)
    month.go_to(13, 23)
    month.until(lambda: month.outcome(month.seen["returned"]) == "RETURNED", "the return")
    for day in range(14, 31) if every_day else ():
        month.go_to(day, 23)
    check(not month.closed(), "closed before its second wave")

    if month.poor:
        rich = {"set": [{"GRZH": month.poor, "GRZHYE": "50000.00"}]}
        post(f"{month.demo.controls['core-reference']}/accounts", rich)
    # The 31st: those who had nothing are looked at again, and the month closes.
    month.go_to(31, 9)
    month.until(lambda: WaveState.TRIAL.value in month.waves()[firsts:], "the second wave")
    month.approve()
    month.until(lambda: not month.states()["held"] + month.states()["planned"], "its payments")
    month.go_to(31, 23)
    month.until(month.closed, "the close")
    check(month.clock.today() == date(2025, 10, 31), "closed on another day")
    month.say(f"closed after {time.monotonic() - began:.0f} s")
    return found + troubles(month)


def troubles(month: MonthClock) -> list[str]:
    """What the books say afterwards."""
    export_run(month.demo.hub.store, month.demo.run_id, month.out)
    said, found = totals(month.out), []
    if not said["closed"] or unbalanced(said):
        found.append(f"open equations {unbalanced(said)}")
    if twice := credited_twice(month.demo.controls):
        found.append(f"{len(twice)} instructions credited more than once")
    number = month.seen["returned"]
    if month.outcome(number) != "RETURNED" or not said["total"]["returned"]["count"]:
        found.append(f"{number} came back and is {month.outcome(number)}")
    return found + _outside_hours(month) + _dues_wrong(month)


def _outside_hours(month: MonthClock) -> list[str]:
    """Instructions that left, and credits that were booked, when the bank takes none."""
    hub, found = month.demo.hub, []
    with month.view() as view:
        calendar = load_calendar(view)
        sent = view.execute(
            sa.select(item.c.bank, item.c.instructed_us).where(item.c.was_instructed == 1)
        ).all()
        booked = view.execute(sa.select(statement_entry.c.bank, statement_entry.c.day)).all()
    for bank, at_us in sent:
        at = from_us(at_us)
        hours = hub.office.seat(bank).hours
        if not (calendar.is_banking_day(at.date()) and hours.covers(at.time())):
            found.append(f"{bank} was instructed at {at:%m-%d %H:%M}")
    for bank, day in booked:
        on = date(day // 10000, day // 100 % 100, day % 100)
        if not calendar.is_banking_day(on):
            found.append(f"{bank} booked on {on}")
    return sorted(set(found))


def _dues_wrong(month: MonthClock) -> list[str]:
    """Each job was due on each banking day once, run or stood for, and nothing is left over."""
    days = sum(_is_banking(date(2025, 10, 1) + timedelta(days=n)) for n in range(31))
    found = []
    with month.view() as view:
        rows = view.execute(sa.select(job_due)).all()
    for code in {row.job for row in rows}:
        mine = [row for row in rows if row.job == code]
        count = sum(1 + row.stands_for for row in mine)
        if count != days or any(row.state != "done" for row in mine):
            found.append(f"{code}: due {count} times, {Counter(row.state for row in mine)}")
    return found


def _is_banking(day: date) -> bool:
    """国办发明电〔2024〕12号, written down once more."""
    return day == date(2025, 10, 11) or (day.weekday() < 5 and not 1 <= day.day <= 8)


def main() -> int:
    """The long form; prints what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "hub" / "sample" / "2025-10")
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    if asked.database:
        os.environ["HUB_DATABASE_URL"] = asked.database
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        month = MonthClock(asked.data, Path(place) / "month", print)
        with month.set_up(patch):
            found = play(month, every_day=True)
    print("\n".join(found) or "as it must be")
    return len(found) > 0


if __name__ == "__main__":
    raise SystemExit(main())
