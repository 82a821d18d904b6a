"""The sentinel's thread: what runs full and what did not come; one process at a time looks."""

from hub.app.delivering import Delivering
from hub.app.escalating import Escalating
from hub.app.gauging import Gauging
from hub.app.holding import check_limits
from hub.app.hub import Hub
from hub.app.leading import LedThread
from hub.app.meters import Meters
from hub.app.paging import open_paging
from hub.app.watching import watched_interfaces
from hub.app.ways import open_ways
from hub.kernel.clocks import monotonic, to_us
from hub.monitor.policy import read_watch_policy

_FIRST_S = 5.0
EVERY_S = 10.0
FEEDS_S = 60.0


class Sentinel:
    """A part of a serving process."""

    def __init__(self, hub: Hub) -> None:
        """Raises BadWatchPolicy, BadFeeds, Misconfigured."""
        self._hub = hub
        self._thread = LedThread(
            hub.store, "sentinel", self._turn, rest_s=EVERY_S, first_s=_FIRST_S
        )
        self.leads, fenced = self._thread.leads, self._thread.store
        policy = read_watch_policy(hub.settings.home)
        check_limits(policy)
        self._meters = Meters(hub)
        delivering = Delivering(
            fenced, open_ways(hub.settings), hub.clock, hub.settings.environment_word,
            open_paging(hub),
        )  # fmt: skip
        watched, channels = watched_interfaces(hub.adapters, hub.settings), delivering.channels
        self.gauging = Gauging(hub.store, fenced, policy, watched, channels)
        # The watch delivers what both have to tell; without probes there is no watch.
        self._delivering = None if hub.settings.probes else delivering
        self._escalating = Escalating(fenced, policy, watched, channels)
        self._feeds_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._thread.stop()
        if self._delivering is not None:
            self._delivering.stop()

    def look(self) -> list[str]:
        """One turn of the process that leads; what changed."""
        now_us = to_us(self._hub.clock.now())
        changed = self.gauging.look_at_meters(self._meters.read, now_us)
        if monotonic() >= self._feeds_at:
            changed += self.gauging.look_at_feeds(now_us)
            self._feeds_at = monotonic() + FEEDS_S
        if self._delivering is not None:
            self._escalating.turn(now_us)
            self._delivering.turn()
        return changed

    def _turn(self) -> float:
        self.look()
        return EVERY_S
