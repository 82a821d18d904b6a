"""The receiving side of one process: adapters that listen, the bus that stores, one port.

An adapter listens when its manifest names a module under ``inbound`` and this deployment reaches
its partner; nothing central is edited to add one.
"""

from collections.abc import Mapping

from hub.app.discover import FoundAdapter
from hub.app.editions import InboundInForce, every_edition
from hub.app.hub import Hub
from hub.bus import Reception, Seat
from hub.kernel.clocks import BusinessClock
from hub.kernel.settings import Settings
from hub.ports.inbound import InboundPort
from hub.wire.http_in import HttpListener


class Receiving:
    """The port where partners' requests come in.  None of it exists where nobody listens."""

    def __init__(self, hub: Hub, port: int | None = None) -> None:
        """``port`` instead of the settings' (0: any free one).  Raises ListenPortTaken,
        Misconfigured (a key is missing, two want one route)."""
        settings = hub.settings
        seats = [
            Seat(interface, _inbound(found, settings, hub.clock))
            for interface, found in listening(hub.adapters, hub).items()
        ]
        self._reception = Reception(hub.store, hub.bus, hub.clock, seats, hub.users())
        self.interfaces = tuple(seat.interface for seat in seats)
        self._listener = HttpListener(
            self._reception.take,
            self._reception.routes,
            host=settings.inbound_host,
            port=settings.inbound_port if port is None else port,
        )
        self.address = self._listener.address

    def start(self) -> None:
        """Listen."""
        self._listener.start()

    def stop(self) -> None:
        """Let what is being answered end; nothing that was stored waits for this."""
        self._listener.stop()
        self._reception.tell()


def _inbound(found: FoundAdapter, settings: Settings, clock: BusinessClock) -> InboundPort:
    if not found.editions:
        return found.build_inbound(settings, clock)
    ports = {
        one.contract.version: one.build_inbound(settings, clock) for one in every_edition(found)
    }
    return InboundInForce(found, ports, clock)


def listening(adapters: Mapping[str, FoundAdapter], hub: Hub) -> dict[str, FoundAdapter]:
    """Interfaces whose adapters listen and whose partners this deployment knows."""
    return {
        interface: found
        for interface, found in adapters.items()
        if found.manifest.inbound and hub.settings.partner(interface).endpoints
    }


def open_receiving(hub: Hub, port: int | None = None) -> Receiving | None:
    """The receiving side, or None where no partner of this deployment calls us."""
    return Receiving(hub, port) if listening(hub.adapters, hub) else None
