"""What this deployment publishes: query interfaces whose values hub.toml gives, and the copy of
the core's registry that they are answered from."""

from hub import audit
from hub.app.discover import FoundAdapter
from hub.app.hub import Hub
from hub.app.leading import LedThread
from hub.app.operators import hands_on
from hub.core.copying import FeedStanding, Follower, begin_anew, read_feed
from hub.kernel.errors import Misconfigured
from hub.kernel.logs import mask_text
from hub.kernel.secret import Secret
from hub.ports.query import CataloguePort, QueryPort
from hub.schedule import Leadership
from hub.wire import NoRecorder

_PAUSE_S = 2.0
"""Between two looks at a feed that had nothing more: what an answer is old by."""


def published(hub: Hub) -> dict[str, QueryPort | CataloguePort]:
    """Interface → its port, of those that hub.toml gives values.  Raises Misconfigured."""
    return {
        interface: found.build(hub.settings, hub.clock)
        for interface, found in hub.adapters.items()
        if found.manifest.port == "query" and hub.settings.partner(interface).values
    }


def functions_of(port: QueryPort | CataloguePort) -> tuple[QueryPort, ...]:
    """What is asked at a path of its own: a catalogue's functions, or the one query itself."""
    return port.functions if isinstance(port, CataloguePort) else (port,)


def registry(hub: Hub) -> FoundAdapter | None:
    """The core's registry where this deployment reaches one.  Raises Misconfigured for two."""
    found = [
        each
        for each in hub.adapters.values()
        if each.manifest.port == "registry" and hub.settings.partner(each.interface).endpoints
    ]
    if len(found) > 1:
        raise Misconfigured("hub.toml must give endpoints to one registry interface")
    return found[0] if found else None


def follower(hub: Hub, found: FoundAdapter, leads: Leadership) -> Follower:
    """Keeps the copy; what it writes is fenced by ``leads``."""
    partner = hub.partners.open(found.interface)
    return Follower(
        hub.store.fenced(leads.fence), hub.vault, hub.clock, found.interface, partner.port,
        lambda: partner.open_line(NoRecorder()), found.contract.version,
        min(found.contract.limit("changes"), 2000),
    )  # fmt: skip


def feed_standing(hub: Hub) -> FeedStanding | None:
    """Where the copy stands; None where there is no registry."""
    found = registry(hub)
    if found is None:
        return None
    with hub.store.read() as view:
        return read_feed(view, found.interface)


def rebuild_copy(hub: Hub, token: Secret, reason: str) -> str | None:
    """Have the copy read anew; answers the interface, None where there is no registry.  Raises
    what people's rules refuse."""
    actor, found = hands_on(hub.people.authenticate(token)), registry(hub)
    if found is None:
        return None
    with hub.store.write() as tx:
        begin_anew(tx, found.interface)
        audit.record(
            tx, act="registry.rebuild", actor=actor.login, subject=found.interface,
            detail={"reason": mask_text(reason)[:200]},
        )  # fmt: skip
    return found.interface


class Following:
    """The thread that follows the feed.  Idle without a registry."""

    def __init__(self, hub: Hub) -> None:
        self._thread = LedThread(hub.store, "registry", self._turn, rest_s=_PAUSE_S)
        found = registry(hub)
        self._follower = None if found is None else follower(hub, found, self._thread.leads)

    def start(self) -> None:
        """Begin."""
        if self._follower is not None:
            self._thread.start()

    def stop(self) -> None:
        """End after the page under way."""
        if self._follower is not None:
            self._thread.stop()

    def _turn(self) -> float:
        """One page."""
        return 0.0 if self._follower is not None and self._follower.step() else _PAUSE_S
