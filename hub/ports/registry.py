"""The registry port: the core's feed of changed records (``changes_since``)."""

from typing import Protocol

from hub.ports.core import ChangesPage
from hub.ports.line import Line


class RegistryPort(Protocol):
    """Implemented by the core's adapter; a dated local copy is kept from it."""

    def changes_since(self, line: Line, sequence: int, limit: int) -> ChangesPage:
        """Changes with a sequence greater than ``sequence``, oldest first."""
        ...
