"""The database goes away while replies come in: nothing is lost, nothing is sent twice."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from hub.bus import MessageState, Worker
from hub.store import DatabaseAway, Store
from tests.bus.kit import Rig, new, wait_for


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set, nobody gets a transaction."""
    gone = threading.Event()
    open_ = Store._open

    @contextmanager
    def broken(self: Store, engine: sa.Engine) -> Iterator[sa.Connection]:
        if gone.is_set():
            raise DatabaseAway
        with open_(self, engine) as tx:
            yield tx

    monkeypatch.setattr(Store, "_open", broken)
    return gone


@contextmanager
def running(rig: Rig) -> Iterator[Worker]:
    """A worker that is stopped however the test ends: it would meet the next one's database."""
    worker = rig.worker()
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(5)


def test_replies_wait_in_memory_until_the_database_is_back(rig: Rig, away: threading.Event) -> None:
    def answer(_: str) -> str:
        away.set()
        return "ok"

    rig.bank.answer = answer
    ids = rig.put(*(new(f"m{n}") for n in range(20)))
    reaper = rig.reaper()
    reaper.start()
    with running(rig):
        wait_for(away.is_set)
        time.sleep(1.0)
        sent = len(rig.bank.booked)
        rig.bank.answer = lambda _: "ok"
        away.clear()
        wait_for(lambda: rig.open_messages() == 0)
    reaper.stop()
    assert sent < 20
    assert Counter(rig.bank.booked) == Counter(f"m{n}" for n in range(20))
    assert {rig.get(n).state for n in ids} == {MessageState.DELIVERED}


def test_it_goes_away_for_longer_than_the_lease(rig: Rig, away: threading.Event) -> None:
    """The late reply is evidence; the money is unknown, and is not sent again."""
    rig.book.partners["bank-test"].lease_s = 1.5

    def answer(_: str) -> str:
        away.set()
        return "ok"

    rig.bank.answer = answer
    (number,) = rig.put(new("a"))
    with running(rig) as worker:
        wait_for(away.is_set)
        time.sleep(1.7)
        # The reaper of another process is back before this worker is.
        held = worker._finisher._store
        worker._finisher._store = _Closed()  # type: ignore[assignment]
        away.clear()
        wait_for(lambda: rig.reaper().run_once() == 1)
        worker._finisher._store = held
        wait_for(lambda: rig.attempts(number)[0].late == 1)
    assert rig.get(number).state is MessageState.UNKNOWN
    assert rig.bank.booked == ["a"]
    assert rig.words() == ["unknown"]


class _Closed:
    def write(self) -> None:
        raise DatabaseAway

    def read(self) -> None:
        raise DatabaseAway
