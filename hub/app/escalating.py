"""Escalation at work: due steps of the duty list taken by whoever leads the watch."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from hub.app.attending import Attending
from hub.app.discover import FoundAdapter
from hub.kernel.logs import get_logger
from hub.monitor import escalation
from hub.monitor.policy import WatchPolicy
from hub.store import Store

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Escalating:
    """By which policy, over which interfaces, told by which ways."""

    store: Store
    policy: WatchPolicy
    adapters: Mapping[str, FoundAdapter]
    channels: tuple[str, ...]

    def turn(self, now_us: int) -> int:
        """What is due now; how many incidents climbed.  Nothing is written where nothing is."""
        with self.store.read() as view:
            if not escalation.due(view, now_us):
                return 0
        with self.store.write() as tx:
            count = escalation.turn(tx, self.policy, self.channels, self._figures, now_us)
        if count:
            _log.warning("incident.escalated", count=count)
        return count

    def _figures(
        self, tx: Connection, interface: str, now_us: int
    ) -> tuple[tuple[int, int], int] | None:
        if interface not in self.adapters:
            return (0, 0), 0
        known = Attending(self.policy, dict(self.adapters), self.channels)
        subject = known.subject(tx, interface, now_us)
        if subject.quiet_since(now_us) is not None:
            return None
        return subject.money, subject.waiting
