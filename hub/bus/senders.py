"""Who sends what is claimed: for each interface a queue, and a few threads that empty it.

A worker claims more messages than it has threads for while an interface's sends are quick, so
that many attempts end together and share one transaction.  As soon as they are not, it claims no
more than it can begin at once: what waits here holds a lease that others could use.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from hub.bus.pool import Pool
from hub.bus.values import Claim
from hub.kernel.clocks import monotonic

QUICK_S = 0.01
"""Sends are quick below this, on the average of the last dozen or so."""
DEPTH = 8
"""Messages for each thread of an interface whose sends are quick."""
_OF_LAST = 12


@dataclass(slots=True)
class _Queue:
    waiting: deque[Claim] = field(default_factory=deque)
    threads: int = 0
    took_s: float = 1.0  # slow until it has shown otherwise


class Senders:
    """The threads of one worker; ``carry`` sends one claim and never raises."""

    def __init__(self, threads: int, carry: Callable[[Claim], None]) -> None:
        """``threads`` is the most one interface gets: no slow partner holds another's."""
        self._threads = threads
        self._carry = carry
        self._pool = Pool("bus-sender")
        self._lock = threading.Lock()
        self._queues: dict[str, _Queue] = {}

    def depth(self, interface: str) -> int:
        """How many messages of an interface may be in flight in this worker."""
        queue = self._queues.get(interface)
        quick = queue is not None and queue.took_s < QUICK_S
        return self._threads * DEPTH if quick else self._threads

    def add(self, claims: Sequence[Claim]) -> None:
        """Send these, in their order, as threads become free."""
        for claim in claims:
            with self._lock:
                queue = self._queues.setdefault(claim.message.interface, _Queue())
                queue.waiting.append(claim)
                more = queue.threads < self._threads
                queue.threads += more
            if more:
                self._pool.run(partial(self._empty, queue))

    def close(self) -> None:
        """Let the threads end when their work has."""
        self._pool.close()

    def _empty(self, queue: _Queue) -> None:
        while True:
            with self._lock:
                if not queue.waiting:
                    queue.threads -= 1
                    return
                claim = queue.waiting.popleft()
            began = monotonic()
            self._carry(claim)
            took = monotonic() - began
            queue.took_s += (took - queue.took_s) / _OF_LAST
