"""The whole hub, ready: packages tied together and acts registered."""

from hub.app import acts, orders, policies, settlements, standing, withdrawals
from hub.app.hub import Engine, Hub
from hub.kernel.settings import Settings


def open_hub(settings: Settings) -> Hub:
    """A hub whose acts of two people can be carried out."""
    hub = Hub(settings)
    for part in (acts, orders, policies, settlements, withdrawals):
        part.register(hub)
    return hub


def start_engine(hub: Hub) -> Engine:
    """The working threads, begun; every channel is stopped first if the database is not the one
    of its last checkpoint.

    Raises OtherSchema, VaultLocked, Misconfigured.
    """
    engine = Engine(hub)
    standing.stop_unless_current(hub)
    engine.start()
    return engine
