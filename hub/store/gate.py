"""Between processes: who waits for SQLite's write lock goes before the one that had it last.

SQLite's own waiting is a sleep that looks again; a process that writes without a pause would
keep the lock from another for ever.  So whoever wants the lock holds this gate while it waits:
the process that had the lock finds the gate shut and lets the other through.  The gate is a
courtesy and decides nothing: SQLite's lock does.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hub.kernel.clocks import monotonic

LOOK_S = 0.001
"""How often a waiting process looks again; only one thread of each process ever does."""

COURTESY_S = 0.25
"""How long a shut gate is respected: one that waits may itself have been frozen meanwhile."""


class Gate:
    """A lock file beside the database.  One thread of a process at a time."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the gate, or go on without it when it stays shut."""
        mine = self._enter()
        try:
            yield
        finally:
            if mine and self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _enter(self) -> bool:
        until = monotonic() + COURTESY_S
        try:
            if self._file is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._file = os.open(self._path, flags, 0o600)
            while True:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if monotonic() > until:
                        return False
                    time.sleep(LOOK_S)
                else:
                    return True
        except OSError:
            return False  # a full disk, a read-only folder: SQLite will say so itself
