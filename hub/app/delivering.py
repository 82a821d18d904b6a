"""Alerts delivered: each channel is a way out; what fails stays in the outbox."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

from hub.app.paging import Paging
from hub.kernel.clocks import BusinessClock, to_us
from hub.kernel.errors import HubError
from hub.kernel.logs import get_logger
from hub.monitor import alerts
from hub.monitor.alerts import Alert
from hub.monitor.reaching import ReachWay
from hub.monitor.telling import lines_of, short_of, title_of
from hub.schedule.leadership import LeadershipLost
from hub.store import Store

_log = get_logger(__name__)
_GONE = "nobody is reached by this way any more"
PATIENCE_S = 2.0
"""How long a turn waits for its channels: one that hangs goes on by itself, and the others and the
probes do not wait for it."""


class Way(Protocol):
    """One channel: a spool, a robot, a mail server."""

    def deliver(self, one: Alert, title: str, lines: list[str], to: str = "") -> None:
        """``to``: the person's own address, where the alert is for one.  Raises HubError or
        OSError; then it is tried again."""
        ...


class Delivering:
    """Empties the outbox, each channel in a thread of its own; called by the process that leads
    the watch."""

    def __init__(
        self, store: Store, ways: Mapping[str, Way], clock: BusinessClock, environment: str,
        paging: Paging | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._ways = ways
        self._clock = clock
        self._environment = environment
        self._paging = paging
        self._running: dict[str, Future[int]] = {}
        self._pool = ThreadPoolExecutor(len(self.channels), thread_name_prefix="alerts")

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the ways."""
        return (*self._ways, *(self._paging.channels if self._paging is not None else ()))

    def turn(self) -> int:
        """Deliver what is due; how many were, as far as is known after a moment."""
        with self._store.read() as view:
            waiting = alerts.due(view)
        by_channel: dict[str, list[Alert]] = {}
        for one in waiting:
            by_channel.setdefault(one.channel, []).append(one)
        begun = []
        for channel, some in by_channel.items():
            running = self._running.get(channel)
            if running is None or running.done():
                self._running[channel] = future = self._pool.submit(self._empty, some)
                begun.append(future)
        return sum(future.result() for future in wait(begun, PATIENCE_S).done)

    def stop(self) -> None:
        """End.  What is under way is not waited for: it is delivered again."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _empty(self, some: Sequence[Alert]) -> int:
        """One channel's alerts until one fails: the rest of a way that is down wait with it."""
        count = 0
        try:
            for one in some:
                if not self._deliver(one):
                    break
                count += 1
        except LeadershipLost:
            pass  # another process delivers now
        except HubError as error:
            _log.warning("the outbox was not emptied", code=error.code, error=error.message)
        except Exception:  # noqa: BLE001  the next turn tries again
            _log.exception("the outbox was not emptied")
        return count

    def _deliver(self, one: Alert) -> bool:
        """No transaction spans a delivery."""
        if one.person and one.channel == ReachWay.SMS:
            return self._hand(one)
        error = self._carry(one)
        with self._store.write() as tx:
            if error:
                alerts.failed(tx, one, error)
            else:
                alerts.delivered(tx, one.id, to_us(self._clock.now()))
        return not error

    def _hand(self, one: Alert) -> bool:
        if self._paging is None or self._paging.seat is None:
            with self._store.write() as tx:
                alerts.failed(tx, one, f"channel {one.channel} is not set up any more")
            return False
        with self._store.write() as tx:
            to = self._paging.address(tx, one)
            if to is None:
                alerts.dropped(tx, one.id, _GONE)
            else:
                self._paging.hand(tx, one, to, short_of(one.body, self._environment))
        return True

    def _carry(self, one: Alert) -> str:
        way = self._ways.get(one.channel)
        if way is None:
            return f"channel {one.channel} is not set up any more"
        try:
            to = self._address(one)
            way.deliver(one, title_of(one.body, self._environment), lines_of(one.body), to)
        except (HubError, OSError) as error:
            said = error.message if isinstance(error, HubError) else type(error).__name__
            _log.warning("alert.not_delivered", channel=one.channel, alert=one.name, why=said)
            return said
        return ""

    def _address(self, one: Alert) -> str:
        if not one.person or self._paging is None:
            return ""
        with self._store.read() as view:
            return self._paging.address(view, one) or ""
