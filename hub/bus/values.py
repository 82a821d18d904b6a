"""What goes in and out of the bus as plain values, and what its users implement."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from sqlalchemy.engine import Connection

from hub.bus.words import Cause, Effect, MessageState, Rung
from hub.kernel.errors import NotFound, Refused
from hub.ports.line import Line, PartnerRefused
from hub.wire.recorder import CallRecorder


class NoSuchMessage(NotFound):
    """There is no message with this number."""

    code = "bus.no_such_message"
    hint = "Look the message up on the page; its number stands beside it."


class SameKeyOtherBody(Refused):
    """A message with this key exists and says something else."""

    code = "bus.same_key_other_body"
    hint = "A key names one intent for ever. This is a fault of the hub: call support."


class WrongState(Refused):
    """The message is not in a state in which this can be done."""

    code = "bus.wrong_state"
    hint = "Look at the message again: somebody or the hub itself has moved it on."


class InquiryFirst(Refused):
    """Resending a money message begins with an inquiry."""

    code = "bus.inquiry_first"
    hint = "Ask the partner what became of it (hub inquire), then resend naming that inquiry."


class LeaseLost(Refused):
    """The lease on this message has passed to somebody else."""

    code = "bus.lease_lost"
    hint = "Nothing to do: the reaper or another worker has taken the message over."


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An intent to be stored with the business change that causes it.

    ``interface`` is the destination's code (bank-icbc), ``kind`` picks the handler, ``key`` is
    unique within both for ever; ``payload`` is what the handler needs to send, in its own form,
    sealed at rest under ``month`` (YYYY-MM).  ``group`` gathers the messages of one undertaking
    (run:2025-10), ``subject`` is what it is about for a person, without personal data.
    ``items`` and ``fen`` (分) are what it carries, for totals.  ``delay_s`` holds it back.
    ``endless``: no ceiling in tries or age; it slows down (an inquiry about money).
    """

    interface: str
    kind: str
    key: str
    payload: bytes
    effect: Effect
    group: str
    subject: str
    month: str
    contract_version: str
    items: int = 0
    fen: int = 0
    delay_s: float = 0
    endless: bool = False


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands.  Instants are µs UTC of the database's clock.

    ``try_no`` is the number of the last attempt (0: none yet), ``tries`` counts those since it
    was last queued by an order.  ``maybe_sent``: some attempt may have had its effect.
    """

    id: int
    interface: str
    kind: str
    key: str
    effect: Effect
    state: MessageState
    rung: Rung
    group: str
    subject: str
    month: str
    contract_version: str
    items: int
    fen: int
    endless: bool
    try_no: int
    tries: int
    epoch: int
    maybe_sent: bool
    cause: Cause
    created_us: int
    queued_us: int
    ready_us: int | None
    error_code: str
    error_text: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a handler is given to send one message: nothing in it touches the database.

    ``port`` is the adapter's object (the handler knows its type); calls go through ``line``, at
    the address ``place``.
    """

    message: Message
    payload: bytes
    port: Any
    line: Line
    place: int = 0
    at: Callable[[int], tuple[Any, Line]] | None = None
    """Port and line at another of the partner's addresses; None: it has this one alone."""


class Handler(Protocol):
    """What one kind of message means.  One object per kind, shared by threads."""

    def send(self, delivery: Delivery) -> Any:
        """Talk to the partner; outside any transaction.

        Whatever is returned is handed to ``apply``.  Raises what the adapter raises: the bus
        reads the verdict from the error and from whether the effect call had begun.
        """
        ...

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        """Take the result into the books, inside the transaction that finishes the attempt.

        Must be quick (well under a second) and depend only on message and result.  If it
        raises, nothing it did stays, and the message ends unknown (money) or waits to be tried
        again, with the error kept: the result is never taken for applied.
        """
        ...

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The partner's code table calls the refusal of the whole call final."""
        ...

    def unknown(self, tx: Connection, message: Message) -> None:
        """MONEY only: nobody knows what became of it.  Called once per attempt that ends so."""
        ...

    def died(self, tx: Connection, message: Message) -> None:
        """The ceiling is reached; the message is a dead letter.

        For MONEY it was surely never sent: one that may have been ends in ``unknown`` instead.
        """
        ...


class OpenPartner(Protocol):
    """One partner, ready to be called: its adapter's port and its timings."""

    @property
    def port(self) -> Any: ...

    @property
    def timeout_s(self) -> float:
        """The longest one call may take, by the contract."""
        ...

    @property
    def lease_s(self) -> float:
        """How long a worker may hold a message before others may take it for lost."""
        ...

    @property
    def concurrency(self) -> int:
        """Most messages of this interface in flight at once, over all processes."""
        ...

    @property
    def contract_version(self) -> str: ...

    def open_line(self, recorder: CallRecorder) -> Line:
        """A line for one attempt."""
        ...


class Partners(Protocol):
    """Finds partners by interface code."""

    def open(self, interface: str, place: int = 0) -> OpenPartner:
        """At one of its addresses: 0 the primary.  Raises Misconfigured when the deployment does
        not know how to reach it."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A message held under a lease: to finish or extend needs ``holder`` and the epoch."""

    message: Message
    ordered_by: str
    ordered_why: str
    payload_key: int
    payload: bytes
    holder: str
    lease_s: float
    deadline: float
    """When the lease ends on this process's monotonic clock, taken before the claim began."""

    channel_misses: int
    """How often in a row the partner could not be reached when this was claimed."""

    place: int = 0
    """The address in use: 0 the primary."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What one worker may claim of one interface now."""

    interface: str
    limit: int
    concurrency: int
    lease_s: float
