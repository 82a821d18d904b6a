"""One leader at a time, and one that was asleep does no harm."""

import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.holder import this_holder
from hub.schedule import Leadership, LeadershipLost
from hub.schedule.tables import lease
from hub.store import Store

SHORT_S = 0.3


def test_one_holds_the_other_waits_until_the_lease_ends(store: Store) -> None:
    one = Leadership(store, "conductor", "one", SHORT_S)
    two = Leadership(store, "conductor", "two", SHORT_S)
    assert one.hold()
    assert not two.hold()
    for _ in range(4):
        time.sleep(SHORT_S / 2)
        assert one.hold()
        assert not two.hold()
    assert one.epoch == 1
    time.sleep(SHORT_S + 0.05)
    assert two.hold()
    assert two.epoch == 2
    assert not one.hold()


def test_tasks_are_apart(store: Store) -> None:
    assert Leadership(store, "conductor", "one").hold()
    assert Leadership(store, "sealer", "two").hold()


def test_the_same_process_name_started_again_is_another_holder(store: Store) -> None:
    assert Leadership(store, "conductor", "host:1").hold()
    assert not Leadership(store, "conductor", "host:1").hold()


def test_letting_go_lets_another_lead_at_once(store: Store) -> None:
    one, two = (Leadership(store, "conductor", name) for name in ("one", "two"))
    assert one.hold()
    one.release()
    one.release()
    assert two.hold()
    two_s = two.epoch
    one.release()
    assert two.hold()
    assert two.epoch == two_s == 2


def test_holding_is_cheap_between_renewals(store: Store) -> None:
    leader = Leadership(store, "conductor", "one")
    assert leader.hold()
    begun: list[object] = []
    sa.event.listen(store.writing, "begin", begun.append)
    for _ in range(100):
        assert leader.hold()
    assert begun == []


def test_of_many_at_once_one_leads(store: Store) -> None:
    leaders = [Leadership(store, "conductor", f"p{n}") for n in range(6)]
    together = threading.Barrier(6)
    held: list[bool] = []

    def hold(leader: Leadership) -> None:
        together.wait()
        held.append(leader.hold())

    threads = [threading.Thread(target=hold, args=(leader,)) for leader in leaders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == [False] * 5 + [True]


class TestFence:
    def test_the_leader_passes(self, store: Store) -> None:
        leader = Leadership(store, "conductor", "one")
        leader.hold()
        with store.write() as tx:
            leader.fence(tx)

    def test_one_that_never_led_does_not(self, store: Store) -> None:
        with pytest.raises(LeadershipLost), store.write() as tx:
            Leadership(store, "conductor", "one").fence(tx)

    def test_one_that_slept_past_its_lease_is_stopped_in_its_own_transaction(
        self, store: Store
    ) -> None:
        asleep = Leadership(store, "conductor", "one", SHORT_S)
        asleep.hold()
        time.sleep(SHORT_S + 0.05)
        with store.write() as tx:
            asleep.fence(tx)  # nobody has taken over: what it does is still in order
        assert Leadership(store, "conductor", "two", SHORT_S).hold()
        with pytest.raises(LeadershipLost) as caught, store.write() as tx:
            asleep.fence(tx)
        assert caught.value.code == "schedule.leadership_lost"

    def test_a_takeover_waits_for_the_fenced_work(self, store: Store) -> None:
        """The old leader's transaction comes before the new one's first."""
        old = Leadership(store, "conductor", "one", SHORT_S)
        new = Leadership(store, "conductor", "two", SHORT_S)
        old.hold()
        order: list[str] = []

        def take_over() -> None:
            assert new.hold()
            order.append("new leads")

        thread = threading.Thread(target=take_over)
        with store.write() as tx:
            old.fence(tx)
            time.sleep(SHORT_S + 0.05)
            thread.start()
            time.sleep(0.2)
            order.append("old work ends")
        thread.join()
        assert order == ["old work ends", "new leads"]


def test_when_the_database_fails_us_we_do_not_lead(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = Leadership(store, "conductor", "one", SHORT_S)
    assert leader.hold()
    time.sleep(SHORT_S)

    def away(_tx: Connection, _epoch: int) -> int:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(leader, "_renew", away)
        with pytest.raises(ConnectionError):
            leader.hold()
    assert leader.epoch == 0
    with store.read() as tx:
        assert tx.execute(sa.select(lease.c.epoch)).scalar_one() == 1
    time.sleep(SHORT_S)
    assert leader.hold()
    assert leader.epoch == 2


_LEADS_AND_HANGS = """
import sys, time
from hub.bus.holder import this_holder
from hub.schedule import Leadership
from hub.store import Store
assert Leadership(Store(sys.argv[1]), "conductor", this_holder(), 60).hold()
print("leads", flush=True)
time.sleep(60)
"""


def test_a_killed_process_of_this_host_is_followed_before_its_lease_ends(store: Store) -> None:
    words = [sys.executable, "-c", _LEADS_AND_HANGS, store.url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "leads\n"
            after = Leadership(store, "conductor", this_holder())
            assert not after.hold()  # it lives, and its minute is not over
        finally:
            process.kill()
    assert after.hold()
    assert after.epoch == 2
