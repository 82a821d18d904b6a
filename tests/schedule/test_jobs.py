"""Due rows: each due once, whoever looks, however late."""

import threading
import time as machine_time
from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa

from hub.kernel.clocks import SHANGHAI, FixedClock, from_us
from hub.kernel.errors import Refused
from hub.schedule import Daily, Due, EveryMinutes, Job, Jobs, seed_calendar
from hub.schedule.jobs import LOOK_LIMIT
from hub.schedule.tables import job as job_table
from hub.schedule.tables import job_due
from hub.store import Store


class Ran:
    """Notes what it is run for."""

    def __init__(self) -> None:
        self.dues: list[Due] = []

    def __call__(self, due: Due) -> str:
        self.dues.append(due)
        return "完成"

    @property
    def times(self) -> list[str]:
        return [f"{from_us(due.due_us):%m-%d %H:%M}" for due in self.dues]


@pytest.fixture
def ran() -> Ran:
    return Ran()


def rows(store: Store) -> list[tuple[str, str, int]]:
    with store.read() as tx:
        found = tx.execute(sa.select(job_due).order_by(job_due.c.due_us)).all()
    return [(f"{from_us(row.due_us):%m-%d %H:%M}", row.state, row.tries) for row in found]


def make(
    store: Store, clock: FixedClock, *jobs: Job, holder: str = "one", seed: bool = True
) -> Jobs:
    made = Jobs(store, clock, holder, jobs)
    with store.write() as tx:
        if seed:
            seed_calendar(tx)
        made.register(tx)
    return made


def daily(run: Callable[[Due], str], **more: object) -> Job:
    return Job(code="dues.icbc", title="取应还明细", rule=Daily(time(10)), run=run, **more)  # type: ignore[arg-type]


