"""The whole hub, ready: packages tied together and acts registered."""

from hub.app import orders
from hub.app.hub import Hub
from hub.kernel.settings import Settings


def open_hub(settings: Settings) -> Hub:
    """A hub whose acts of two people can be carried out."""
    hub = Hub(settings)
    orders.register(hub)
    return hub
