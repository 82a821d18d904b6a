"""The door on a port: published queries and their OpenAPI document."""

import json

from hub.api.gate import Gate, Published
from hub.api.openapi import OPENAPI, document
from hub.app.hub import Hub
from hub.app.publishing import functions_of, published, registry
from hub.kernel.errors import Misconfigured
from hub.queries.enterprise import Enterprises
from hub.queries.figures import Figures
from hub.wire.http_in import HttpListener, Page
from hub.wire.together import Together

TIME = "/time"
_JSON = "application/json; charset=utf-8"
CREWS, MOST = 2, 16
"""While one looks, the other waits for the disk; a call waits for no more than these before it."""


class Door:
    """Where callers ask.  None of it exists where nothing is published."""

    def __init__(self, hub: Hub, port: int | None = None) -> None:
        """``port`` instead of the settings' (0: any free one).  Raises ListenPortTaken,
        Misconfigured (no registry, a value is missing, two want one route)."""
        settings, found, ports = hub.settings, registry(hub), published(hub)
        if found is None:
            raise Misconfigured("hub.toml publishes queries but reaches no registry of a core")
        self.interfaces = tuple(ports)
        self._gate = Gate(
            hub.store, hub.vault, hub.clock, Enterprises(hub.vault, found.interface),
            [
                Published(interface, one, one_of_many=one is not port)
                for interface, port in ports.items()
                for one in functions_of(port)
            ],
            Figures(hub.vault, found.interface),
        )  # fmt: skip
        said = document([hub.adapters[interface].contract for interface in ports])
        self._clock = hub.clock
        pages: dict[str, Page] = {
            OPENAPI: (_JSON, json.dumps(said, ensure_ascii=False).encode()),
            TIME: (_JSON, self._time),
        }
        self._listener = HttpListener(
            Together(self._gate.take, CREWS, MOST), self._gate.routes, host=settings.api_host,
            port=settings.api_port if port is None else port, say=self._gate.say, pages=pages,
        )  # fmt: skip
        self.address = self._listener.address

    def _time(self) -> bytes:
        """What a caller's clock is held against: ``rtime`` in milliseconds, as it is signed."""
        now = self._clock.now()
        said = {"rtime": str(int(now.timestamp() * 1000)), "time": now.isoformat()}
        return json.dumps(said).encode()

    def start(self) -> None:
        """Listen."""
        self._listener.start()

    def stop(self) -> None:
        """Let what is being answered end."""
        self._listener.stop()
        self._gate.tell()


def open_door(hub: Hub, port: int | None = None) -> Door | None:
    """The door, or None where this deployment publishes nothing."""
    return Door(hub, port) if published(hub) else None