class TestDues:
    def test_it_runs_when_it_is_due_and_once(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        jobs = make(store, clock, daily(ran))
        assert jobs.run_due() == 0
        clock.moment += timedelta(hours=1)
        assert jobs.run_due() == 1
        assert jobs.run_due() == 0
        assert ran.times == ["09-30 10:00"]
        assert rows(store) == [("09-30 10:00", "done", 1)]

    def test_nothing_before_its_registration_is_due(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        clock.moment += timedelta(hours=2)
        assert make(store, clock, daily(ran)).run_due() == 0

    def test_the_holiday_has_no_dues(self, store: Store, clock: FixedClock, ran: Ran) -> None:
        jobs = make(store, clock, daily(ran, missed="each"))
        clock.moment = datetime(2025, 10, 11, 12, tzinfo=SHANGHAI)
        assert jobs.run_due() == 4
        assert ran.times == ["09-30 10:00", "10-09 10:00", "10-10 10:00", "10-11 10:00"]

    def test_what_was_missed_is_seen_by_the_next_process_and_run_once_for_all(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        make(store, clock, daily(ran))
        clock.moment = datetime(2025, 10, 11, 12, tzinfo=SHANGHAI)
        again = make(store, clock, daily(ran), holder="two")
        assert again.run_due() == 1
        assert ran.times == ["10-11 10:00"]
        assert ran.dues[0].stands_for == 3

    def test_a_clock_set_back_makes_nothing_due_twice(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        jobs = make(store, clock, daily(ran))
        clock.moment += timedelta(hours=2)
        jobs.run_due()
        clock.moment -= timedelta(days=3)
        assert jobs.run_due() == 0
        clock.moment += timedelta(days=3)
        assert jobs.run_due() == 0
        assert ran.times == ["09-30 10:00"]

    def test_a_long_absence_comes_in_portions(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        each = Job(code="m", title="m", rule=EveryMinutes(1), run=ran, missed="each")
        jobs = make(store, clock, each, seed=False)
        clock.moment += timedelta(minutes=LOOK_LIMIT + 10)
        with store.write() as tx:
            assert jobs.look(tx) == LOOK_LIMIT
            assert jobs.look(tx) == 10
            assert jobs.look(tx) == 0

    def test_jobs_are_registered_with_their_rule(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        make(store, clock, daily(ran))
        renamed = Job(code="dues.icbc", title="新名", rule=Daily(time(11)), run=ran)
        make(store, clock, renamed)
        with store.read() as tx:
            (row,) = tx.execute(sa.select(job_table)).all()
        assert (row.code, row.title, row.rule_text) == ("dues.icbc", "新名", "每个银行工作日 11:00")

    def test_where_the_calendar_ends_it_waits_for_the_calendar(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        jobs = make(store, clock, daily(ran), seed=False)
        clock.moment += timedelta(hours=2)
        assert jobs.run_due() == 0
        assert jobs.next_due_us() is None
        with store.write() as tx:
            seed_calendar(tx)
        assert jobs.run_due() == 1
        assert ran.times == ["09-30 10:00"]

    def test_the_bell_is_told_the_next_due(self, store: Store, clock: FixedClock, ran: Ran) -> None:
        jobs = make(store, clock, daily(ran))
        jobs.run_due()
        due_us = jobs.next_due_us()
        assert due_us is not None
        assert from_us(due_us) == datetime(2025, 9, 30, 10, tzinfo=SHANGHAI)


class TestManyProcesses:
    def test_each_due_is_run_once(self, store: Store, clock: FixedClock) -> None:
        seen: list[int] = []

        def run(due: Due) -> str:
            machine_time.sleep(0.002)
            seen.append(due.id)
            return ""

        job = Job(code="m", title="m", rule=EveryMinutes(1), run=run, missed="each")
        processes = [make(store, clock, job, holder=f"p{n}", seed=False) for n in range(4)]
        clock.moment += timedelta(minutes=25)
        together = threading.Barrier(4)

        def work(jobs: Jobs) -> None:
            together.wait()
            jobs.run_due()

        threads = [threading.Thread(target=work, args=(jobs,)) for jobs in processes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == len(set(seen)) == 25
        assert {state for _, state, _ in rows(store)} == {"done"}

    def test_who_dies_is_followed_when_the_lease_ends_and_cannot_finish(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        job = daily(ran, lease_s=0.2)
        one, two = make(store, clock, job), make(store, clock, job, holder="two")
        clock.moment += timedelta(hours=2)
        with store.write() as tx:
            one.look(tx)
        dead = one._claim()
        assert dead is not None
        assert two.run_due() == 0
        machine_time.sleep(0.25)
        assert two.run_due() == 1
        assert ran.dues[0].epoch == dead.epoch + 1
        one._end(dead, "failed", "too late", 0)
        assert rows(store) == [("09-30 10:00", "done", 2)]


class TestFailures:
    def test_it_is_tried_again_and_then_given_up(self, store: Store, clock: FixedClock) -> None:
        def run(_due: Due) -> str:
            raise Refused("the partner is closed")

        jobs = make(store, clock, daily(run, retry_s=0.05, max_tries=2))
        clock.moment += timedelta(hours=2)
        assert jobs.run_due() == 1
        assert jobs.run_due() == 0
        assert rows(store) == [("09-30 10:00", "due", 1)]
        machine_time.sleep(0.06)
        assert jobs.run_due() == 1
        assert rows(store) == [("09-30 10:00", "failed", 2)]
        with store.read() as tx:
            assert tx.execute(sa.select(job_due.c.note)).scalar_one() == "the partner is closed"

    def test_one_that_breaks_does_not_stop_the_others(
        self, store: Store, clock: FixedClock, ran: Ran
    ) -> None:
        def run(_due: Due) -> str:
            raise ZeroDivisionError("6222083230853674213")

        broken = Job(code="a.broken", title="x", rule=Daily(time(9, 30)), run=run)
        jobs = make(store, clock, broken, daily(ran))
        clock.moment += timedelta(hours=2)
        assert jobs.run_due() == 2
        assert ran.times == ["09-30 10:00"]
        assert rows(store) == [("09-30 09:30", "due", 1), ("09-30 10:00", "done", 1)]
        with store.read() as tx:
            notes = set(tx.execute(sa.select(job_due.c.note)).scalars())
        assert notes == {"ZeroDivisionError", "完成"}
