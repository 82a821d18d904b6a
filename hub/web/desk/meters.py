"""The desk of ``/metrics`` and ``/readyz``."""

from collections.abc import Callable

from hub.app.hub import Hub
from hub.app.meters import Meters, Sample
from hub.kernel.errors import HubError
from hub.store import schema
from hub.store.durable import not_durable
from hub.web.model.desk import Health, HealthCheck


class StoreMeters:
    """:class:`hub.web.metrics.MeterDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._meters = Meters(hub)

    def samples(self) -> list[Sample]:
        return self._meters.read()

    def ready(self) -> Health:
        return Health(
            (
                _check("database", self._reads),
                _check("schema", lambda: schema.require_current(self._hub.store)),
                _check("durable", self._is_durable),
            )
        )

    def _reads(self) -> None:
        with self._hub.store.read() as view:
            view.exec_driver_sql("SELECT 1")

    def _is_durable(self) -> str:
        return ", ".join(not_durable(self._hub.store))


def _check(name: str, look: Callable[[], str | None]) -> HealthCheck:
    try:
        trouble = look() or ""
    except HubError as error:
        return HealthCheck(name, False, error.message)
    return HealthCheck(name, not trouble, trouble)
