"""Incidents and their alerts: opened and ended by the state alone, told once, never lost."""

import json
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.app import attending, ways
from hub.app.discover import Manifest
from hub.bus.tables import channel, message
from hub.kernel.clocks import to_us
from hub.kernel.settings import PartnerSettings, Settings
from hub.monitor import alerts, incidents, works
from hub.monitor.health import Watched, read_watched
from hub.monitor.hours import ServiceHours
from hub.monitor.incident_reading import (
    Incident,
    IncidentElsewhere,
    list_incidents,
    resolve,
    respond,
    see_incident,
)
from hub.monitor.incident_tables import incident, watch_alert
from hub.monitor.policy import BadWatchPolicy, read_watch_policy
from hub.monitor.words import State
from hub.ports.probe import ProbeResult
from hub.store import Store
from hub.store.schema import upgrade
from tests.app.watch_kit import BANK, BEGIN, BUSY, DOWN, UP, Bench
from tests.offset.kit import insert

MINUTE = 60_000_000


@pytest.fixture
def bench(empty_store: Store, tmp_path: Path) -> Bench:
    upgrade(empty_store)
    reached = PartnerSettings(endpoints={"api": "http://127.0.0.1:9"})
    return Bench(empty_store, Settings(home=tmp_path, partners={BANK: reached}))


def play(bench: Bench, *answers: ProbeResult) -> None:
    """One probe a minute."""
    with bench.watching(lambda: told[0]) as watching:
        for answer in answers:
            told = [answer]
            bench.turn(watching)
            bench.clock.moment += timedelta(minutes=1)
        watching.attend(to_us(bench.clock.moment))


def seen(bench: Bench) -> list[Incident]:
    with bench.store.read() as view:
        return sorted(list_incidents(view), key=lambda one: one.id)


def spool(bench: Bench) -> list[str]:
    return sorted(path.name for path in (bench.settings.home / "alerts").glob("*"))


def test_it_opens_within_two_probes_dated_at_the_first_and_ends_by_itself(bench: Bench) -> None:
    with bench.store.write() as tx:
        insert(tx, channel, interface=BANK)
        insert(tx, message, id=1, interface=BANK, kind="bank.instruct", msg_key="1",
               effect="money", state="unknown", fen=150_00, items=2)  # fmt: skip
    play(bench, UP, UP, DOWN, DOWN)
    (one,) = seen(bench)
    assert (one.state, one.effect, one.code) == ("open", "unreachable", "line.not_sent")
    assert one.level == "serious"  # a bank with money in doubt
    assert one.begun_us == to_us(BEGIN) + 2 * MINUTE
    assert one.respond_by_us - one.begun_us == 15 * MINUTE
    assert one.restore_by_us - one.begun_us == 60 * MINUTE
    assert one.card.money == (1, 150_00)
    said = json.loads((bench.settings.home / "alerts/000001-begin-0.json").read_text("utf-8"))
    assert said["title"].endswith("[严重] 工商银行商贷月对冲 不通")
    for part in ("资金：在途或结果不明 1 条 ¥150.00", "切勿：", "可以等到：10-02 08:30 取应还明细",
                 "联系：中心信息科·工行公司业务部", "1. ", "3. "):  # fmt: skip
        assert part in said["text"]
    play(bench, UP, UP)
    (one,) = seen(bench)
    assert (one.state, one.restored_us) == ("restored", to_us(BEGIN) + 4 * MINUTE)
    assert spool(bench) == ["000001-begin-0.json", "000001-end-0.json"]


