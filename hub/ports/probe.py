"""The probe port (拨测): one cheap, harmless call that shows whether a partner answers."""

from dataclasses import dataclass
from typing import Protocol

from hub.ports.line import Line


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """``reachable``: it answered; ``usable``: it would serve us (signed in, key accepted)."""

    reachable: bool
    usable: bool
    code: str
    text: str


class ProbePort(Protocol):
    """Implemented by every adapter that reaches out."""

    def probe(self, line: Line) -> ProbeResult:
        """Ask the partner for a sign of life; changes nothing on its side."""
        ...
