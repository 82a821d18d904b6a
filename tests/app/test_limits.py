"""Readings beyond their limits: one alert when it begins, one when it ends, whatever is killed."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub.app.delivering import Delivering
from hub.app.gauging import Gauging
from hub.app.holding import check_limits, hold, shown_value
from hub.app.meters import Sample
from hub.app.watching import watched_interfaces
from hub.app.ways import open_ways
from hub.kernel.clocks import to_us
from hub.kernel.settings import PartnerSettings, Settings
from hub.monitor import incidents
from hub.monitor.incident_reading import Incident, list_incidents, see_incident
from hub.monitor.incident_tables import watch_alert
from hub.monitor.limits import Limit
from hub.monitor.policy import SHIPPED, BadWatchPolicy, read_watch_policy
from hub.store import Store
from hub.store.schema import upgrade
from tests.app.watch_kit import BANK, Bench

STEPS = {"steps": ("看", "问", "修"), "never": "不要重发"}


@pytest.fixture
def bench(empty_store: Store, tmp_path: Path) -> Bench:
    upgrade(empty_store)
    reached = PartnerSettings(endpoints={"api": "http://127.0.0.1:9"})
    return Bench(empty_store, Settings(home=tmp_path, partners={BANK: reached}))


def gauging(bench: Bench) -> Gauging:
    """As a process that has just started has it: nothing is kept but what the tables hold."""
    adapters = watched_interfaces(bench.adapters, bench.settings)
    policy = read_watch_policy(bench.settings.home)
    return Gauging(bench.store, bench.store, policy, adapters, ("spool",))


def look(bench: Bench, *samples: Sample, minutes: int = 1) -> list[str]:
    bench.clock.moment += timedelta(minutes=minutes)
    return gauging(bench).look_at_meters(lambda: list(samples), to_us(bench.clock.moment))


def waits(seconds: float) -> Sample:
    return Sample("hub_oldest_waiting_seconds", seconds, (BANK,))


BACKED_UP = Sample("hub_backup_age_seconds", 60)


def seen(bench: Bench) -> list[Incident]:
    with bench.store.read() as view:
        return sorted(list_incidents(view), key=lambda one: one.id)


def told(bench: Bench) -> list[tuple[int, str]]:
    a = watch_alert.c
    with bench.store.read() as view:
        rows = view.execute(sa.select(a.incident_id, a.kind).order_by(a.id))
        return [(row.incident_id, row.kind) for row in rows]


def test_it_is_told_once_hovers_without_a_word_and_ends_once(bench: Bench) -> None:
    look(bench, BACKED_UP, waits(100))
    assert seen(bench) == []
    for seconds in (901, 5000, 800, 901, 121):  # around the limit, never back to where it ends
        look(bench, BACKED_UP, waits(seconds))
    (one,) = seen(bench)
    assert (one.interface, one.effect, one.code) == (BANK, "over", "limit.oldest_waiting")
    assert "最早一条待发已等待（bank-icbc） 901 秒，高于界限 900 秒" in one.detail
    assert one.card.call == "中心信息科·工行公司业务部"
    assert told(bench) == [(1, "begin")]
    look(bench, BACKED_UP, waits(120))
    assert [one.state for one in seen(bench)] == ["restored"]
    assert told(bench) == [(1, "begin"), (1, "end")]
    ways = open_ways(bench.settings)
    assert Delivering(bench.store, ways, bench.clock, "测试").turn() == 1
    Delivering(bench.store, ways, bench.clock, "测试").turn()
    names = sorted(path.name for path in (bench.settings.home / "alerts").glob("*"))
    assert names == ["000001-begin-0.json", "000001-end-0.json"]
    assert "超出界限" in (bench.settings.home / "alerts" / names[0]).read_text("utf-8")


def test_what_must_last_is_told_when_it_has_lasted_and_restarts_do_not_reset_it(
    bench: Bench,
) -> None:
    unknown = Sample("hub_messages", 2, (BANK, "unknown"))
    for _ in range(30):
        look(bench, BACKED_UP, unknown)
    assert seen(bench) == []
    look(bench, BACKED_UP, unknown)
    (one,) = seen(bench)
    assert one.opened_us - one.begun_us == 30 * 60_000_000
    assert one.level == "serious"
    # In short it is forgotten, and begins anew.
    look(bench, BACKED_UP, Sample("hub_messages", 0, (BANK, "unknown")))
    look(bench, BACKED_UP, unknown, minutes=1)
    look(bench, BACKED_UP)  # the row is gone: no reading is none
    assert told(bench) == [(1, "begin"), (1, "end")]


def test_no_reading_counts_where_the_policy_says_so(bench: Bench) -> None:
    look(bench)
    look(bench, minutes=24 * 60)
    (one,) = seen(bench)
    assert (one.interface, one.code) == ("hub", "limit.backup")
    assert "没有读数" in one.detail
    look(bench, BACKED_UP)
    assert [one.state for one in seen(bench)] == ["restored"]


def test_reminders_follow_the_policy_and_a_quiet_look_writes_nothing(bench: Bench) -> None:
    assert look(bench, BACKED_UP, waits(1000))
    assert look(bench, BACKED_UP, waits(1000)) == []
    assert look(bench, BACKED_UP, waits(1000), minutes=30)
    assert told(bench) == [(1, "begin"), (1, "remind")]
    with bench.store.read() as view:
        kinds = [line.kind for line in see_incident(view, 1).lines]
    assert kinds == ["begun", "opened", "reminded"]


def test_killed_before_the_commit_it_begins_whole_at_the_next_look(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(incidents, "_tell", die)
        with pytest.raises(KeyboardInterrupt):
            look(bench, BACKED_UP, waits(1000))
    assert seen(bench) == []
    look(bench, BACKED_UP, waits(1000))
    assert [kind for _, kind in told(bench)] == ["begin"]


def limit_of(**more: object) -> Limit:
    given_values = {"name": "x", "title": "x", "meter": "hub_jobs_waiting", **STEPS, **more}
    return Limit.model_validate(given_values)


@given(
    st.lists(st.floats(0, 100), max_size=60), st.floats(10, 90), st.floats(0, 10),
    st.booleans(),
)  # fmt: skip
def test_every_beginning_has_one_end_and_between_them_it_never_was_good(
    values: list[float], bound: float, gap: float, upwards: bool
) -> None:
    ends = bound - gap if upwards else bound + gap
    limit = limit_of(ends=ends, **{"above" if upwards else "below": bound})
    was = False
    for value in values:
        now = limit.is_over(value, was=was)
        beyond = value > bound if upwards else value < bound
        back = value <= ends if upwards else value >= ends
        assert now == (beyond or (was and not back))
        was = now


def test_the_shipped_limits_are_on_meters_there_are(tmp_path: Path) -> None:
    policy = read_watch_policy(tmp_path)
    check_limits(policy)
    no_such = replace_first(policy.meters, meter="hub_nothing")
    with pytest.raises(BadWatchPolicy, match="hub_nothing"):
        check_limits(policy.model_copy(update={"meters": no_such}))


def replace_first(meters: tuple[Limit, ...], **change: object) -> tuple[Limit, ...]:
    return (meters[0].model_copy(update=change), *meters[1:])


def test_a_policy_written_before_there_were_limits_keeps_the_shipped_ones(tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8")
    (tmp_path / "watch.yaml").write_text(text[: text.index("\nmeters:")], "utf-8")
    assert read_watch_policy(tmp_path).meters == read_watch_policy(Path("/nonexistent")).meters
    (tmp_path / "watch.yaml").write_text(text.replace("above: 900", "above: 900\n    below: 1"))
    with pytest.raises(BadWatchPolicy, match="either above or below"):
        read_watch_policy(tmp_path)


def test_values_are_shown_in_their_unit() -> None:
    seconds, ratio = limit_of(above=1, ends=1, unit="seconds"), limit_of(below=1, ends=1)
    assert shown_value(seconds, 90_000) == "1 天 1 小时"
    assert shown_value(seconds, -30) == "-30 秒"
    assert shown_value(seconds, None) == "没有读数"
    assert shown_value(ratio.model_copy(update={"unit": "ratio"}), 0.0825) == "8.2%"
    assert shown_value(ratio.model_copy(update={"unit": "bytes"}), 3 * 2**30) == "3.0 GiB"
    policy = read_watch_policy(Path("/nonexistent"))
    (one,) = [each for each in hold(policy, [waits(9)], {}, 5) if each.subject == BANK]
    assert one.since_us is None
