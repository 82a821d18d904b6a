"""Drifts of requests that nobody believes: gathered, and written once a second at most, for who
floods a port must not take the write lock."""

from collections.abc import Sequence
from threading import Lock

import structlog

from hub.bus import drifts
from hub.kernel.clocks import monotonic
from hub.ports.line import Drift
from hub.store import DatabaseAway, Store, database_now_us

log = structlog.get_logger(__name__)

_TELL_S = 1.0
_MOST = 500


class Gathering:
    """One receiving side's; used by several threads at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._untold: list[tuple[str, str, Drift]] = []
        self._told_at = float("-inf")
        self._lock = Lock()

    def add(self, interface: str, version: str, found: Sequence[Drift]) -> None:
        """Keep them for the next time; beyond some hundred a second they are one flood."""
        with self._lock:
            room = max(_MOST - len(self._untold), 0)
            self._untold += [(interface, version, drift) for drift in found[:room]]
            due = monotonic() - self._told_at >= _TELL_S
        if due:
            self.tell()

    def tell(self) -> None:
        """Write what was gathered since the last time; called when the listener ends, too."""
        with self._lock:
            told, self._untold = self._untold, []
            self._told_at = monotonic()
        if not told:
            return
        try:
            with self._store.write() as tx:
                for interface, version in sorted({one[:2] for one in told}):
                    mine = [drift for *whose, drift in told if tuple(whose) == (interface, version)]
                    drifts.store(tx, interface, version, mine, database_now_us(tx))
        except DatabaseAway as away:
            log.warning("inbound.drifts_lost", why=away.message, drifts=len(told))
