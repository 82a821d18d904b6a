"""The inbound port: what others send to us, and our answer as bytes.

An inbound adapter says which routes it takes, believes or refuses what comes, turns it into plain
values, and turns our answer into the partner's bytes.  It stores nothing: the bus stores what
came before anything is answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from hub.kernel.errors import Refused
from hub.ports.line import Drift


class Word(StrEnum):
    """What we answer, before the adapter puts it into its partner's words."""

    ACCEPTED = "accepted"  # stored; a repeat of the same gets the same
    CONFLICT = "conflict"  # this id came before and said something else
    BUSY = "busy"  # this id is being looked at
    REFUSED = "refused"  # whoever sent it is believed, but what it says is off the contract
    UNREADABLE = "unreadable"  # nothing that could be believed
    SIGNATURE = "signature"
    STALE = "stale"  # its time is out of the contract's skew
    REPLAYED = "replayed"  # this nonce came before with something else
    CIPHER = "cipher"
    UNAVAILABLE = "unavailable"  # we cannot store it now: come again


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """One request as it came.  Header names are lower case; ``body`` is untouched bytes."""

    route: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    remote: str

    def raw(self) -> bytes:
        """Route, headers and body in one, as they are kept for evidence."""
        lines = [f"POST {self.route}", *(f"{name}: {text}" for name, text in self.headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace") + self.body


@dataclass(frozen=True, slots=True)
class InboundNotice:
    """What a believed request says.

    ``kind`` picks its user, ``sender_id`` is the sender's own id (duplicates are told by it, for
    as long as the ledger is kept), ``value`` is plain and the user's to pack.  ``nonce`` is the
    transport's, remembered for ``nonce_kept_s`` seconds; empty where the wire has none.
    ``drifts``: where it differs from the contract and could still be understood.
    """

    kind: str
    sender_id: str
    value: Any = field(repr=False)
    nonce: str = ""
    nonce_kept_s: float = 0
    drifts: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class InboundAnswer:
    """Our answer in the partner's form."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotTaken(Refused):
    """A request that is not taken; ``word`` says why, ``drifts`` where, without any value.

    With ``kind`` and ``sender_id`` (it is believed, but off the contract) it is stored as refused
    and answered the same for ever; ``content`` is then what it said.
    """

    code = "inbound.not_taken"
    hint = "See the drift rows of this interface; tell the partner's engineers what differs."

    def __init__(
        self, word: Word, why: str, drifts: Sequence[Drift] = (), *, kind: str = "",
        sender_id: str = "", content: bytes = b"",
    ) -> None:  # fmt: skip
        super().__init__(why)
        self.word = word
        self.drifts = tuple(drifts)
        self.kind = kind
        self.sender_id = sender_id
        self.content = content


class InboundPort(Protocol):
    """Implemented by adapters that listen; used by several threads at once."""

    @property
    def routes(self) -> Mapping[str, int]:
        """Path → most bytes of a request there."""
        ...

    @property
    def contract_version(self) -> str:
        """Of the contract it speaks."""
        ...

    def read(self, request: InboundRequest) -> InboundNotice:
        """Check signature and freshness, decode.  Raises NotTaken."""
        ...

    def answer(self, request: InboundRequest, word: Word, sender_id: str = "") -> InboundAnswer:
        """Our answer to this request."""
        ...
