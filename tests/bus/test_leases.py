"""Leases with their epoch: one holder at a time, and what becomes of what a dead one held."""

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.bus import Effect, Lane, LeaseLost, MessageState, Outcome, Verdict
from hub.bus import tables as t
from hub.bus.finisher import Ended
from hub.bus.holder import _started, surely_dead, this_holder
from hub.bus.values import Claim
from hub.store import Store
from tests.bus.kit import INTERFACE, QUICK, Bank, Book, Keeper, Rig, make_bus, new, wait_for

S = MessageState
TAKEN = Outcome(verdict=Verdict.DELIVERED, result="ok")


@contextmanager
def runner(rig: Rig, tmp_path: Path, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    """A worker process of its own on the rig's database and bank."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "tests.bus.runner",
            rig.store.url, str(tmp_path / "keys"), rig.bank.url, str(seconds),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


class TestOneRunnerEach:
    def test_three_processes_send_five_hundred_messages_once(
        self, rig: Rig, tmp_path: Path
    ) -> None:
        """DBOS #541: two runners on SQLite both executed one item."""
        with (
            runner(rig, tmp_path),
            runner(rig, tmp_path),
            runner(rig, tmp_path),
        ):
            rig.put(*(new(f"m{n}") for n in range(500)))  # now: all three are up
            wait_for(lambda: not rig.open_messages(), 60)
        assert Counter(rig.bank.booked) == Counter(f"m{n}" for n in range(500))
        assert Counter(rig.words()) == {"applied": 500}
        with rig.store.read() as tx:
            holders = tx.scalars(sa.select(t.attempt.c.holder).distinct()).all()
        assert len(holders) == 3

    def test_eight_threads_claim_each_message_once(self, rig: Rig) -> None:
        ids = rig.put(*(new(f"m{n}") for n in range(200)))
        taken: list[int] = []

        def claim(name: str) -> None:
            misses = 0
            while misses < 5:
                got = rig.claim(3, holder=name)
                taken.extend(one.message.id for one in got)
                misses = 0 if got else misses + 1

        threads = [threading.Thread(target=claim, args=(f"w{n}",)) for n in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(taken) == ids


class TestEpoch:
    def test_a_stale_epoch_cannot_finish_or_extend(self, rig: Rig) -> None:
        (number,) = rig.put(new("a", Effect.COMMAND))
        (stale,) = rig.claim(lease_s=-1)
        assert rig.reaper().run_once() == 1
        wait_for(lambda: rig.get(number).state is S.WAITING)
        fresh = None
        while not fresh:
            fresh = rig.claim(holder="other")
        with rig.store.write() as tx:
            assert not rig.bus.extend(tx, stale, 30)
        with pytest.raises(LeaseLost), rig.store.write() as tx:
            rig.bus.finish(tx, stale, TAKEN, rig.keeper)
        assert (rig.get(number).state, rig.words()) == (S.IN_FLIGHT, [])
        with rig.store.write() as tx:
            assert rig.bus.extend(tx, fresh[0], 30)
            rig.bus.finish(tx, fresh[0], TAKEN, rig.keeper)
        assert (rig.get(number).state, rig.words()) == (S.DELIVERED, ["applied"])

    def test_the_right_epoch_under_another_name_cannot_finish(self, rig: Rig) -> None:
        rig.put(new("a"))
        (claim,) = rig.claim()
        with pytest.raises(LeaseLost), rig.store.write() as tx:
            rig.bus.finish(tx, replace(claim, holder="you"), TAKEN, rig.keeper)

    def test_finishing_twice_applies_once(self, rig: Rig) -> None:
        rig.put(new("a"))
        (claim,) = rig.claim()
        with rig.store.write() as tx:
            rig.bus.finish(tx, claim, TAKEN, rig.keeper)
        with pytest.raises(LeaseLost), rig.store.write() as tx:
            rig.bus.finish(tx, claim, TAKEN, rig.keeper)
        assert rig.words() == ["applied"]

    def test_a_reply_after_the_lease_is_evidence_and_nothing_else(self, rig: Rig) -> None:
        (number,) = rig.put(new("a"))
        worker = rig.worker()
        rig.bank.answer = lambda _: "ok" if rig.reaper().run_once() >= 0 else ""
        rig.book.partners[INTERFACE].lease_s = 30  # nothing is prolonged before the call
        with rig.store.write() as tx:
            (claim,) = rig.bus.claim(tx, worker.holder, [Lane(INTERFACE, 1, 1, 30)])
            tx.execute(sa.update(t.message).values(lease_until_us=1))
        outcome = worker.send(claim)
        assert outcome.verdict is Verdict.DELIVERED
        worker._finisher._alone(_ended(claim, outcome))
        assert (rig.get(number).state, rig.words()) == (S.UNKNOWN, ["unknown"])
        (attempt,) = rig.attempts(number)
        assert (attempt.late, attempt.verdict) == (1, "delivered")
        assert rig.calls(number)[0].status == 200

    def test_no_send_starts_when_the_lease_cannot_outlast_it(self, rig: Rig) -> None:
        rig.put(new("a", Effect.COMMAND))
        (claim,) = rig.claim(lease_s=0.5)  # the call may take 1 s
        outcome = rig.worker().send(claim)
        assert (outcome.verdict, outcome.error_code) == (
            Verdict.NOT_SENT,
            "settings.misconfigured",
        )
        assert rig.bank.booked == []

    def test_a_short_rest_of_the_lease_is_prolonged_before_the_call(self, rig: Rig) -> None:
        rig.put(new("a"))
        (claim,) = rig.claim(lease_s=30)
        late = replace(claim, deadline=claim.deadline - 29.5)
        before = _lease(rig)
        assert rig.worker().send(late).verdict is Verdict.DELIVERED
        assert _lease(rig) > before

    def test_a_lease_that_passed_on_stops_the_call_before_it_starts(self, rig: Rig) -> None:
        rig.put(new("a"))
        (claim,) = rig.claim(lease_s=30)
        with rig.store.write() as tx:
            tx.execute(sa.update(t.message).values(epoch=7))
        outcome = rig.worker().send(replace(claim, deadline=claim.deadline - 29.5))
        assert (outcome.verdict, outcome.error_code) == (Verdict.NOT_SENT, "bus.lease_lost")
        assert rig.bank.booked == []


def _ended(claim: Claim, outcome: Outcome) -> Ended:
    return Ended(claim, outcome, lambda: None)


def _lease(rig: Rig) -> int:
    with rig.store.read() as tx:
        return int(tx.scalar(sa.select(t.message.c.lease_until_us)) or 0)


class TestReaper:
    def test_money_becomes_unknown_and_is_not_resent(self, rig: Rig) -> None:
        (number,) = rig.put(new("a"))
        rig.claim(lease_s=-1)
        assert rig.reaper().run_once() == 1
        assert rig.reaper().run_once() == 0
        assert (rig.get(number).state, rig.words()) == (S.UNKNOWN, ["unknown"])
        rig.run_dry()
        assert rig.bank.booked == []

    def test_a_living_lease_is_left_alone(self, rig: Rig) -> None:
        rig.put(new("a"))
        rig.claim(lease_s=30)
        assert rig.reaper().run_once() == 0

    def test_a_message_nobody_can_handle_is_left_and_the_others_are_reaped(self, rig: Rig) -> None:
        ids = rig.put(new("a", kind="strange"), new("b"))
        rig.claim(2, lease_s=-1)
        assert rig.reaper().run_once() == 1
        assert [rig.get(n).state for n in ids] == [S.IN_FLIGHT, S.UNKNOWN]

    def test_a_handler_that_cannot_be_told_is_told_later(self, rig: Rig) -> None:
        ids = rig.put(new("a"), new("b", Effect.COMMAND))
        rig.claim(2, lease_s=-1)
        rig.keeper.fail_on = {"unknown"}
        assert rig.reaper().run_once() == 1
        assert [rig.get(n).state for n in ids] == [S.IN_FLIGHT, S.WAITING]
        rig.keeper.fail_on = set()
        assert rig.reaper().run_once() == 1
        assert (rig.get(ids[0]).state, rig.words()) == (S.UNKNOWN, ["unknown"])

    def test_reaping_counts_towards_the_ceiling(self, rig: Rig) -> None:
        rig.bus._policy[INTERFACE] = replace(QUICK, max_tries=1)
        (number,) = rig.put(new("a", Effect.COMMAND))
        rig.claim(lease_s=-1)
        rig.reaper().run_once()
        assert (rig.get(number).state, rig.words()) == (S.DEAD, ["died"])


class TestHolder:
    def test_this_process_lives(self) -> None:
        assert not surely_dead(this_holder())

    def test_two_workers_of_a_process_have_two_names(self) -> None:
        assert this_holder() != this_holder()

    def test_a_finished_process_is_dead_even_under_a_reused_number(self) -> None:
        host, _, _, mark = this_holder().split("/")
        child = subprocess.Popen(["sleep", "60"])
        try:
            alive = f"{host}/{child.pid}/{_started(child.pid)}/{mark}"
            assert not surely_dead(alive)
            assert surely_dead(f"{host}/{child.pid}/1/{mark}")
        finally:
            child.kill()
        wait_for(lambda: surely_dead(alive))  # still a zombie: nobody has waited for it
        child.wait()
        assert surely_dead(alive)

    @pytest.mark.parametrize("name", ["elsewhere/1/2/x", "me", "", "a/b"])
    def test_in_doubt_it_lives(self, name: str) -> None:
        assert not surely_dead(name)


class TestKilled:
    def test_kill_9_in_flight(self, rig: Rig, tmp_path: Path) -> None:
        """Money becomes unknown at once and is not sent again; a read and a command are."""
        rig.bank.answer = lambda _: "hang"
        ids = rig.put(
            new("money"), new("command", Effect.COMMAND), new("read", Effect.READ, kind="ask")
        )
        with runner(rig, tmp_path) as process:
            wait_for(lambda: len(rig.bank.booked) == 2 and len(rig.bank.asked) == 1)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert [rig.get(n).state for n in ids] == [S.IN_FLIGHT] * 3
        rig.bank.answer = lambda _: "ok"
        assert rig.reaper().run_once() == 3  # long before the leases of 60 s are over
        rig.run_dry()
        assert [rig.get(n).state for n in ids] == [S.UNKNOWN, S.DELIVERED, S.DELIVERED]
        assert Counter(rig.bank.booked) == {"money": 1, "command": 2}
        assert rig.bank.asked == ["read", "read"]
        assert rig.words(ids[0]) == ["unknown"]

    def test_a_stopped_worker_leaves_nothing_in_flight(self, rig: Rig, tmp_path: Path) -> None:
        rig.put(*(new(f"m{n}") for n in range(20)))
        with runner(rig, tmp_path) as process:
            wait_for(lambda: len(rig.bank.booked) > 3)
            out, _ = process.communicate("")
        assert out.strip() == "stopped"
        with rig.store.read() as tx:
            states = tx.scalars(sa.select(t.message.c.state).distinct()).all()
        assert "in_flight" not in states


class TestClockJumps:
    @pytest.mark.parametrize("jump_s", [-7200, 7200])
    def test_each_message_still_has_one_end(
        self, empty_store: Store, tmp_path: Path, jump_s: int
    ) -> None:
        """Only the database's time counts; when that jumps, the epoch still tells."""
        shift = [0]

        def now(tx: sa.Connection) -> int:
            return 1_760_000_000_000_000 + shift[0]

        keeper = Keeper()
        bus = make_bus(empty_store, tmp_path / "keys", now=now)
        rig = Rig(empty_store, bus, Bank(), keeper, Book(), {"pay": keeper})
        ids = rig.put(new("a"), new("b", Effect.COMMAND))
        claims = rig.claim(2, lease_s=60, holder="somebody/elsewhere/1/x")
        shift[0] = jump_s * 1_000_000
        reaped = rig.reaper().run_once()
        assert reaped == (2 if jump_s > 0 else 0)
        for claim in claims:
            with rig.store.write() as tx:
                if reaped:
                    with pytest.raises(LeaseLost):
                        bus.finish(tx, claim, TAKEN, keeper)
                else:
                    bus.finish(tx, claim, TAKEN, keeper)
        wanted = [S.UNKNOWN, S.WAITING] if reaped else [S.DELIVERED, S.DELIVERED]
        assert [rig.get(n).state for n in ids] == wanted
