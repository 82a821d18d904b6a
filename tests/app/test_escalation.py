"""An alert climbs the duty list until somebody answers: each step once, and its end to all."""

import json
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.app.assembly import open_hub
from hub.app.delivering import Delivering
from hub.app.paging import KIND, TextLetter, handlers, open_paging
from hub.app.ways import open_ways
from hub.bus import MessageState, Worker
from hub.bus.tables import message
from hub.kernel.errors import HubError
from hub.kernel.typed import read_json
from hub.monitor import alerts, duty, escalation
from hub.monitor.alerts import Alert
from hub.monitor.duty import Rung
from hub.monitor.duty_tables import alert_rung
from hub.monitor.incident_reading import (
    AlreadyAnswered,
    IncidentSeen,
    respond,
    see_incident,
)
from hub.monitor.incident_tables import incident, watch_alert
from hub.monitor.policy import LEVELS, MARGIN, BadWatchPolicy, read_watch_policy
from hub.monitor.reaching import ReachWay, put_reach
from hub.monitor.telling import SHORT_MOST
from hub.ports.notify import NotifyResult, NotifyStatus, sms_units
from hub.store import Store
from hub.store.schema import upgrade
from tests.app.conftest import make_home
from tests.app.escalation_kit import LADDER, MINUTE, PHONES, Post


@pytest.fixture
def post(empty_store: Store, tmp_path: Path) -> Post:
    upgrade(empty_store)
    made = Post(empty_store, tmp_path)
    made.list_up()
    return made


def minutes(post: Post, count: int) -> None:
    """A process looks once a minute."""
    for _ in range(count):
        post.clock.moment += timedelta(minutes=1)
        post.escalating().turn(post.now_us)


def seen(post: Post, number: int = 1) -> IncidentSeen:
    with post.store.read() as view:
        return see_incident(view, number)


def told(post: Post, kind: str) -> list[str]:
    return sorted({one.person for one in seen(post).alerts if one.kind == kind and one.person})


def ladder(post: Post) -> list[tuple[int, str, str]]:
    return [(step.rung, step.outcome, step.login) for step in seen(post).steps]


def answer(post: Post, by: str) -> None:
    with post.store.write() as tx:
        respond(tx, 1, by=by, said="我来处理", now_us=post.now_us, way="phone")


