"""Threads that grow with the work: one that waits takes the next job, else a new one starts.

Bounded by its user: the worker never has more jobs at once than its lanes allow.
"""

import queue
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Pool:
    """Daemon threads: a partner that hangs must not keep a process from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0

    def run(self, job: Callable[[], None]) -> None:
        """Run it soon, in some thread."""
        with self._lock:
            fresh = self._idle == 0
            if fresh:
                self._threads += 1
            else:
                self._idle -= 1  # promised to this job
        self._jobs.put(job)
        if fresh:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def close(self) -> None:
        """Let the threads end when their jobs have."""
        with self._lock:
            threads = self._threads
        for _ in range(threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                job()
            except Exception:
                log.exception("bus.thread_failed", pool=self._name)
            with self._lock:
                self._idle += 1
