"""The watch over partners that do as they are told: a month by script, hanging and lying ones."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub.app.catalogue import read_catalogue
from hub.app.discover import discover
from hub.app.hub import Hub
from hub.app.overview import Light, facts_of, see_all
from hub.app.watching import Watching
from hub.bus.tables import attempt, channel, message
from hub.kernel.clocks import SHANGHAI, to_us
from hub.kernel.settings import PartnerSettings, Settings
from hub.monitor.health import read_watched
from hub.monitor.ledger import make_ledger
from hub.monitor.reading import read_flips
from hub.monitor.words import MinuteClass, State
from hub.ports.probe import ProbeResult
from hub.store import Store, database_now_us
from hub.store.schema import upgrade
from tests.app.watch_kit import BANK, BEGIN, BUSY, DOWN, UP, Bench, FakePartners
from tests.offset.kit import insert


@pytest.fixture
def bench(empty_store: Store, tmp_path: Any) -> Bench:
    upgrade(empty_store)
    reached = PartnerSettings(endpoints={"api": "http://127.0.0.1:9"})
    return Bench(empty_store, Settings(home=tmp_path, partners={BANK: reached}))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]


FAULTS = [
    (at(2025, 10, 1, 21, 7), 13, DOWN, MinuteClass.LINE),
    (at(2025, 10, 1, 22, 0), 2, BUSY, MinuteClass.PARTNER),
    (at(2025, 10, 1, 23, 55), 10, DOWN, MinuteClass.LINE),
    (at(2025, 10, 2, 0, 30), 61, BUSY, MinuteClass.PARTNER),
]  # fmt: skip
"""When, for how many minutes, what the partner answers, what those minutes are."""


def scripted(moment: datetime) -> ProbeResult:
    for begins, length, answer, _ in FAULTS:
        if begins <= moment < begins + timedelta(minutes=length):
            return answer
    return UP


def test_the_ledger_is_the_script_to_the_minute_with_ten_restarts_in_between(
    bench: Bench,
) -> None:
    minutes = 5 * 60
    absent = range(100, 145)  # the hub itself is down
    minute = 0
    for stop in [*range(27, minutes, 27), minutes]:
        with bench.watching(lambda: scripted(bench.clock.now())) as watching:
            while minute < stop:
                bench.clock.moment = BEGIN + timedelta(minutes=minute)
                if minute not in absent:
                    bench.turn(watching)
                minute += 1
    want = [MinuteClass.NORMAL] * minutes
    for begins, length, _, klass in FAULTS:
        first = int((begins - BEGIN).total_seconds() // 60)
        want[first : first + length] = [klass] * length
    # The last sample before the hub was gone counts for two intervals.
    blind = absent[1:]
    want[blind[0] : blind[-1] + 1] = [MinuteClass.NO_DATA] * len(blind)
    adapter = discover(bench.settings)[BANK]
    begin_us = to_us(BEGIN)
    end_us = begin_us + minutes * 60_000_000
    with bench.store.read() as view:
        made = make_ledger(facts_of(view, adapter, begin_us, end_us, end_us), begin_us, minutes)
    found = [made.at(minute) for minute in range(minutes)]
    assert found == want
    assert sum(made.counts().values()) == minutes


def state(bench: Bench) -> list[State]:
    with bench.store.read() as view:
        return [flip.state for flip in read_flips(view, BANK, 0, 2**62)]


def test_a_probe_is_made_once_in_its_slot_whoever_looks(bench: Bench) -> None:
    asked: list[int] = []

    def say() -> ProbeResult:
        asked.append(1)
        return UP

    for second in (0, 10, 59, 60, 61):
        bench.clock.moment = BEGIN + timedelta(seconds=second)
        with bench.watching(say) as watching:
            bench.turn(watching)
            bench.turn(watching)
    assert len(asked) == 2


def test_one_that_hangs_is_asked_no_second_time_meanwhile(bench: Bench) -> None:
    release, asked = threading.Event(), []

    def hang() -> ProbeResult:
        asked.append(1)
        release.wait(20)
        return DOWN

    with bench.watching(hang) as watching:
        (running,) = watching.look()
        bench.clock.moment += timedelta(minutes=3)
        assert watching.look() == []
        release.set()
        running.result(20)
        assert asked == [1]
        bench.turn(watching)
    assert state(bench) == [State.UNREACHABLE]


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (UP, State.UP), (DOWN, State.UNREACHABLE), (BUSY, State.UNUSABLE),
        (ProbeResult(False, False, "line.certificate_expired", "x"), State.UNUSABLE),
        (ProbeResult(False, False, "line.client_certificate_refused", "x"), State.OURS),
        (RuntimeError("of the adapter"), State.OURS),
    ],
)  # fmt: skip
def test_whose_fault_it_looks_like(
    bench: Bench, answer: ProbeResult | Exception, wanted: State
) -> None:
    def say() -> ProbeResult:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with bench.watching(say) as watching:
        bench.turn(watching)
    assert state(bench) == [wanted]


class TestTraffic:
    """Real messages are samples too."""

    def put(self, bench: Bench, number: int, verdict: str, ended_us: int) -> None:
        with bench.store.write() as tx:
            insert(tx, message, id=number, interface=BANK, kind="bank.dues", msg_key=str(number),
                   state=verdict, try_no=1)  # fmt: skip
            insert(tx, attempt, message_id=number, try_no=1, epoch=1, holder="h", cause="first",
                   started_us=ended_us - 40_000, ended_us=ended_us, verdict=verdict)  # fmt: skip

    def test_misses_are_bad_samples_and_an_answer_ends_them(self, bench: Bench) -> None:
        with bench.store.write() as tx:
            insert(tx, channel, interface=BANK, misses=0)
            now = database_now_us(tx)
        with bench.watching(lambda: UP) as watching:
            bench.turn(watching)
            for minute, misses in ((1, 3), (1, 3), (2, 9)):
                bench.clock.moment = BEGIN + timedelta(minutes=minute, seconds=5)
                with bench.store.write() as tx:
                    tx.execute(sa.update(channel).values(misses=misses))
                self.look(bench, watching)
            assert state(bench) == [State.UP, State.UNREACHABLE]
            bench.clock.moment += timedelta(minutes=1)
            with bench.store.write() as tx:
                tx.execute(sa.update(channel).values(misses=0))
            self.put(bench, 1, "delivered", now + 1)
            self.look(bench, watching)
            bench.turn(watching)
        assert state(bench) == [State.UP, State.UNREACHABLE, State.UP]

    def look(self, bench: Bench, watching: Watching) -> None:
        with bench.store.read() as view:
            known = read_watched(view)
        watching.look_at_traffic(known)


def test_the_board_has_all_items_and_yellow_until_it_is_used(hub: Hub) -> None:
    catalogue = read_catalogue(hub.settings, hub.adapters)
    partners: Any = FakePartners(lambda: UP)
    watching = Watching(hub.store, hub.adapters, hub.settings, partners, hub.clock)
    assert watching.leads.hold()

    def lights() -> dict[str, Light]:
        with hub.store.read() as view:
            return {name: one.light for name, one in see_all(hub, catalogue, view).items()}

    assert lights()[BANK] is Light.BLIND
    for probe in watching.look():
        probe.result(20)
    seen = lights()
    assert seen[BANK] is Light.IDLE
    assert seen["national-transfer"] is Light.ABSENT
    assert len(catalogue.items) == 21
    with hub.store.write() as tx:
        insert(tx, channel, interface=BANK)
        now = database_now_us(tx)
    TestTraffic().put(Bench(hub.store, hub.settings), 1, "delivered", now)
    watching._traffic_at = 0
    watching.look()
    watching.stop()
    assert lights()[BANK] is Light.UP