def test_another_kind_of_trouble_is_the_same_incident_and_reminders_follow(bench: Bench) -> None:
    play(bench, UP, DOWN, DOWN, BUSY, BUSY, *[BUSY] * 28)
    (one,) = seen(bench)
    assert one.effect == "unusable"
    with bench.store.read() as view:
        kinds = [line.kind for line in see_incident(view, one.id).lines]
    assert kinds == ["begun", "opened", "changed", "reminded"]  # nobody answered in 30 minutes
    assert spool(bench) == ["000001-begin-0.json", "000001-remind-1.json"]
    said = json.loads((bench.settings.home / "alerts/000001-remind-1.json").read_text("utf-8"))
    assert "仍未恢复" in said["title"]
    assert "响应时限 10-01 21:31，" in said["text"]
    with bench.store.write() as tx:
        respond(tx, 1, by="wang", said="我来", now_us=to_us(bench.clock.moment))
    play(bench, *[BUSY] * 26)
    assert len(spool(bench)) == 2  # it is in hand, and half an hour is not over
    play(bench, *[BUSY] * 3)
    assert spool(bench)[-1] == "000001-remind-2.json"


class TestQuiet:
    """No alarm at night, and none during maintenance; when they end, trouble counts from then."""

    @pytest.fixture
    def sleeper(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
        hours = ServiceHours.of({"query": "08:00-22:00"})
        monkeypatch.setattr(Manifest, "service_hours", property(lambda _self: hours))
        return bench

    def test_a_bank_that_sleeps(self, sleeper: Bench) -> None:
        sleeper.clock.moment = BEGIN.replace(hour=22, minute=30)
        play(sleeper, UP, *[DOWN] * 5)
        assert seen(sleeper) == []
        sleeper.clock.moment = (BEGIN + timedelta(days=1)).replace(hour=7, minute=57)
        play(sleeper, DOWN, DOWN)
        assert seen(sleeper) == []
        play(sleeper, DOWN)
        (one,) = seen(sleeper)
        assert one.begun_us == to_us((BEGIN + timedelta(days=1)).replace(hour=8))

    def test_planned_works(self, bench: Bench) -> None:
        begin = to_us(BEGIN)
        with bench.store.write() as tx:
            works.plan(tx, BANK, begin + MINUTE, begin + 10 * MINUTE, why="升级", by="wang",
                       now_us=begin)  # fmt: skip
        play(bench, UP, *[DOWN] * 8)
        assert seen(bench) == []
        play(bench, *[DOWN] * 3)
        assert [one.begun_us for one in seen(bench)] == [begin + 10 * MINUTE]

    def test_what_has_begun_cannot_be_planned_away(self, bench: Bench) -> None:
        now = to_us(BEGIN)
        with bench.store.write() as tx, pytest.raises(works.BadMaintenance):
            works.plan(tx, BANK, now - MINUTE, now + MINUTE, why="x", by="wang", now_us=now)


class Killed(BaseException):
    """The process is no more."""


class Scythe:
    """Kills before and after what the outbox does, and between a delivery and its note."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._chance = random.Random(7)
        self._blunt = False
        for name in ("delivered", "due", "put"):
            monkeypatch.setattr(alerts, name, self._around(getattr(alerts, name)))
        real = ways.Spool.deliver
        monkeypatch.setattr(ways.Spool, "deliver", self._around(real))

    def blunt(self) -> None:
        self._blunt = True

    def _around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            self._cut()
            done = real(*args, **kwargs)
            self._cut()
            return done

        return step

    def _cut(self) -> None:
        if not self._blunt and self._chance.random() < 0.25:
            raise Killed


def survive(bench: Bench, answer: ProbeResult) -> None:
    """One minute, with as many processes as it takes."""
    for _ in range(50):
        watching = bench.open(lambda: answer)
        try:
            bench.turn(watching)
            watching.attend(to_us(bench.clock.moment))
            return
        except Killed:
            continue
        finally:
            watching._pool.shutdown()


def test_outages_with_kills_in_between_are_each_begun_and_ended_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    outages, scythe = 5, Scythe(monkeypatch)
    for answer in [UP] + [one for _ in range(outages) for one in (DOWN, DOWN, UP, UP)]:
        survive(bench, answer)
        bench.clock.moment += timedelta(minutes=1)
    scythe.blunt()
    for _ in range(3):
        survive(bench, UP)
    with bench.store.read() as view:
        rows = view.execute(sa.select(watch_alert.c.kind, watch_alert.c.sent_us)).all()
        numbers = list(view.scalars(sa.select(incident.c.id).order_by(incident.c.id)))
    assert len(numbers) == outages
    names = [f"{number:06d}-{kind}-0.json" for number in numbers for kind in ("begin", "end")]
    assert len(rows) == 2 * outages
    assert all(row.sent_us is not None for row in rows)
    assert [name for name in spool(bench) if not name.startswith(".")] == names


def test_an_end_between_a_look_and_its_act_opens_no_second_incident(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a probe's transaction may commit while all are attended to."""
    play(bench, UP, DOWN, DOWN, UP)
    with bench.watching(lambda: UP) as watching:

        def read_then_end(tx: sa.Connection) -> dict[str, Watched]:
            found = read_watched(tx)
            if not end.ident:
                end.start()
                end.join(2)  # on SQLite it waits for us, and comes after us
            return found

        end = threading.Thread(target=watching.probe, args=(BANK,))
        monkeypatch.setattr(attending, "read_watched", read_then_end)
        with bench.store.write() as tx:
            watching._attending.attend_all(tx, to_us(bench.clock.moment))
        end.join(20)
    (one,) = seen(bench)
    assert one.state == "restored"


def test_a_way_that_fails_keeps_the_order_and_tries_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ways.Spool, "deliver", full)
    play(bench, UP, DOWN, DOWN, UP, UP)
    with bench.store.write() as tx:
        (due,) = tx.execute(sa.select(watch_alert).where(watch_alert.c.tries > 0)).all()
        assert (due.kind, due.error) == ("begin", "OSError")
        assert alerts.undelivered(tx) == 1
        assert alerts.due(tx) == []  # it waits its turn, and the end waits for it
        tx.execute(sa.update(watch_alert).values(ready_us=0))
    monkeypatch.undo()
    with bench.watching(lambda: UP) as watching:
        watching.attend(to_us(bench.clock.moment))
        watching.attend(to_us(bench.clock.moment))
    assert spool(bench) == ["000001-begin-0.json", "000001-end-0.json"]


