"""The sealer: order, turns, late commits, and death in the middle."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit import CheckpointLog, Sealer, count_unsealed, record, verify
from hub.audit.tables import audit_entry, audit_head
from hub.store import Store
from tests.audit.attacks import KEY
from tests.audit.conftest import Enter

ROOT = Path(__file__).parents[2]


def sealed(store: Store) -> list[tuple[int, int]]:
    with store.read() as tx:
        query = sa.select(audit_entry.c.seq, audit_entry.c.id).where(audit_entry.c.seq > 0)
        return [(row[0], row[1]) for row in tx.execute(query.order_by(audit_entry.c.seq))]


def sound(store: Store) -> int:
    """Asserts that the chain is sound and answers how many entries it has."""
    with store.read() as tx:
        report = verify(tx, CheckpointLog(), KEY.public)
    assert report.findings() == ()
    return report.sealed


def test_entries_are_numbered_in_the_order_of_their_ids(store: Store, enter: Enter) -> None:
    enter(7)
    assert Sealer(store).seal(5) == 5
    assert Sealer(store).seal(5) == 2
    assert Sealer(store).seal(5) == 0
    assert sealed(store) == [(n, n) for n in range(1, 8)]
    assert sound(store) == 7


def test_several_chunks_make_one_chain(
    store: Store, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.audit.sealing.CHUNK", 3)
    enter(10)
    assert Sealer(store).seal(8) == 8
    assert Sealer(store).seal(100) == 2
    assert sound(store) == 10


def test_an_entry_that_commits_late_comes_next(database_url: str, store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("one writer at a time: no SQLite transaction commits out of order")
    drawn, sealed_it = threading.Event(), threading.Event()

    def slow() -> None:
        with store.write() as tx:
            record(tx, act="slow", actor="a", subject="s")
            drawn.set()
            sealed_it.wait(10)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slow)
        drawn.wait(10)
        with store.write() as tx:
            record(tx, act="quick", actor="a", subject="s")
        assert Sealer(store).seal() == 1
        sealed_it.set()
        waiting.result(10)
    assert Sealer(store).seal() == 1
    assert sealed(store) == [(1, 2), (2, 1)]
    assert sound(store) == 2


def test_sealers_in_many_threads_make_one_chain(database_url: str, store: Store) -> None:
    done = threading.Event()
    counts: list[int] = []

    def write(number: int) -> None:
        for n in range(25):
            with store.write() as tx:
                record(tx, act="act", actor=f"thread {number}", subject=str(n))

    def seal() -> None:
        mine = Store(database_url)
        while not done.is_set():
            counts.append(Sealer(mine).seal(9))
        mine.close()

    sealers = [threading.Thread(target=seal) for _ in range(3)]
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in (*sealers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    counts.append(Sealer(store).seal())
    assert sum(counts) == 100
    assert sound(store) == 100


_VICTIM = """
import sys
from hub.audit import Sealer
from hub.audit import sealing
from hub.store import Store
sealing.CHUNK = 40
print("on", flush=True)
store = Store(sys.argv[1])
sealer = Sealer(store)
while sealer.seal(40):
    print("chunk", flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.009, 0.015, 0.023])
def test_a_sealer_killed_anywhere_leaves_a_chain_that_goes_on(
    database_url: str, store: Store, enter: Enter, delay: float
) -> None:
    enter(4000)
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    with victim.stdout as said:
        assert [said.readline(), said.readline()] == ["on\n", "chunk\n"]
        time.sleep(delay)
        victim.kill()
        victim.wait(10)
    before = len(sealed(store))
    assert 40 <= before < 4000, "it should have died in the middle"
    assert sound(store) == before
    with store.read() as tx:
        assert count_unsealed(tx) == 4000 - before
    while Sealer(store).seal():
        pass
    assert sound(store) == 4000


def test_a_chunk_that_fails_changes_nothing(
    store: Store, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(5)
    Sealer(store).seal(2)
    with monkeypatch.context() as patch:
        patch.setattr("hub.audit.sealing.link", lambda before, body: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            Sealer(store).seal()
    with store.read() as tx:
        assert tx.execute(sa.select(audit_head.c.seq)).scalar_one() == 2
    assert Sealer(store).seal() == 3
    assert sound(store) == 5
