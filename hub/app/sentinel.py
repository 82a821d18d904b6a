"""The sentinel's thread: what runs full and what did not come; one process at a time looks."""

import threading

from hub.app.delivering import Delivering
from hub.app.gauging import Gauging
from hub.app.holding import check_limits
from hub.app.hub import Hub
from hub.app.meters import Meters
from hub.app.watching import watched_interfaces
from hub.app.ways import open_ways
from hub.bus.holder import this_holder
from hub.kernel.clocks import monotonic, to_us
from hub.kernel.errors import HubError
from hub.kernel.logs import get_logger
from hub.monitor.policy import read_watch_policy
from hub.schedule import Leadership
from hub.schedule.leadership import LeadershipLost

_log = get_logger(__name__)
_FIRST_S = 5.0
EVERY_S = 10.0
FEEDS_S = 60.0


class Sentinel:
    """A part of a serving process."""

    def __init__(self, hub: Hub) -> None:
        """Raises BadWatchPolicy, BadFeeds, Misconfigured."""
        self._hub = hub
        self._leads = Leadership(hub.store, "sentinel", this_holder())
        fenced = hub.store.fenced(self._leads.fence)
        policy = read_watch_policy(hub.settings.home)
        check_limits(policy)
        self._meters = Meters(hub)
        ways = open_ways(hub.settings)
        self.gauging = Gauging(
            hub.store, fenced, policy, watched_interfaces(hub.adapters, hub.settings), tuple(ways)
        )
        # The watch delivers what both have to tell; without probes there is no watch.
        self._delivering = (
            None if hub.settings.probes
            else Delivering(fenced, ways, hub.clock, hub.settings.environment_word)
        )  # fmt: skip
        self._feeds_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sentinel", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and let another process lead at once."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(20)
        try:
            self._leads.release()
        except HubError as error:
            _log.warning("lease not given back; it runs out by itself", code=error.code)

    def look(self) -> list[str]:
        """One turn of the process that leads; what changed."""
        now_us = to_us(self._hub.clock.now())
        changed = self.gauging.look_at_meters(self._meters.read, now_us)
        if monotonic() >= self._feeds_at:
            changed += self.gauging.look_at_feeds(now_us)
            self._feeds_at = monotonic() + FEEDS_S
        if self._delivering is not None:
            self._delivering.turn()
        return changed

    def _run(self) -> None:
        wait = _FIRST_S
        while not self._stopping.wait(wait):
            wait = EVERY_S
            try:
                if self._leads.hold():
                    self.look()
            except LeadershipLost:
                pass  # another process looks now
            except HubError as error:
                _log.warning("the sentinel waits", code=error.code, error=error.message)
            except Exception:  # noqa: BLE001  the next turn tries again
                _log.exception("a turn of the sentinel failed")
