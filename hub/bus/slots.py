"""How many messages of each interface one worker has in flight, and may have."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable

from hub.bus.values import Claim, Lane


class Slots:
    """Counted by messages: a slot is taken before a claim and given back after its finish.

    The dispatcher and the finisher both claim, so each reserves what it may take first and
    gives back what it did not find.
    """

    def __init__(self, most: Callable[[str], int]) -> None:
        """``most`` is how many an interface may have now."""
        self._most = most
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @property
    def total(self) -> int:
        with self._lock:
            return self._taken.total()

    def free(self, interface: str) -> int:
        """How many there are now, none reserved."""
        with self._lock:
            return self._most(interface) - self._taken[interface]

    def reserve(self, interface: str, freed: int = 0) -> int:
        """Take what is free and what is about to be (``freed``); answers how many."""
        with self._lock:
            most = max(self._most(interface) - self._taken[interface] + freed, 0)
            self._taken[interface] += most
            return most

    def settle(self, lanes: Iterable[Lane], claims: Iterable[Claim]) -> None:
        """Give back what was reserved for ``lanes`` and not used by ``claims``."""
        with self._lock:
            for lane in lanes:
                self._taken[lane.interface] -= lane.limit
            self._taken.update(claim.message.interface for claim in claims)

    def give_back(self, interface: str) -> None:
        """One message is over."""
        with self._lock:
            self._taken[interface] -= 1
