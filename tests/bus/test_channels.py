"""Channels: stop switch, parking, resting, fairness, the bell, and the growing queue's alert."""

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from hub.bus import Effect, Lane, MessageState
from hub.bus import tables as t
from hub.bus.senders import DEPTH, Senders
from hub.bus.values import Claim, NewMessage
from hub.bus.words import Verdict
from hub.kernel.errors import Misconfigured
from hub.wire import HttpPartner
from tests.bus.kit import INTERFACE, QUICK, Bank, Partner, Rig, new, wait_for

S = MessageState


def _states(rig: Rig) -> dict[str, int]:
    with rig.store.read() as tx:
        rows = tx.execute(sa.select(t.message.c.state, sa.func.count()).group_by(t.message.c.state))
        return {row.state: int(row[1]) for row in rows}


class TestStop:
    def test_in_the_middle_of_two_hundred(self, rig: Rig) -> None:
        """After the switch's commit only what was in flight still arrives; reads go on."""
        gate = threading.Event()

        def answer(_: str) -> str:
            gate.wait(5)
            return "ok"

        rig.bank.answer = answer
        rig.book.partners[INTERFACE].http.timeout_s = 5
        rig.book.partners[INTERFACE].timeout_s = 5
        rig.book.partners[INTERFACE].lease_s = 30
        rig.put(*(new(f"m{n}") for n in range(200)))
        worker = rig.worker()
        worker.start()
        wait_for(lambda: len(rig.bank.booked) == 4)
        with rig.store.write() as tx:
            stopped = rig.bus.stop(tx, INTERFACE, "wang", "the bank called")
        assert (stopped.parked, stopped.in_flight) == (196, 4)
        gate.set()
        wait_for(lambda: worker.busy == 0)
        rig.put(new("late"), new("question", Effect.READ, kind="ask"))
        wait_for(lambda: rig.bank.asked == ["question"])
        time.sleep(0.5)
        assert len(rig.bank.booked) == 4
        assert _states(rig) == {"parked": 197, "delivered": 5}
        with rig.store.write() as tx:
            assert rig.bus.resume(tx, INTERFACE, "li", "all clear") == 197
        wait_for(lambda: len(rig.bank.booked) == 201)
        assert worker.stop()
        assert len(set(rig.bank.booked)) == 201

    def test_a_repeat_after_unknown_is_held_back_too(self, rig: Rig) -> None:
        rig.bank.answer = lambda _: "reset"
        (number,) = rig.put(new("a"))
        rig.run_dry()
        with rig.store.write() as tx:
            rig.bus.stop(tx, INTERFACE, "wang", "")
            rig.bus.send_again(tx, number, "not found")
        assert rig.worker().run_once() == 0
        with rig.store.read() as tx:
            assert rig.bus.stopped(tx, INTERFACE)

    def test_a_claim_that_waited_for_a_thread_begins_nothing_after_the_stop(self, rig: Rig) -> None:
        rig.put(new("a"), new("q", Effect.READ, kind="ask"))
        worker = rig.worker()
        late = [replace(one, deadline=one.deadline - 1) for one in rig.claim(2)]
        with rig.store.write() as tx:
            assert rig.bus.stop(tx, INTERFACE, "wang", "").in_flight == 1
        verdicts = [worker.send(one) for one in late]
        assert [one.verdict for one in verdicts] == [Verdict.NOT_SENT, Verdict.DELIVERED]
        assert verdicts[0].error_code == "bus.stopped_meanwhile"
        assert (rig.bank.booked, rig.bank.asked) == ([], ["q"])

    def test_quick_sends_are_claimed_ahead_and_slow_ones_are_not(self, rig: Rig) -> None:
        began = threading.Event()

        def carry(_: Claim) -> None:
            began.wait(5)

        senders = Senders(2, carry)
        assert senders.depth(INTERFACE) == 2
        rig.put(*(new(f"m{n}") for n in range(100)))
        quick, (slow,) = rig.claim(99), rig.claim(1)
        began.set()
        senders.add(quick)
        wait_for(lambda: senders.depth(INTERFACE) == 2 * DEPTH)
        began.clear()
        senders.add([slow])
        time.sleep(0.2)
        began.set()
        wait_for(lambda: senders.depth(INTERFACE) == 2)
        senders.close()

    def test_a_channel_can_be_stopped_before_its_first_message(self, rig: Rig) -> None:
        with rig.store.write() as tx:
            assert rig.bus.stop(tx, INTERFACE, "wang", "").parked == 0
        (number,) = rig.put(new("a"))
        assert rig.get(number).state is S.PARKED

    def test_a_claim_under_way_and_a_stop_come_one_after_the_other(self, rig: Rig) -> None:
        """Whatever starts has started when the stop has committed: never after it."""
        rig.put(*(new(f"m{n}") for n in range(60)))
        after: list[int] = []
        stopped = threading.Event()

        def claim() -> None:
            while not stopped.is_set():
                rig.claim(1)
            after.append(len(rig.claim(5)))

        threads = [threading.Thread(target=claim) for _ in range(3)]
        for one in threads:
            one.start()
        wait_for(lambda: _states(rig).get("in_flight", 0) > 5)
        with rig.store.write() as tx:
            report = rig.bus.stop(tx, INTERFACE, "wang", "")
        flying = _states(rig).get("in_flight", 0)
        stopped.set()
        for one in threads:
            one.join()
        assert after == [0, 0, 0]
        assert report.in_flight == flying == 60 - report.parked


