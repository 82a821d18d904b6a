"""Begin, answer, escalate, remind, end in any order, with processes that die in between.

Whatever happens: one begin, each person once on the way up, nobody further after an answer, one
end, and nobody told after it.
"""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.bus.tables import message
from hub.monitor import duty, escalation, incidents
from hub.monitor.duty import Rung
from hub.monitor.duty_tables import alert_rung
from hub.monitor.incident_reading import IncidentElsewhere, respond
from hub.monitor.incident_tables import incident, incident_line, watch_alert
from hub.store import Store
from hub.store.schema import upgrade
from tests.app.escalation_kit import LADDER, MINUTE, Post

LOGINS = [*LADDER.values(), ""]


class Killed(BaseException):
    """The process is gone before its transaction is committed."""


class Climb(RuleBasedStateMachine):
    """One incident at a time on one database."""

    store: ClassVar[Store]
    home: ClassVar[Path]

    @initialize()
    def fresh(self) -> None:
        with self.store.write() as tx:
            for table in (watch_alert, alert_rung, incident, incident_line, message):
                tx.execute(sa.delete(table))
            tx.execute(sa.delete(duty.duty_turn))
        self.post = Post(self.store, self.home)
        self.post.list_up()
        self.number = 0
        self.restored = False
        self.answered_at = 0
        """The number of the last alert when somebody answered."""
        self.asked: set[str] = set()
        self.delivering = self.post.delivering()

    def teardown(self) -> None:
        if hasattr(self, "delivering"):
            self.delivering.stop()

    @rule(minutes=st.integers(0, 12))
    def time_goes_by(self, minutes: int) -> None:
        self.post.clock.moment += timedelta(minutes=minutes)

    @rule(rung=st.sampled_from(list(Rung)), login=st.sampled_from(LOGINS))
    def the_list_changes(self, rung: Rung, login: str) -> None:
        span = [(self.post.now_us, self.post.now_us + 90 * MINUTE)]
        with self.store.write() as tx:
            duty.put_turns(tx, rung, login, span, shift="", by="wang", why="换班",
                           now_us=self.post.now_us)  # fmt: skip

    @precondition(lambda self: not self.number)
    @rule(level=st.sampled_from(["major", "serious", "ordinary"]))
    def trouble_begins(self, level: str) -> None:
        self.post.level = level
        self.number = self.post.begin()

    @rule(killed=st.booleans())
    def somebody_leads(self, killed: bool) -> None:
        """Also twice at once, and by a process that dies before it is through."""
        try:
            with self.store.write() as tx:
                escalation.turn(
                    tx, self.post.policy, self.post.channels, lambda *_: ((0, 0), 0),
                    self.post.now_us,
                )  # fmt: skip
                if killed:
                    raise Killed
        except Killed:
            pass

    @precondition(lambda self: self.number)
    @rule(by=st.sampled_from(list(LADDER.values())), killed=st.booleans())
    def somebody_answers(self, by: str, killed: bool) -> None:
        try:
            with self.store.write() as tx:
                respond(tx, self.number, by=by, said="我来", now_us=self.post.now_us, way="page")
                if killed:
                    raise Killed
        except Killed:
            return
        except IncidentElsewhere:
            assert self.asked
            return
        assert not self.asked
        self.asked.add(by)
        self.answered_at = self._last()

    @precondition(lambda self: self.number and not self.restored)
    @rule()
    def it_is_reminded_of(self) -> None:
        self.post.remind(self.number)

    @precondition(lambda self: self.number)
    @rule(killed=st.booleans())
    def it_ends(self, killed: bool) -> None:
        """By whoever sees it first; the second sees nothing to end."""
        try:
            with self.store.write() as tx:
                row = tx.execute(sa.select(incident)).one()
                incidents.end(tx, self.post.subject, row, self.post.now_us, self.post.now_us)
                if killed:
                    raise Killed
        except Killed:
            return
        self.restored = True

    @rule()
    def the_outbox_is_emptied_by_a_process_that_has_just_begun(self) -> None:
        self.delivering.stop()
        self.delivering = self.post.delivering()
        self.delivering.turn()

    @invariant()
    def told_once_on_the_way_up_and_nobody_after_the_end(self) -> None:
        if not getattr(self, "number", 0):
            return
        with self.store.read() as view:
            rows = view.execute(sa.select(watch_alert).order_by(watch_alert.c.id)).all()
            steps = view.execute(sa.select(alert_rung).order_by(alert_rung.c.rung)).all()
            texts = view.scalar(sa.select(sa.func.count()).select_from(message))
        up = [row for row in rows if row.kind in ("begin", "escalate")]
        for person in LADDER.values():
            assert sum(row.person == person and row.channel == "sms" for row in up) <= 1
        groups = [row.channel for row in rows if row.kind == "begin" and not row.person]
        assert sorted(groups) == ["mail", "spool"]
        told = [step.login for step in steps if step.outcome == "told"]
        assert len(told) == len(set(told))
        assert sum(step.due_us is not None for step in steps) <= 1
        if self.asked:
            assert all(row.id <= self.answered_at for row in up)
            assert all(step.due_us is None for step in steps)
        ends = [row for row in rows if row.kind == "end"]
        assert bool(ends) is self.restored
        if ends:
            assert all(row.id >= ends[0].id for row in rows[rows.index(ends[0]) :])
            assert {row.kind for row in rows if row.id >= ends[0].id} == {"end"}
            assert {row.person for row in ends if row.channel == "sms"} == {
                row.person for row in rows if row.person
            }
        carried = {row.message_id for row in rows if row.message_id is not None}
        assert texts == len(carried)

    def _last(self) -> int:
        with self.store.read() as view:
            return int(view.scalar(sa.select(sa.func.max(watch_alert.c.id))) or 0)


@pytest.mark.parametrize("steps", [25])
def test_in_any_order(empty_store: Store, steps: int) -> None:
    upgrade(empty_store)
    with TemporaryDirectory() as home:
        Climb.store, Climb.home = empty_store, Path(home)
        run_state_machine_as_test(
            Climb, settings=settings(max_examples=12, stateful_step_count=steps, deadline=None)
        )
