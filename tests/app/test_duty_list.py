"""The duty list: newest rows count, gaps are seen ahead, and nobody's number stands in clear."""

from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.kernel.clocks import from_us
from hub.monitor import duty
from hub.monitor.duty import BadDuty, Rung
from hub.monitor.duty_tables import duty_reach
from hub.monitor.reaching import BadReach, ReachWay, put_reach, read_reaches, ways_to
from hub.schedule import load_span, seed_calendar
from hub.store import Store
from hub.store.schema import upgrade
from tests.app.escalation_kit import MINUTE, PHONES, Post


@pytest.fixture
def post(empty_store: Store, tmp_path: Path) -> Post:
    upgrade(empty_store)
    made = Post(empty_store, tmp_path)
    made.list_up()
    return made


class TestReach:
    """Numbers and addresses stand sealed, with a token and a mask."""

    def test_nothing_stands_in_clear(self, post: Post) -> None:
        with post.store.read() as view:
            rows = view.execute(sa.select(duty_reach)).all()
            masks = {(one.login, one.way): one.mask for one in read_reaches(view)}
        assert not any(number in str(row) for row in rows for number in PHONES.values())
        assert masks["wang", "sms"] == "157****4921"
        assert masks["zhao", "mail"] == "z***@centre.example"

    def test_the_newest_counts_and_the_same_again_is_no_change(self, post: Post) -> None:
        def put(way: ReachWay, to: str) -> bool:
            with post.store.write() as tx:
                return put_reach(tx, post.vault, "wang", way, to, by="li", why="换号", now_us=1)

        assert not put(ReachWay.SMS, PHONES["wang"])
        assert put(ReachWay.SMS, "")
        with post.store.read() as view:
            assert ways_to(view, "wang") == ()
        for way, wrong in ((ReachWay.SMS, "12345"), (ReachWay.MAIL, "a@b@c")):
            with pytest.raises(BadReach):
                put(way, wrong)


class TestList:
    """Newest rows count; swaps and gaps."""

    def test_a_swap_is_one_more_row(self, post: Post) -> None:
        hour = 60 * MINUTE
        with post.store.write() as tx:
            made = duty.swap(tx, "wang", "li", post.now_us + hour, post.now_us + 2 * hour,
                             by="zhao", why="换班", now_us=post.now_us)  # fmt: skip
            assert len(made) == 2
            cut = duty.stretches(tx, post.now_us, post.now_us + 3 * hour)
            with pytest.raises(BadDuty):
                duty.swap(tx, "he", "qian", post.now_us, post.now_us + hour, by="zhao", why="x",
                          now_us=post.now_us)  # fmt: skip
            whole = duty.read_turns(tx, post.now_us, post.now_us + hour)
        assert [one.on[1] for one in cut] == ["wang", "li", "wang"]
        assert [one.on[2] for one in cut] == ["li", "wang", "li"]
        assert {turn.why for turn in whole} == {"十月排班"}

    def test_what_is_past_cannot_be_rewritten(self, post: Post) -> None:
        with post.store.write() as tx:
            with pytest.raises(BadDuty):
                duty.put_turns(tx, Rung.PRIMARY, "li", [(0, post.now_us)], shift="", by="x",
                               why="x", now_us=post.now_us)  # fmt: skip
            duty.put_turns(tx, Rung.PRIMARY, "li", [(0, post.now_us + MINUTE)], shift="", by="x",
                           why="x", now_us=post.now_us)  # fmt: skip
            assert duty.read_changes(tx, 1)[0].from_us == post.now_us

    def test_gaps_are_seen_ahead(self, post: Post) -> None:
        hour = 60 * MINUTE
        gap = (post.now_us + hour, post.now_us + 2 * hour)
        with post.store.write() as tx:
            duty.put_turns(tx, Rung.PRIMARY, "", [gap], shift="", by="wang", why="请假",
                           now_us=post.now_us)  # fmt: skip
            found = duty.stretches(tx, post.now_us, post.now_us + 9 * hour)
        assert duty.gaps(found, Rung.PRIMARY) == [gap]
        assert duty.gaps(found, Rung.STANDBY) == []


class TestShifts:
    """The shipped shifts over National Day 2025: 1 to 8 October free, the 11th worked in lieu."""

    FIRST, LAST = date(2025, 9, 29), date(2025, 10, 13)

    def spans(self, post: Post, name: str) -> list[tuple[datetime, datetime]]:
        shift = post.policy.duty.shift(name)
        assert shift is not None
        with post.store.write() as tx:
            seed_calendar(tx)
            calendar = load_span(tx, self.FIRST, self.LAST)
        found = duty.shift_spans(shift, self.FIRST, self.LAST, calendar)
        return [(from_us(begins), from_us(ends)) for begins, ends in found]

    def test_days_follow_the_calendar(self, post: Post) -> None:
        worked = [begins.date() for begins, _ in self.spans(post, "白班")]
        assert worked == [
            date(2025, 9, 29), date(2025, 9, 30), date(2025, 10, 9), date(2025, 10, 10),
            date(2025, 10, 11), date(2025, 10, 13),
        ]  # fmt: skip
        assert len(self.spans(post, "假日白班")) == 9
        assert all(ends.date() > begins.date() for begins, ends in self.spans(post, "夜班"))

    def test_together_they_leave_no_moment_out_and_take_none_twice(self, post: Post) -> None:
        spans = sorted(one for shift in post.policy.duty.shifts
                       for one in self.spans(post, shift.name))  # fmt: skip
        assert all(one[1] == other[0] for one, other in pairwise(spans))