class TestClimbing:
    """By the minutes of the policy, from whoever is on duty to the centre's contact."""

    @pytest.mark.parametrize("level", LEVELS)
    def test_each_rung_at_its_minute_the_last_with_time_to_answer(
        self, post: Post, level: str
    ) -> None:
        post.level = level
        begun = post.now_us
        post.begin()
        assert told(post, "begin") == ["wang"]
        minutes(post, 40)
        taken = [((step.taken_us or 0) - begun) // MINUTE for step in seen(post).steps]
        assert tuple(taken) == (0, *post.policy.duty.climb[level])
        assert ladder(post) == [(int(rung), "told", login) for rung, login in LADDER.items()]
        assert told(post, "escalate") == ["li", "sun", "zhao"]
        clocks = post.policy.levels[level]
        assert taken[-1] <= clocks.respond_minutes * MARGIN

    def test_who_answers_stops_it_and_the_clock_and_the_second_learns_who_was_first(
        self, post: Post
    ) -> None:
        post.begin()
        minutes(post, 9)
        answered_us = post.now_us
        answer(post, "li")
        with pytest.raises(AlreadyAnswered) as second:
            answer(post, "wang")
        assert "answered by li at 10-01 21:09:00" in second.value.message
        assert second.value.said == "故障 1 已由 li 于 10-01 21:09:00 响应"
        minutes(post, 60)
        one = seen(post).incident
        assert (one.responded_us, one.responded_by, one.responded_way) == (
            answered_us,
            "li",
            "phone",
        )
        assert one.holder == "li"
        assert [outcome for _, outcome, _ in ladder(post)] == ["told", "told", "over"]
        post.end(1)
        assert told(post, "end") == ["li", "wang"]

    def test_a_rung_with_nobody_or_somebody_told_holds_nothing_up(self, post: Post) -> None:
        day = [(post.now_us, post.now_us + 1440 * MINUTE)]
        with post.store.write() as tx:
            for rung, login in ((Rung.STANDBY, ""), (Rung.LEAD, "wang")):
                duty.put_turns(tx, rung, login, day, shift="", by="wang", why="请假",
                               now_us=post.now_us)  # fmt: skip
        post.begin()
        minutes(post, 8)
        assert ladder(post) == [
            (1, "told", "wang"), (2, "nobody", ""), (3, "same", "wang"), (4, "told", "sun"),
        ]  # fmt: skip

    def test_after_a_night_without_anybody_looking_each_rung_has_a_minute(self, post: Post) -> None:
        post.begin()
        post.clock.moment += timedelta(hours=9)
        escalating = post.escalating()
        assert [escalating.turn(post.now_us), escalating.turn(post.now_us)] == [1, 0]
        assert [rung for rung, outcome, _ in ladder(post) if outcome == "told"] == [1, 2]
        minutes(post, 1)
        assert [rung for rung, outcome, _ in ladder(post) if outcome == "told"] == [1, 2, 3]

    def test_a_graver_incident_climbs_sooner(self, post: Post) -> None:
        post.begin()
        minutes(post, 3)
        with post.store.write() as tx:
            escalation.hasten(tx, post.policy, 1, "major", post.now_us - 3 * MINUTE, post.now_us)
        minutes(post, 1)
        assert told(post, "escalate") == ["li"]

    def test_reminders_go_to_whoever_has_it_and_before_that_to_all_who_were_told(
        self, post: Post
    ) -> None:
        post.begin()
        minutes(post, 9)
        post.remind(1)
        assert told(post, "remind") == ["li", "wang"]
        answer(post, "wang")
        post.remind(1)
        last = [one.person for one in seen(post).alerts if one.kind == "remind" and one.number == 2]
        assert sorted({*last} - {""}) == ["wang"]

    def test_while_alarms_may_not_sound_the_step_waits(self, post: Post) -> None:
        post.begin()
        post.clock.moment += timedelta(minutes=30)
        with post.store.write() as tx:
            quiet = escalation.turn(tx, post.policy, post.channels, lambda *_: None, post.now_us)
        assert quiet == 0
        assert told(post, "escalate") == []
        minutes(post, 1)
        assert told(post, "escalate") == ["li"]

    def test_without_a_list_nothing_is_climbed(self, empty_store: Store, tmp_path: Path) -> None:
        upgrade(empty_store)
        post = Post(empty_store, tmp_path)
        post.begin()
        minutes(post, 40)
        assert ladder(post) == []
        assert [one.channel for one in seen(post).alerts] == ["spool", "mail"]


class TestTelling:
    """What reaches a person: a short text by the bus, the whole card by mail."""

    def hand_over(self, post: Post) -> list[TextLetter]:
        delivering = post.delivering()
        while delivering.turn():
            pass
        delivering.stop()
        with post.store.read() as view:
            numbers = view.scalars(sa.select(message.c.id).where(message.c.kind == KIND)).all()
            return [read_json(post.bus.payload(view, n), TextLetter) for n in numbers]

    def test_a_text_is_short_names_nobody_and_says_what_counts(self, post: Post) -> None:
        post.begin()
        (letter,) = self.hand_over(post)
        assert letter.to == PHONES["wang"]
        assert sms_units(letter.text) <= SHORT_MOST
        for part in ("【测试】[一般] 核心系统 不通", "无资金在途", "限10-01 21:30前响应", "故障1"):
            assert part in letter.text
        assert "line.not_sent" not in letter.text
        said = json.loads((post.home / "alerts/000001-begin-0.json").read_text("utf-8"))
        assert "值班：值班员 wang、备班 li、负责人 zhao、中心联系人 sun" in said["text"]

    def test_mail_brings_the_card_to_the_person_it_is_for(self, post: Post) -> None:
        post.begin()
        minutes(post, 16)
        self.hand_over(post)
        said = json.loads(
            (post.home / "mail/alerts/000001-escalate-3-zhao.json").read_text("utf-8")
        )
        assert said["title"].endswith("不通，无人响应")
        for part in (
            "影响：核心系统",
            "资金：",
            "可以等",
            "1. ",
            "3. ",
            "切勿：",
            "联系：中心信息科",
        ):
            assert part in said["text"]

    def test_handed_over_twice_is_one_message_and_the_end_waits_for_the_beginning(
        self, post: Post
    ) -> None:
        post.begin()
        post.end(1)
        assert len(self.hand_over(post)) == 1  # the bus still carries the beginning
        with post.store.write() as tx:
            number = tx.scalar(sa.select(message.c.id).where(message.c.kind == KIND))
            assert number is not None
            handler = handlers(post.clock)[KIND]
            taken = NotifyResult("n", NotifyStatus.TAKEN)
            handler.apply(tx, post.bus.message(tx, int(number)), taken)
        first, second = self.hand_over(post)
        assert "已恢复" not in first.text
        assert "已恢复" in second.text
        assert first.number != second.number

    def test_what_the_gateway_refuses_is_noted_while_it_lasts(self, post: Post) -> None:
        post.begin()
        self.hand_over(post)
        with post.store.write() as tx:
            number = tx.scalar(sa.select(message.c.id).where(message.c.kind == KIND))
            refused = NotifyResult("n", NotifyStatus.REFUSED, "BAD")
            handlers(post.clock)[KIND].apply(tx, post.bus.message(tx, int(number or 0)), refused)
            assert alerts.undelivered(tx) == 1
        (one,) = [one for one in seen(post).alerts if one.channel == "sms"]
        assert (one.person, one.sent_us, one.error) == ("wang", None, "短信平台不收 BAD")
        post.end(1)
        with post.store.read() as view:
            assert alerts.undelivered(view) == 0

    def test_whom_no_way_reaches_any_more_is_left_out(self, post: Post) -> None:
        post.begin()
        with post.store.write() as tx:
            put_reach(tx, post.vault, "wang", ReachWay.SMS, "", by="li", why="停机", now_us=1)
        assert self.hand_over(post) == []
        (one,) = [one for one in seen(post).alerts if one.channel == "sms"]
        assert one.error == "nobody is reached by this way any more"

    def test_a_way_that_hangs_does_not_hold_the_others(
        self, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stuck = threading.Event()

        class Down:
            def deliver(self, one: Alert, title: str, lines: list[str], to: str = "") -> None:
                stuck.wait(20)
                raise HubError("down")

        monkeypatch.setattr("hub.app.delivering.PATIENCE_S", 0.3)
        post.begin()
        delivering = post.delivering()
        delivering._ways = {**delivering._ways, "mail": Down()}
        delivering.turn()
        assert (post.home / "alerts/000001-begin-0.json").exists()
        assert [one.channel for one in seen(post).alerts if one.sent_us is None] == ["mail", "sms"]
        assert {one.channel for one in seen(post).alerts if one.message_id} == {"sms"}
        stuck.set()
        delivering._pool.shutdown(wait=True)
        (mail,) = [one for one in seen(post).alerts if one.channel == "mail"]
        assert (mail.tries, mail.error, mail.sent_us) == (1, "down", None)


def test_a_ladder_that_leaves_no_time_to_answer_is_refused(tmp_path: Path) -> None:
    text = (Path(duty.__file__).parent / "watch_policy.yaml").read_text("utf-8")
    for right, wrong in (
        ("ordinary: [8, 16, 24]", "ordinary: [8, 16, 25]"),
        ("ordinary: [8, 16, 24]", "ordinary: [8, 8, 24]"),
        ('hours: "08:30-17:30"', 'hours: "8:30"'),
        ("name: 夜班", "name: 白班"),
    ):
        (tmp_path / "watch.yaml").write_text(text.replace(right, wrong, 1), "utf-8")
        with pytest.raises(BadWatchPolicy):
            read_watch_policy(tmp_path)
    (tmp_path / "watch.yaml").write_text(text.partition("duty:")[0] + "cards:" +
                                         text.partition("\ncards:")[2], "utf-8")  # fmt: skip
    assert read_watch_policy(tmp_path).duty.climb["ordinary"] == (8, 16, 24)


def test_rows_of_an_incident_that_ended_first_are_closed(post: Post) -> None:
    post.begin()
    post.end(1)
    minutes(post, 40)
    with post.store.read() as view:
        assert (
            view.scalar(sa.select(alert_rung.c.id).where(alert_rung.c.due_us.is_not(None))) is None
        )
        last = view.execute(sa.select(watch_alert).order_by(watch_alert.c.id.desc())).first()
        assert last is not None
        assert last.kind == "end"
        assert view.scalar(sa.select(incident.c.responded_us)) is None


def test_over_the_whole_hub_a_text_lies_in_the_spool_folder(tmp_path: Path) -> None:
    settings = make_home(tmp_path)
    with open_hub(settings) as hub:
        post = Post(hub.store, tmp_path)
        post.vault, post.bus = hub.vault, hub.bus
        post.list_up()
        post.begin()
        delivering = Delivering(hub.store, open_ways(settings), hub.clock, "测试", open_paging(hub))
        assert delivering.channels == ("spool", "sms")
        delivering.turn()
        delivering.stop()
        worker = Worker(hub.store, hub.bus, hub.handlers(), hub.partners, threads=1)
        worker.start()
        try:
            for _ in range(100):
                with hub.store.read() as view:
                    state = view.scalar(sa.select(message.c.state).where(message.c.kind == KIND))
                if state == MessageState.DELIVERED.value:
                    break
                time.sleep(0.1)
        finally:
            worker.stop()
        (one,) = [one for one in seen(post).alerts if one.channel == "sms"]
        assert one.sent_us is not None
        (file,) = list(settings.home.rglob("202510/*.json"))
        said = json.loads(file.read_text("utf-8"))
        assert (said["SJHM"], said["FS"]) == (PHONES["wang"], "sms")
        assert "故障1" in said["NR"]