def test_people_answer_once_and_resolve_only_what_is_restored(bench: Bench) -> None:
    play(bench, UP, DOWN, DOWN)
    now = to_us(bench.clock.moment)
    with bench.store.write() as tx:
        respond(tx, 1, by="wang", said="我来", now_us=now)
    with bench.store.write() as tx, pytest.raises(IncidentElsewhere):
        respond(tx, 1, by="li", said="我来", now_us=now)
    with bench.store.write() as tx, pytest.raises(IncidentElsewhere):
        resolve(tx, 1, by="wang", cause="好了", now_us=now)
    play(bench, UP, UP)
    with bench.store.write() as tx:
        resolve(tx, 1, by="wang", cause="对方重启", now_us=now)
    (one,) = seen(bench)
    assert (one.state, one.holder, one.cause) == ("resolved", "wang", "对方重启")
    assert one.late(now) == (False, False)


def test_the_severity_table(tmp_path: Path) -> None:
    policy = read_watch_policy(tmp_path)
    ninth = to_us(BEGIN.replace(day=9))
    assert policy.level_of("core-reference", State.UNUSABLE, ninth, money=False) == "major"
    assert policy.level_of(BANK, State.UNREACHABLE, ninth, money=False) == "serious"
    assert policy.level_of(BANK, State.UNREACHABLE, to_us(BEGIN), money=False) == "ordinary"
    assert policy.level_of(BANK, State.UNREACHABLE, to_us(BEGIN), money=True) == "serious"
    for flaw in ("version: 1", "severity: []", "levels: {major: {}}", "- x", "a: [", ""):
        (tmp_path / "watch.yaml").write_text(flaw, encoding="utf-8")
        with pytest.raises(BadWatchPolicy):
            read_watch_policy(tmp_path)


def test_a_stale_state_opens_nothing(bench: Bench) -> None:
    play(bench, UP, DOWN)
    bench.clock.moment += timedelta(hours=3)
    with bench.watching(lambda: UP) as watching:
        watching.attend(to_us(bench.clock.moment))
    assert seen(bench) == []
    assert incidents.LEVELS[0] == "major"
