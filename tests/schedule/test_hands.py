"""Jobs by hand: started, parked, resumed, skipped; and what the schedule shows of it."""

from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from hub.audit.tables import audit_entry
from hub.kernel.clocks import SHANGHAI, FixedClock, from_us, to_us
from hub.kernel.errors import HubError
from hub.kernel.periods import Period
from hub.schedule import Daily, Due, Job, Jobs, hands, load_calendar, seed_calendar
from hub.schedule.showing import DueRow, JobRow, read_dues, read_jobs, read_month
from hub.schedule.tables import banking_day, job_due
from hub.schedule.tables import job as job_table
from hub.store import Store

CODE = "dues.ICBC"
WHO = {"by": "wang", "why": "银行通知改时间"}


class Desk:
    """One job at 10:00 on banking days, a clock, and a hand."""

    def __init__(self, store: Store, clock: FixedClock, **more: object) -> None:
        self.store, self.clock = store, clock
        self.ran: list[str] = []
        self.job = Job(code=CODE, title="取应还明细", rule=Daily(time(10)), act=self._act, **more)  # type: ignore[arg-type]
        self.jobs = Jobs(store, clock, "one", [self.job])
        with store.write() as tx:
            seed_calendar(tx)
            self.jobs.register(tx)

    def _act(self, tx: Connection, due: Due) -> str:
        tx.execute(sa.update(job_table).values(title=f"{due.due_us}"))
        self.ran.append(f"{from_us(due.due_us):%m-%d %H:%M}+{due.stands_for}")
        return "开放"

    def at(self, month: int, day: int, hour: int, minute: int = 0) -> int:
        self.clock.moment = datetime(2025, month, day, hour, minute, tzinfo=SHANGHAI)
        return self.jobs.run_due()

    def by_hand(self, act: str, **more: object) -> None:
        now_us = to_us(self.clock.now())
        with self.store.write() as tx:
            match act:
                case "run":
                    hands.run_now(tx, CODE, now_us=now_us, **WHO)
                case "park":
                    hands.park(tx, CODE, now_us=now_us, **WHO)
                case "resume":
                    hands.resume(tx, CODE, **WHO)
                case _:
                    hands.skip(
                        tx, self.job, load_calendar(tx), due_us=more.get("due_us"),  # type: ignore[arg-type]
                        now_us=now_us, **WHO,
                    )  # fmt: skip

    def row(self) -> JobRow:
        with self.store.read() as view:
            (found,) = read_jobs(view, self.jobs.known, to_us(self.clock.now()))
        return found

    def dues(self) -> list[DueRow]:
        with self.store.read() as view:
            return read_dues(view, date(2025, 9, 1), date(2025, 10, 31))

    def acts(self) -> list[str]:
        with self.store.read() as view:
            query = sa.select(audit_entry.c.act).order_by(audit_entry.c.id)
            return [act for act in view.scalars(query) if act.startswith("job.")]


@pytest.fixture
def desk(store: Store, clock: FixedClock) -> Desk:
    return Desk(store, clock)


def us(month: int, day: int, hour: int, minute: int = 0) -> int:
    return to_us(datetime(2025, month, day, hour, minute, tzinfo=SHANGHAI))


def test_started_now_it_runs_once_beside_its_rule(desk: Desk) -> None:
    desk.by_hand("run")
    assert desk.jobs.run_due() == 1
    assert desk.jobs.run_due() == 0
    assert desk.at(9, 30, 10) == 1
    assert desk.ran == ["09-30 09:00+0", "09-30 10:00+0"]
    assert [(one.asked_by, one.why, one.state) for one in desk.dues()] == [
        ("", "", "done"), ("wang", "银行通知改时间", "done"),
    ]  # fmt: skip
    assert desk.acts() == ["job.run"]


def test_parked_it_runs_nothing_and_resumed_what_it_missed_at_once(desk: Desk) -> None:
    desk.by_hand("park")
    assert desk.at(10, 10, 12) == 0
    assert (desk.row().parked_by, desk.row().parked_why) == ("wang", "银行通知改时间")
    for act, error in (("park", hands.JobParked), ("run", hands.JobParked)):
        with pytest.raises(error, match="wang"):
            desk.by_hand(act)
    desk.by_hand("resume")
    with pytest.raises(hands.JobNotParked):
        desk.by_hand("resume")
    assert desk.jobs.run_due() == 1
    assert desk.ran == ["10-10 10:00+2"]  # 30 September and 9 October are said, not run each
    assert desk.acts() == ["job.park", "job.resume"]
    (shown,) = desk.dues()
    assert (shown.missed, shown.late) == (3, True)


def test_a_due_that_waits_for_another_try_is_held_by_parking_too(store: Store) -> None:
    clock = FixedClock(datetime(2025, 9, 30, 9, tzinfo=SHANGHAI))

    def breaks(_tx: Connection, _due: Due) -> str:
        raise hands.NoReason

    job = Job(code=CODE, title="t", rule=Daily(time(10)), act=breaks)
    jobs = Jobs(store, clock, "one", [job])
    with store.write() as tx:
        seed_calendar(tx)
        jobs.register(tx)
    clock.moment += timedelta(hours=2)
    assert jobs.run_due() == 1
    with store.write() as tx:
        hands.park(tx, CODE, now_us=to_us(clock.now()), **WHO)
        tx.execute(sa.update(job_due).values(ready_us=0))
    assert jobs.run_due() == 0
    with store.write() as tx:
        hands.resume(tx, CODE, **WHO)
    assert jobs.run_due() == 1


