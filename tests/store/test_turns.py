"""Writers of one SQLite file: in order, sharing commits, and each answerable for itself alone."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.crypto import KeyRing
from hub.store import DatabaseAway, Store, metadata, turns
from hub.store.engine import sqlite_library
from hub.store.vault import Vault

notes = sa.Table(
    "test_note",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("word", sa.String(20), nullable=False),
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(turns, "SHARE_S", 5.0)  # threads start slowly on a busy machine
    made = Store(f"sqlite:///{tmp_path}/turns.sqlite")
    notes.metadata.create_all(made.engine)
    return made


def write(store: Store, word: str) -> None:
    with store.write() as tx:
        tx.execute(sa.insert(notes).values(word=word))


def words(store: Store) -> list[str]:
    with store.read() as tx:
        return list(tx.scalars(sa.select(notes.c.word).order_by(notes.c.id)))


def queued(store: Store, work: list[Callable[[], None]]) -> list[threading.Thread]:
    """Start each piece of work in a thread, one after the other in the queue."""
    assert store._turns is not None
    threads = []
    for number, one in enumerate(work, 1):
        thread = threading.Thread(target=one)
        thread.start()
        threads.append(thread)
        until = time.monotonic() + 5
        while len(store._turns._queue) < number and time.monotonic() < until:
            time.sleep(0.001)
    return threads


@pytest.fixture
def commits(store: Store) -> list[object]:
    seen: list[object] = []
    sa.event.listen(store.writing, "commit", seen.append)
    return seen


def test_they_come_in_order_and_share_one_commit(store: Store, commits: list[object]) -> None:
    with store.write() as tx:
        tx.execute(sa.insert(notes).values(word="first"))
        waiting = queued(store, [lambda n=n: write(store, f"w{n}") for n in range(6)])  # type: ignore[misc]
    for one in waiting:
        one.join()
    assert len(commits) == 1
    assert words(store) == ["first", *(f"w{n}" for n in range(6))]


def test_one_that_raises_takes_back_its_own_and_nothing_else(store: Store) -> None:
    raised: list[str] = []

    def fails() -> None:
        try:
            with store.write() as tx:
                tx.execute(sa.insert(notes).values(word="wrong"))
                raise ValueError("no")
        except ValueError as error:
            raised.append(str(error))

    with store.write() as tx:
        tx.execute(sa.insert(notes).values(word="first"))
        waiting = queued(store, [lambda: write(store, "a"), fails, lambda: write(store, "b")])
    for one in waiting:
        one.join()
    assert (words(store), raised) == (["first", "a", "b"], ["no"])


def test_a_key_made_by_one_that_raised_is_made_again(store: Store, tmp_path: Path) -> None:
    metadata.create_all(store.engine)
    ring = KeyRing.create(tmp_path / "keys")
    vault, sealed = Vault(ring), []

    def fails() -> None:
        with suppress(ValueError), store.write() as tx:
            vault.seal(tx, "due", "2025-10", b"lost")
            raise ValueError("no")

    def seals() -> None:
        with store.write() as tx:
            sealed.append(vault.seal(tx, "due", "2025-10", b"kept"))

    with store.write() as tx:
        tx.execute(sa.insert(notes).values(word="first"))
        waiting = queued(store, [fails, seals, seals])
    for one in waiting:
        one.join()
    with store.read() as view:
        assert [Vault(ring).open(view, *one) for one in sealed] == [b"kept", b"kept"]
    assert len({one.key_id for one in sealed}) == 1


def test_nobody_comes_back_before_the_commit(store: Store) -> None:
    """What a writer was told is on the disk: another connection sees it at once."""
    seen: list[bool] = []

    def writes(word: str) -> None:
        write(store, word)
        seen.append(word in words(store))

    threads = [threading.Thread(target=writes, args=(f"w{n}",)) for n in range(40)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert seen == [True] * 40


def test_a_commit_that_fails_has_failed_for_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def writes() -> None:
        try:
            write(store, "lost")
        except DatabaseAway as error:
            told.append(error.code)

    def broken(*_: object) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("disk I/O error"))

    waiting: list[threading.Thread] = []

    def first() -> None:
        with store.write():
            waiting.extend(queued(store, [writes, writes, writes]))
            monkeypatch.setattr(store.writing.dialect, "do_commit", broken)

    with pytest.raises(DatabaseAway):
        first()
    for one in waiting:
        one.join()
    monkeypatch.undo()
    assert told == ["store.away"] * 3
    assert words(store) == []
    write(store, "after")
    assert words(store) == ["after"]


def test_a_transaction_the_database_took_back_is_no_success(store: Store) -> None:
    """A full disk ends a transaction behind everybody's back."""

    def taken_back() -> None:
        with store.write() as tx:
            tx.execute(sa.insert(notes).values(word="gone"))
            tx.connection.driver_connection.execute("ROLLBACK")  # type: ignore[union-attr]

    with pytest.raises(DatabaseAway):
        taken_back()
    write(store, "after")
    assert words(store) == ["after"]


GREEDY = """
import sys, time
from hub.store import Store
from tests.store.test_turns import write
store = Store(sys.argv[1])
until = time.monotonic() + float(sys.argv[2])
print("ready", flush=True)
while time.monotonic() < until:
    with store.write() as tx:
        tx.exec_driver_sql("INSERT INTO test_note (word) VALUES ('greedy')")
        time.sleep(0.005)
"""


@pytest.mark.skipif(not sqlite_library().safe, reason="this SQLite library serves one process")
def test_a_process_that_never_rests_lets_another_through(store: Store) -> None:
    """SQLite alone lets a sleeper miss the lock again and again."""
    greedy = subprocess.Popen(
        [sys.executable, "-c", GREEDY, store.url, "30"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert greedy.stdout is not None
        assert greedy.stdout.readline().strip() == "ready"
        waits = []
        for n in range(20):
            began = time.monotonic()
            write(store, f"mine{n}")
            waits.append(time.monotonic() - began)
        between = words(store)
    finally:
        greedy.kill()
        greedy.communicate()
    assert between.count("greedy") >= 10  # it went on as well
    assert sorted(waits)[10] < 0.5, waits


def test_every_connection_is_durable(store: Store) -> None:
    """``kill -9`` cannot show what a power cut takes: the settings must say it."""
    for opened in (store.read, store.write):
        with opened() as tx:
            assert tx.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
            assert tx.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
