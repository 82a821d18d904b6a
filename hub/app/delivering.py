"""Alerts delivered: each channel is a way out; what fails stays in the outbox."""

from collections.abc import Mapping
from typing import Protocol

from hub.kernel.clocks import BusinessClock, to_us
from hub.kernel.errors import HubError
from hub.kernel.logs import get_logger
from hub.monitor import alerts
from hub.monitor.alerts import Alert
from hub.monitor.telling import lines_of, title_of
from hub.store import Store

_log = get_logger(__name__)


class Way(Protocol):
    """One channel: a spool, a robot, a mail server."""

    def deliver(self, one: Alert, title: str, lines: list[str]) -> None:
        """Raises HubError or OSError; then it is tried again."""
        ...


class Delivering:
    """Empties the outbox; called by the process that leads the watch."""

    def __init__(
        self, store: Store, ways: Mapping[str, Way], clock: BusinessClock, environment: str
    ) -> None:
        self._store = store
        self._ways = ways
        self._clock = clock
        self._environment = environment

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the ways."""
        return tuple(self._ways)

    def turn(self) -> int:
        """Deliver what is due; how many were.  No transaction spans a delivery."""
        with self._store.read() as view:
            waiting = alerts.due(view)
        count = 0
        for one in waiting:
            error = self._deliver(one)
            with self._store.write() as tx:
                if error:
                    alerts.failed(tx, one, error)
                else:
                    alerts.delivered(tx, one.id, to_us(self._clock.now()))
                    count += 1
        return count

    def _deliver(self, one: Alert) -> str:
        way = self._ways.get(one.channel)
        if way is None:
            return f"channel {one.channel} is not set up any more"
        try:
            way.deliver(one, title_of(one.body, self._environment), lines_of(one.body))
        except (HubError, OSError) as error:
            said = error.message if isinstance(error, HubError) else type(error).__name__
            _log.warning("alert.not_delivered", channel=one.channel, alert=one.name, why=said)
            return said
        return ""