def test_one_that_breaks_leaves_nothing_behind_and_is_tried_again(
    store: Store, clock: FixedClock
) -> None:
    tries: list[int] = []

    def breaks(tx: Connection, due: Due) -> str:
        tx.execute(sa.update(job_table).values(title="half"))
        tries.append(due.tries)
        raise hands.NoReason("not yet")

    job = Job(code=CODE, title="t", rule=Daily(time(10)), act=breaks, retry_s=0, max_tries=3)
    jobs = Jobs(store, clock, "one", [job])
    with store.write() as tx:
        seed_calendar(tx)
        jobs.register(tx)
    clock.moment += timedelta(hours=2)
    assert jobs.run_due() == 3
    with store.read() as view:
        (row,) = view.execute(sa.select(job_due)).all()
        assert view.scalar(sa.select(job_table.c.title)) == "t"
        assert view.scalar(sa.select(job_table.c.done_us)) == 0
    assert (tries, row.state, row.note, row.tries) == ([1, 2, 3], "failed", "not yet", 3)


def test_the_next_due_is_skipped_beforehand_and_stands_for_nothing(desk: Desk) -> None:
    desk.by_hand("skip")
    assert desk.row().next_us == us(10, 9, 10)
    desk.by_hand("skip", due_us=us(10, 10, 10))
    assert desk.at(9, 30, 12) == 0
    assert desk.at(10, 10, 12) == 1
    assert desk.ran == ["10-09 10:00+0"]
    assert {one.state for one in desk.dues()} == {"done", "skipped"}
    assert desk.acts() == ["job.skip", "job.skip"]


def test_what_cannot_be_skipped_says_why(desk: Desk) -> None:
    desk.at(9, 30, 10)
    with pytest.raises(hands.DueOver, match="done"):
        desk.by_hand("skip", due_us=us(9, 30, 10))
    for moment in (us(10, 9, 10, 5), us(10, 3, 10), us(9, 29, 10)):
        with pytest.raises(hands.NotADue):
            desk.by_hand("skip", due_us=moment)
    desk.by_hand("skip")
    with pytest.raises(hands.DueOver, match="skipped"):
        desk.by_hand("skip", due_us=us(10, 9, 10))
    with desk.store.write() as tx:
        with pytest.raises(hands.NoSuchJob):
            hands.park(tx, "dues.none", now_us=0, **WHO)
        with pytest.raises(hands.NoReason):
            hands.park(tx, CODE, now_us=0, by="wang", why=" \n ")


def test_what_was_due_on_its_first_day_counts_and_was_missed_by_nobody(
    store: Store, clock: FixedClock
) -> None:
    clock.moment += timedelta(hours=3)
    desk = Desk(store, clock, today_too=True)
    assert desk.jobs.run_due() == 1
    assert desk.ran == ["09-30 10:00+0"]
    assert [one.missed for one in desk.dues()] == [0]


def test_the_months_days_have_their_names(desk: Desk) -> None:
    with desk.store.write() as tx:
        days = read_month(tx, Period(2025, 10))
        tx.execute(sa.delete(banking_day).where(banking_day.c.on_day == 20251031))
        later = read_month(tx, Period(2025, 10))
    assert len(days) == 31
    assert [(d.banking, d.why) for d in days[:1] + days[8:12]] == [
        (False, "国庆节"), (True, ""), (True, ""), (True, "国庆节调休"), (False, "周末"),
    ]  # fmt: skip
    assert [d.on.day for d in later if not d.known] == [31]


@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(acts=st.lists(st.tuples(st.sampled_from(["run", "park", "resume", "skip", ""]),
                               st.integers(1, 30)), max_size=12))  # fmt: skip
def test_whatever_hands_do_no_due_runs_twice_or_while_parked(
    acts: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.tables import make_tables  # noqa: PLC0415

    store = Store(f"sqlite:///{tmp_path_factory.mktemp('hands')}/hub.sqlite")
    sa.event.listen(store.writing, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF"))
    make_tables(store, "audit_", "store_", "banking_day", "job", "lease")
    desk = Desk(store, FixedClock(datetime(2025, 9, 30, 9, tzinfo=SHANGHAI)))
    parked = False
    for act, hours in acts:
        try:
            if act:
                desk.by_hand(act)
        except HubError as error:
            assert error.code in {"schedule.job_parked", "schedule.job_not_parked"}  # noqa: PT017
        else:
            parked = act == "park" or (parked and act != "resume")
        desk.clock.moment += timedelta(hours=hours)
        before = len(desk.ran)
        desk.jobs.run_due()
        assert not parked or len(desk.ran) == before
    ran = [one.split("+")[0] for one in desk.ran]
    assert len(ran) == len(set(ran))
    done = [one for one in desk.dues() if one.state == "done"]
    assert len(done) == len(ran)
    store.close()
