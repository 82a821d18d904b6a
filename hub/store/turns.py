"""SQLite's writers of one process take turns, in the order they came, and share a commit.

SQLite has one write lock, and a commit waits for the disk.  Threads that wait for each other
through SQLite sleep and look again, and each pays the disk by itself.  So they queue here.  A
writer that ends while others wait hands its open transaction on instead of committing it; the
next works in a savepoint of it, and the last one commits for all.  Nobody's ``write()`` comes
back before that commit, so what was answered is on the disk.  One that raises takes back its own
savepoint and nothing else; a commit that fails has failed for all of them.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from hub.kernel.clocks import monotonic
from hub.store.away import DatabaseAway

SHARE_S = 0.02
"""Nobody joins a transaction older than this: sharing must not add up to a long write lock."""

SHARE_WRITERS = 64

UNDONE: list[Callable[[Connection], None]] = []
"""Told when a writer's part of a shared transaction is taken back: for what remembers by it."""

PATIENCE_S = 30.0
"""How long a writer waits for those before it."""


def _held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Shared:
    """One transaction of the database, worked in by one writer after another."""

    tx: Connection
    until: float
    writers: int = 1
    left: list[threading.Lock] = field(default_factory=list)
    """Of those who have handed it on: each held until the transaction has ended."""

    error: BaseException | None = None


@dataclass(slots=True, eq=False)
class _Place:
    """A place in the queue; ``shared`` is the open transaction to go on with, if any."""

    # A lock that is held and then let go costs a third of an Event, and every message waits twice.
    call: threading.Lock = field(default_factory=_held)
    shared: _Shared | None = None


class Turns:
    """The queue of one database's writers in this process."""

    def __init__(self, begin: Callable[[], Connection]) -> None:
        """``begin`` opens a connection with a transaction that holds the write lock."""
        self._begin = begin
        self._lock = threading.Lock()
        self._taken = False
        self._queue: deque[_Place] = deque()

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """A write transaction: of one's own, or what is left of another's."""
        shared = self._wait()
        first = shared is None
        if shared is None:
            try:
                shared = _Shared(self._begin(), monotonic() + SHARE_S)
            except BaseException:
                self._call_next()
                raise
        try:
            if first:  # it needs no savepoint: until it ends, the transaction is all its own
                yield shared.tx
            else:
                with _savepoint(shared.tx):
                    yield shared.tx
        except BaseException:
            self._leave(shared, undo=first)
            raise
        self._leave(shared, undo=False)

    def _wait(self) -> _Shared | None:
        place = _Place()
        with self._lock:
            if not self._taken:
                self._taken = True
                return None
            self._queue.append(place)
        try:
            called = place.call.acquire(timeout=PATIENCE_S)
        except BaseException:
            if not self._give_up(place):
                self._pass_on(place)
            raise
        if not called and self._give_up(place):
            raise DatabaseAway(f"locked: the writers before this one took over {PATIENCE_S:g} s")
        return place.shared

    def _give_up(self, place: _Place) -> bool:
        """Leave the queue; False, and the turn is ours, when it was called in that moment."""
        with self._lock:
            if place in self._queue:
                self._queue.remove(place)
                return True
        return False

    def _pass_on(self, place: _Place) -> None:
        if place.shared is None:
            self._call_next()
        else:
            self._leave(place.shared, undo=False)

    def _leave(self, shared: _Shared, *, undo: bool) -> None:
        """Hand the transaction on, or end it for all; raises DatabaseAway when it did not end."""
        if _open(shared.tx) and not undo:
            heir = self._heir(shared)
            if heir is not None:
                gone = _held()
                shared.left.append(gone)
                heir.call.release()
                gone.acquire()
                if shared.error is not None:
                    raise DatabaseAway("the commit shared with others failed") from shared.error
                return
        try:
            self._end(shared, undo=undo)
        finally:
            for gone in shared.left:
                gone.release()
            self._call_next()

    def _heir(self, shared: _Shared) -> _Place | None:
        with self._lock:
            if not self._queue or shared.writers >= SHARE_WRITERS or monotonic() > shared.until:
                return None
            heir = self._queue.popleft()
        shared.writers += 1
        heir.shared = shared
        return heir

    def _end(self, shared: _Shared, *, undo: bool) -> None:
        root = shared.tx.get_transaction()
        try:
            if not _open(shared.tx):
                # A full disk, say: SQLite has taken everything back by itself.
                shared.error = DatabaseAway("the database took a transaction back")
            elif root is not None and not undo:
                root.commit()
        except BaseException as error:
            shared.error = error
            shared.tx.invalidate()  # a connection that could not commit is not used again
            raise
        finally:
            shared.tx.close()  # rolls back what was not committed
        if shared.error is not None and not undo:
            raise shared.error

    def _call_next(self) -> None:
        with self._lock:
            if not self._queue:
                self._taken = False
                return
            place = self._queue.popleft()
        place.call.release()


@contextmanager
def _savepoint(tx: Connection) -> Iterator[None]:
    """As ``begin_nested``, which takes longer than all that is done inside it."""
    raw: Any = tx.connection.driver_connection
    raw.execute("SAVEPOINT turn")
    try:
        yield
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK TO turn")
            raw.execute("RELEASE turn")
            for tell in UNDONE:
                tell(tx)
        raise
    if not raw.in_transaction:
        raise DatabaseAway("the database took a transaction back")
    raw.execute("RELEASE turn")


def _open(tx: Connection) -> bool:
    """Whether SQLite still holds the transaction that SQLAlchemy believes in."""
    return not tx.closed and bool(tx.connection.driver_connection.in_transaction)  # type: ignore[union-attr]
