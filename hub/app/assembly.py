"""The whole hub, ready: packages tied together and acts registered."""

from hub.app import (
    acts,
    orders,
    policies,
    remote_sessions,
    settlements,
    standing,
    withdrawals,
)
from hub.app.command_anchors import AnchorWatch
from hub.app.hub import Engine, Hub
from hub.app.notifying import Notifying
from hub.app.publishing import Following
from hub.app.sentinel import Sentinel
from hub.kernel.settings import Settings


def open_hub(settings: Settings) -> Hub:
    """A hub whose acts of two people can be carried out."""
    hub = Hub(settings)
    for part in (acts, orders, policies, remote_sessions, settlements, withdrawals):
        part.register(hub)
    return hub


def start_engine(hub: Hub, workers: int | None = None) -> Engine:
    """The working threads, begun; every channel is stopped first if the database is not the one
    of its last checkpoint.  ``workers`` in place of the settings', per interface.

    Raises OtherSchema, VaultLocked, Misconfigured.
    """
    engine = Engine(
        hub,
        contested=lambda: standing.stop_everything(hub, standing.read_standing(hub)),
        workers=workers or hub.settings.workers,
        beside=[Following(hub), Sentinel(hub), Notifying(hub), AnchorWatch(hub)],
    )
    standing.take_seat(hub)
    engine.start()
    return engine