class TestPark:
    def test_one_message(self, rig: Rig) -> None:
        first, second = rig.put(new("a"), new("b"))
        with rig.store.write() as tx:
            assert rig.bus.park(tx, first, "wang", "wait for the leader")
            assert not rig.bus.park(tx, first, "wang", "again")
        rig.run_dry()
        assert rig.bank.booked == ["b"]
        with rig.store.write() as tx:
            assert not rig.bus.park(tx, second, "wang", "too late")
            assert rig.bus.unpark(tx, first, "wang", "go")
            assert not rig.bus.unpark(tx, first, "wang", "go")
        rig.run_dry()
        assert rig.bank.booked == ["b", "a"]

    def test_what_a_person_parked_stays_when_the_channel_resumes(self, rig: Rig) -> None:
        first, second, third = rig.put(new("a"), new("b"), new("c"))
        with rig.store.write() as tx:
            rig.bus.park(tx, first, "wang", "before the stop")
            rig.bus.stop(tx, INTERFACE, "wang", "")
            rig.bus.park(tx, second, "wang", "after the stop")
            assert rig.bus.resume(tx, INTERFACE, "li", "") == 1
        assert [rig.get(n).state for n in (first, second, third)] == [
            S.PARKED, S.PARKED, S.QUEUED,
        ]  # fmt: skip


class TestConcurrency:
    def test_the_contract_s_number_over_all_workers(self, rig: Rig) -> None:
        rig.put(*(new(f"m{n}") for n in range(10)))
        lane = Lane(INTERFACE, limit=10, concurrency=3, lease_s=30)
        with rig.store.write() as tx:
            assert len(rig.bus.claim(tx, "one", [lane])) == 3
        with rig.store.write() as tx:
            assert rig.bus.claim(tx, "two", [lane]) == []

    def test_a_slow_bank_holds_no_other_s_threads(self, rig: Rig) -> None:
        slow = Bank(answer=lambda _: "hang")
        with slow.open(), HttpPartner({"nc": slow.url}, timeout_s=5) as http:
            rig.book.partners["core"] = Partner(http, timeout_s=5, lease_s=30)
            rig.put(*(new(f"s{n}", interface="core") for n in range(50)))
            rig.put(*(new(f"m{n}") for n in range(50)))
            worker = rig.worker()
            worker.start()
            wait_for(lambda: len(rig.bank.booked) == 50)
            assert len(slow.booked) == 4
            slow.released.set()
            assert worker.stop()

    def test_a_partner_that_is_not_configured_claims_nothing(self, rig: Rig) -> None:
        def broken(interface: str) -> Partner:
            raise Misconfigured(f"hub.toml says nothing of {interface}")

        rig.book.open = broken  # type: ignore[method-assign]
        (number,) = rig.put(new("a"))
        assert rig.worker().run_once() == 0
        assert rig.get(number).try_no == 0


class TestRest:
    def test_a_dead_partner_is_knocked_at_once_not_a_thousand_times(self, rig: Rig) -> None:
        """OpenHIM #1185: 900 retries a minute that nobody could stop."""
        rig.bus._policy[INTERFACE] = replace(QUICK, rest_first_s=0.1, rest_max_s=0.4)
        alive = rig.book.partners[INTERFACE].http.endpoints["nc"]
        rig.book.partners[INTERFACE].http.endpoints["nc"] = "http://127.0.0.1:1"
        rig.put(*(new(f"m{n}") for n in range(300)))
        worker = rig.worker()
        worker.start()
        time.sleep(1.5)
        with rig.store.read() as tx:
            knocks = tx.scalar(sa.select(sa.func.count()).select_from(t.attempt))
        assert 3 <= (knocks or 0) <= 15
        rig.book.partners[INTERFACE].http.endpoints["nc"] = alive
        wait_for(lambda: len(rig.bank.booked) == 300)
        assert worker.stop()
        with rig.store.read() as tx:
            row = tx.execute(sa.select(t.channel)).one()
        assert (row.misses, row.rest_until_us) == (0, 0)


