"""The platform's directory; all of its words are the contract's."""

from adapters.kit.directory import PlatformDirectory
from hub.ports.context import AdapterContext
from hub.ports.directory import DirectoryPort


def build(context: AdapterContext) -> DirectoryPort:
    """The port, from its contract, ``rid``, ``sid`` and ``app_key``."""
    return PlatformDirectory(context)
