"""What should have come: by the banking calendar, noted at its hour, told once, ended when it
comes, whatever was down meanwhile."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.app.catalogue import read_catalogue
from hub.app.discover import discover
from hub.app.gauging import Gauging
from hub.app.watching import watched_interfaces
from hub.cases.tables import case, step
from hub.core.copy_tables import registry_feed
from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.kernel.settings import PartnerSettings, Settings
from hub.monitor.feeds import BadFeeds, FeedSeen, Tally, month_span, newest, read_rules, tallies
from hub.monitor.incident_reading import Incident, list_incidents
from hub.monitor.incident_tables import watch_alert
from hub.monitor.policy import read_watch_policy
from hub.offset.tables import batch, due_list, item, leg, run, statement_day
from hub.schedule import seed_calendar
from hub.store import Store, database_now_us
from hub.store.schema import upgrade
from tests.app.watch_kit import BANK, Bench
from tests.offset.kit import insert

CORE, RETIREMENT = "core-registry", "onething-retirement"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def bench(empty_store: Store, tmp_path: Path) -> Bench:
    upgrade(empty_store)
    with empty_store.write() as tx:
        seed_calendar(tx)
    reached = PartnerSettings(endpoints={"api": "http://127.0.0.1:9"})
    made = Bench(empty_store, Settings(home=tmp_path, partners={BANK: reached}))
    look(made, "2025-09-30 09:00")  # from here on feeds are watched
    return made


def look(bench: Bench, moment: str) -> list[str]:
    """One look of a process that has just started."""
    bench.clock.moment = at(moment)
    gauging = Gauging(
        bench.store, bench.store, read_watch_policy(bench.settings.home),
        watched_interfaces(bench.adapters, bench.settings), ("spool",),
    )  # fmt: skip
    return gauging.look_at_feeds(to_us(bench.clock.moment))


def rows(bench: Bench, interface: str = BANK) -> list[FeedSeen]:
    with bench.store.read() as view:
        return newest(view, interface)


def seen(bench: Bench) -> list[Incident]:
    with bench.store.read() as view:
        return sorted(list_incidents(view), key=lambda one: one.id)


def told(bench: Bench) -> list[str]:
    with bench.store.read() as view:
        return list(view.scalars(sa.select(watch_alert.c.kind).order_by(watch_alert.c.id)))


def open_run(bench: Bench, period: str = "2025-10") -> None:
    with bench.store.write() as tx:
        insert(tx, run, id=1, period=period, state="open", opened_us=1)
        insert(tx, leg, id=1, run_id=1, bank="ICBC", interface=BANK, trouble="B0131 系统忙")


def fetch_list(bench: Bench, moment: str) -> None:
    with bench.store.write() as tx:
        insert(tx, due_list, id=1, run_id=1, bank="ICBC", state="complete",
               ended_us=to_us(at(moment)))  # fmt: skip


def test_a_list_that_is_late_is_an_incident_with_its_cause_until_it_comes(bench: Bench) -> None:
    open_run(bench)
    look(bench, "2025-10-20 17:59")
    assert seen(bench) == []
    assert look(bench, "2025-10-20 18:00") == [BANK]
    (one,) = seen(bench)
    assert (one.effect, one.code, one.interface) == ("late", "feed.due_list", BANK)
    assert "2025-10：B0131 系统忙" in one.detail
    assert one.begun_us == to_us(at("2025-10-20 18:00"))
    assert one.card.call
    for minute in (1, 2, 3):
        look(bench, f"2025-10-20 18:0{minute}")
    assert told(bench) == ["begin"]
    fetch_list(bench, "2025-10-20 18:04")
    look(bench, "2025-10-20 18:05")
    assert [one.state for one in seen(bench)] == ["restored"]
    assert told(bench) == ["begin", "end"]
    (row,) = rows(bench)
    assert (row.late_us, row.came_us) == (row.due_us, to_us(at("2025-10-20 18:04")))
    with bench.store.read() as view:
        span = month_span(at("2025-10-20 00:00").date())
        assert tallies(view, *span) == {(BANK, "due_list"): Tally(1, 1, 1, 0)}


def test_what_came_in_time_is_counted_without_a_word(bench: Bench) -> None:
    open_run(bench)
    fetch_list(bench, "2025-10-10 09:00")
    look(bench, "2025-10-20 18:30")
    (row,) = rows(bench)
    assert (row.late_us, row.came_us) == (None, to_us(at("2025-10-10 09:00")))
    assert seen(bench) == []


def test_nobody_opened_the_month_says_so(bench: Bench) -> None:
    look(bench, "2025-10-20 18:01")
    assert "本期尚未开期" in seen(bench)[0].detail


def test_a_month_s_day_on_a_weekend_moves_to_the_next_banking_day(bench: Bench) -> None:
    open_run(bench, "2025-12")  # the 20th is a Saturday; October and November were nobody's
    look(bench, "2025-12-22 17:59")
    assert "2025-12" not in {row.subject for row in rows(bench)}
    look(bench, "2025-12-22 18:00")
    assert "2025-12" in {row.subject for row in rows(bench)}


def test_a_statement_is_due_after_the_holidays_and_the_hub_being_down_forgets_nothing(
    bench: Bench,
) -> None:
    with bench.store.write() as tx:
        insert(tx, run, id=1, period="2025-09", state="open", opened_us=1)
        insert(tx, batch, number="B1", run_id=1, bank="ICBC", last_sent_on=20250930)
    for day in range(1, 9):  # 国庆、中秋：banks are closed
        look(bench, f"2025-10-0{day} 12:00")
    look(bench, "2025-10-09 09:59")
    assert rows(bench) == []
    # It comes in time while the hub is down: found at the next start, no alarm.
    with bench.store.write() as tx:
        shift = to_us(at("2025-10-09 10:30")) - database_now_us(tx)
        insert(tx, statement_day, id=1, run_id=1, bank="ICBC", day=20250930, closed=1,
               read_us=to_us(at("2025-10-09 09:30")) - shift)  # fmt: skip
    look(bench, "2025-10-09 10:30")
    (row,) = rows(bench)
    assert (row.feed, row.subject) == ("statement", "20250930")
    assert from_us(row.due_us) == at("2025-10-09 10:00")
    assert row.late_us is None
    assert seen(bench) == []


def test_results_are_due_some_hours_after_each_batch(bench: Bench) -> None:
    sent = at("2025-10-10 09:00")
    with bench.store.write() as tx:
        insert(tx, run, id=1, period="2025-10", state="open", opened_us=1)
        insert(tx, batch, number="B1", run_id=1, bank="ICBC")
        for number in (1, 2):
            insert(tx, item, number=f"N{number}", run_id=1, wave_id=1, bank="ICBC", batch="B1",
                   row_no=number, instructed_us=to_us(sent), live_key=f"k{number}",
                   result_us=to_us(sent) + 1 if number == 1 else None)  # fmt: skip
    look(bench, "2025-10-10 12:59")
    assert rows(bench) == []
    look(bench, "2025-10-10 13:00")
    (one,) = seen(bench)
    assert "B1：2 笔中 1 笔没有结果" in one.detail
    with bench.store.write() as tx:
        tx.execute(
            sa.update(item).where(item.c.number == "N2").values(
                result_us=to_us(at("2025-10-10 13:20"))
            )
        )  # fmt: skip
    look(bench, "2025-10-10 13:21")
    assert [one.state for one in seen(bench)] == ["restored"]


class TestOthers:
    """The core's changes on banking days, the platforms' receipts."""

    @pytest.fixture
    def core(self, bench: Bench) -> Bench:
        reached = PartnerSettings(endpoints={"api": "http://127.0.0.1:9"})
        bench.settings = Settings(
            home=bench.settings.home, partners={CORE: reached, RETIREMENT: reached}
        )
        look(bench, "2025-10-08 12:00")
        return bench

    def test_changes(self, core: Bench) -> None:
        with core.store.write() as tx:
            insert(tx, registry_feed, interface=CORE, seq=1,
                   caught_up_us=to_us(at("2025-10-07 12:00")))  # fmt: skip
        look(core, "2025-10-08 23:59")  # a holiday: nothing is owed
        assert rows(core, CORE) == []
        look(core, "2025-10-09 01:00")
        (one,) = seen(core)
        assert (one.level, one.code) == ("ordinary", "feed.changes")
        with core.store.write() as tx:
            tx.execute(sa.update(registry_feed).values(caught_up_us=to_us(at("2025-10-09 01:05"))))
        look(core, "2025-10-09 02:01")
        assert [one.state for one in seen(core)] == ["restored"]
        assert [(r.late_us is None, r.came_us is None) for r in rows(core, CORE)] == [
            (True, False), (False, False),
        ]  # fmt: skip

    def test_receipts(self, core: Bench) -> None:
        with core.store.write() as tx:
            insert(tx, case, id=7, interface=RETIREMENT, kind="retirement", number="1", door="d")
            insert(tx, step, case_id=7, place=1, at_us=to_us(at("2025-10-09 10:00")), fed="sent")
        look(core, "2025-10-10 09:59")
        assert rows(core, RETIREMENT) == []
        look(core, "2025-10-10 10:00")
        assert [row.subject for row in rows(core, RETIREMENT)] == ["7-1"]
        with core.store.write() as tx:
            tx.execute(sa.update(step).values(fed="receipted"))
        look(core, "2025-10-10 10:30")
        (row,) = rows(core, RETIREMENT)
        assert row.came_us is not None


def test_a_year_the_calendar_lacks_is_no_guess(bench: Bench) -> None:
    look(bench, "2099-01-25 12:00")
    assert rows(bench) == []


@pytest.mark.parametrize(
    "said",
    [
        "dues",
        [{"feed": "a", "what": "due_list", "day": 3}],
        [{"feed": "a", "what": "results", "within_minutes": 1, "at": "10:00"}],
        [{"feed": "a", "what": "post"}],
        [{"feed": "a", "what": "results", "within_minutes": 1}] * 2,
    ],
)
def test_a_manifest_that_cannot_be_read_says_where(said: object) -> None:
    with pytest.raises(BadFeeds, match="bank-x"):
        read_rules("bank-x", said)


def test_every_bank_declares_its_three_and_who_declares_nothing_is_known(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    adapters = discover(settings)
    declared = {name: [f.what for f in one.manifest.feeds] for name, one in adapters.items()}
    for name, what in declared.items():
        if name.startswith("bank-"):
            assert what == ["due_list", "results", "statement"]
    assert not declared["core-reference"]
    assert set(adapters) <= set(read_catalogue(settings, adapters).interfaces)
    assert timedelta(minutes=60) == timedelta(
        microseconds=adapters[CORE].manifest.feeds[0].within_us
    )