class TestBell:
    def test_a_put_wakes_the_worker_after_its_commit(self, rig: Rig) -> None:
        worker = rig.worker()
        worker.start()
        time.sleep(0.3)
        took = []
        for n in range(5):
            began = time.monotonic()
            rig.put(new(f"m{n}"))
            wait_for(lambda n=n: len(rig.bank.booked) == n + 1)  # type: ignore[misc]
            took.append(time.monotonic() - began)
            time.sleep(0.25)
        assert worker.stop()
        assert sorted(took)[2] < 0.15, took  # polling alone would take 0.1 s more on average

    def test_a_delayed_message_waits(self, rig: Rig) -> None:
        rig.put(new("a", delay_s=0.4))
        assert rig.worker().run_once() == 0
        time.sleep(0.5)
        assert rig.worker().run_once() == 1


class TestAlerts:
    def test_one_when_it_begins_one_when_it_ends(self, rig: Rig) -> None:
        rig.bus._policy[INTERFACE] = replace(QUICK, alert_backlog=10)
        reaper = rig.reaper()
        rig.put(*(new(f"m{n}") for n in range(10)))
        assert reaper.watch_once() == 0
        rig.put(new("one more"))
        assert reaper.watch_once() == 1
        assert reaper.watch_once() == 0
        rig.worker().run_once()
        assert reaper.watch_once() == 0  # 7 left: still above the half
        rig.run_dry()
        assert [reaper.watch_once(), reaper.watch_once()] == [1, 0]
        with rig.store.read() as tx:
            (row,) = tx.execute(sa.select(t.alert)).all()
        assert (row.kind, row.open_key) == ("queue_growing", None)
        assert row.ended_us > row.begun_us

    @pytest.mark.parametrize("more", [{"delay_s": 3600.0}, {"endless": True}])
    def test_what_is_meant_to_wait_is_no_alarm(self, rig: Rig, more: dict[str, object]) -> None:
        rig.bus._policy[INTERFACE] = replace(QUICK, alert_backlog=2)
        messages: list[NewMessage] = [new(f"m{n}", **more) for n in range(9)]
        rig.put(*messages)
        assert rig.reaper().watch_once() == 0


class TestShut:
    """A kind of message that may not go out now: a bank takes no payments at night."""

    @pytest.fixture
    def night(self, rig: Rig) -> set[str]:
        shut: set[str] = {"pay"}
        rig.bus.shut = lambda _tx, interface: frozenset(shut if interface == INTERFACE else ())
        return shut

    def test_it_waits_and_others_go(self, rig: Rig, night: set[str]) -> None:
        (money, _) = rig.put(new("a"), new("q", Effect.READ, kind="ask"))
        assert [rig.worker().run_once() for _ in range(2)] == [1, 0]
        assert (rig.bank.booked, rig.bank.asked) == ([], ["q"])
        assert rig.get(money).state is S.QUEUED
        assert rig.get(money).tries == 0
        with rig.store.read() as tx:
            assert rig.bus.ready(tx) == []  # nobody looks at it all night
        night.clear()
        with rig.store.write() as tx:
            assert rig.bus.reopen(tx, INTERFACE, "pay") == 1
        rig.run_dry()
        assert rig.bank.booked == ["a"]

    def test_the_wait_is_no_age(self, rig: Rig, night: set[str]) -> None:
        """What surely was not sent begins its age anew; what may have been keeps its time."""
        fresh, doubtful, ended = rig.put(new("a"), new("b"), new("c"))
        with rig.store.write() as tx:
            tx.execute(sa.update(t.message).values(queued_us=1))
            tx.execute(sa.update(t.message).where(t.message.c.id == doubtful).values(maybe_sent=1))
            rig.bus.park(tx, ended, "wang", "")
            assert rig.bus.reopen(tx, INTERFACE, "pay") == 2
            assert rig.bus.reopen(tx, INTERFACE, "ask") == 0
        queued = [rig.get(number).queued_us for number in (fresh, doubtful, ended)]
        assert queued[0] > 1
        assert queued[1:] == [1, 1]

    def test_what_was_claimed_before_and_begins_after_is_not_sent(self, rig: Rig) -> None:
        rig.put(new("a"))
        worker = rig.worker()
        (late,) = [replace(one, deadline=one.deadline - 1) for one in rig.claim(1)]
        rig.bus.shut = lambda _tx, _interface: frozenset({"pay"})
        outcome = worker.send(late)
        assert (outcome.verdict, outcome.error_code) == (Verdict.NOT_SENT, "bus.shut_meanwhile")
        assert rig.bank.booked == []
