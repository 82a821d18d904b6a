"""How long this process waited for SQLite's write lock: the longest wait of the last minutes."""

import threading
from collections import deque

from hub.kernel.clocks import monotonic

WINDOW_S = 120.0
_WORTH_S = 0.05
_lock = threading.Lock()
_waits: deque[tuple[float, float]] = deque(maxlen=4096)


def note_wait(waited_s: float) -> None:
    """One wait is over."""
    if waited_s >= _WORTH_S:
        with _lock:
            _waits.append((monotonic(), waited_s))


def longest_wait_s() -> float:
    """Of those that ended within the window; 0 when none was worth noting."""
    since = monotonic() - WINDOW_S
    with _lock:
        return max((waited for at, waited in _waits if at >= since), default=0.0)
