"""The inbound port: what others send to us, and our answer as bytes.

An inbound adapter says which routes it takes, turns what comes into plain values, and turns
our answer into the partner's bytes.  The bus stores what came before anything is answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """One request as it came.  ``body`` is untouched bytes."""

    route: str
    headers: Mapping[str, str]
    body: bytes
    remote: str


@dataclass(frozen=True, slots=True)
class InboundNotice:
    """What a request says: its kind, the sender's own id (for duplicates), and plain values."""

    kind: str
    sender_id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InboundAnswer:
    """Our answer in the partner's form."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class InboundPort(Protocol):
    """Implemented by adapters that listen."""

    routes: Sequence[str]

    def read(self, request: InboundRequest) -> InboundNotice:
        """Check the signature and decode; raises a HubError with the contract's code."""
        ...

    def answer(self, request: InboundRequest, code: str) -> InboundAnswer:
        """``accepted``, ``duplicate``, ``conflict``, ``busy`` or an error's code, as bytes."""
        ...
