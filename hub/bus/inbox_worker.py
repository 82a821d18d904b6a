"""What came in and was accepted is carried out: each in one transaction, once.

Any number of processes may run one; the row decides.  One that cannot be carried out is tried
again with growing pauses and raises an alert; nothing is ever dropped.
"""

import threading
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import event

from hub.bus import alerts
from hub.bus.bus import Bus
from hub.bus.inbox import Inbox
from hub.bus.intake import IN_RING
from hub.bus.reception import NoticeUser
from hub.kernel.clocks import monotonic
from hub.store import DatabaseAway, Store

log = structlog.get_logger(__name__)

_POLL_S = 0.3
_SOME = 50
_REST_FIRST_S = 0.5
_REST_MOST_S = 300.0
_ALERT_AFTER = 3
"""Failures after which somebody is told."""


class InboxWorker:
    """Carries out accepted messages of the kinds it has users for."""

    def __init__(self, store: Store, bus: Bus, users: Mapping[str, NoticeUser]) -> None:
        self._store = store
        self._bus = bus
        self._inbox = Inbox(bus)
        self._users = users
        self._failed: dict[int, tuple[int, float]] = {}
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox-worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        event.listen(self._store.writing, "checkin", self._checked_in)
        self._thread.start()

    def stop(self) -> None:
        """End after the message in hand."""
        if self._thread.ident is None or self._stopping.is_set():
            return
        event.remove(self._store.writing, "checkin", self._checked_in)
        self._stopping.set()
        self._bell.set()
        self._thread.join(10)

    def run_once(self) -> int:
        """Carry out what waits and does not rest; how many were."""
        if not self._users:
            return 0
        with self._store.read() as view:
            found = self._inbox.waiting(view, self._users.keys(), _SOME + len(self._failed))
        now = monotonic()
        ready = [one for one in found if self._failed.get(one[0], (0, 0.0))[1] <= now]
        return sum(self._carry_out(number, interface) for number, interface in ready)

    def _carry_out(self, number: int, interface: str) -> bool:
        try:
            with self._store.write() as tx:
                taken = self._inbox.claim(tx, number)
                if taken is not None:
                    self._users[taken.kind].take(tx, taken)
                if number in self._failed and len(self._failed) == 1:
                    alerts.end(tx, interface, alerts.STUCK, self._bus.now(tx))
        except DatabaseAway:
            raise
        except Exception:
            log.exception("inbound.not_handled", inbound=number, interface=interface)
            self._rest(number, interface)
            return False
        self._failed.pop(number, None)
        return taken is not None

    def _rest(self, number: int, interface: str) -> None:
        times = self._failed.get(number, (0, 0.0))[0] + 1
        pause = min(_REST_FIRST_S * 2 ** (times - 1), _REST_MOST_S)
        self._failed[number] = (times, monotonic() + pause)
        if times == _ALERT_AFTER:
            with self._store.write() as tx:
                detail = f"来报 {number} 处理失败 {times} 次"
                alerts.begin(tx, interface, alerts.STUCK, detail, self._bus.now(tx))

    def _run(self) -> None:
        while not self._stopping.is_set():
            busy = 0
            try:
                busy = self.run_once()
            except DatabaseAway as error:
                log.warning("inbound.database_away", why=error.message)
                self._stopping.wait(0.5)
            except Exception:
                log.exception("inbound.worker_failed")
                self._stopping.wait(0.5)
            if not busy:
                self._bell.wait(_POLL_S)
            self._bell.clear()

    def _checked_in(self, _connection: Any, record: Any) -> None:
        """After a commit of this process that accepted something: look at once."""
        if record.info.pop(IN_RING, None):
            self._bell.set()
