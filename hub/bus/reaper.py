"""The reaper's thread: runs in every process, always, not once at start-up."""

import threading
from collections.abc import Mapping

import structlog

from hub.bus import alerts
from hub.bus.bus import Bus
from hub.bus.reaping import stranded
from hub.bus.values import Handler
from hub.store import DatabaseAway, Store

log = structlog.get_logger(__name__)

EVERY_S = 1.0
_WATCH_EVERY = 5  # rounds


class Reaper:
    """Frees what dead or late workers hold, and watches the queues."""

    def __init__(
        self, store: Store, bus: Bus, handlers: Mapping[str, Handler], every_s: float = EVERY_S
    ) -> None:
        self._store = store
        self._bus = bus
        self._handlers = handlers
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="bus-reaper", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End after the round under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run_once(self) -> int:
        """Take back what is stranded; answers how many.  Writes only when there is something."""
        with self._store.read() as tx:
            if not stranded(self._bus, tx):
                return 0
        with self._store.write() as tx:
            return self._bus.reap(tx, self._handlers)

    def watch_once(self) -> int:
        """Begin and end alerts; answers how many."""
        with self._store.read() as tx:
            if not alerts.changes(self._bus, tx):
                return 0
        with self._store.write() as tx:
            return alerts.watch(self._bus, tx)

    def _run(self) -> None:
        rounds = 0
        while not self._stopping.is_set():
            try:
                taken = self.run_once()
                if taken:
                    log.warning("bus.reaped", messages=taken)
                if rounds % _WATCH_EVERY == 0:
                    self.watch_once()
            except DatabaseAway as error:
                log.warning("bus.database_away", why=error.message)
            except Exception:
                log.exception("bus.reaper_failed")  # it must go on, whatever happens
            rounds += 1
            self._stopping.wait(self._every_s)
