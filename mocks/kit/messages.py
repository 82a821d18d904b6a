"""What passes between a port of the kit and a partner: request, call, answer, or none."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from mocks.kit.faults import Hits


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, or (method ``TCP``) one frame as the body.

    Header names are lower case; of a repeated one the last counts.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """One HTTP answer; on a framed port ``body`` is the frame and the rest has no meaning.

    ``summary`` goes to the journal, already masked.  ``reset`` cuts the connection (a real TCP
    reset) instead of answering, whatever was booked.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    summary: Mapping[str, object] = field(default_factory=dict)
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """Cut the connection with a TCP reset."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Leave the connection open and never answer."""


@dataclass(frozen=True, slots=True)
class Half:
    """Send the first part of the answer (of the body, on HTTP), then close."""

    answer: Answer
    fraction: float


@dataclass(frozen=True, slots=True)
class Misframed:
    """A frame whose head says another ``length`` (None: the true one), or with ``more`` behind."""

    answer: Answer
    length: str | None = None
    more: bytes = b""


Reply = Answer | Reset | Silence | Half | Misframed
Handler = Callable[[Request], Awaitable[Reply]]


class Port(Protocol):
    """Where a service listens."""

    port: int

    @property
    def url(self) -> str:
        """The address, its scheme included."""
        ...

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one); ``OSError`` when it is taken."""
        ...

    async def refuse(self) -> None:
        """Stop listening, keep the port."""
        ...

    async def accept(self) -> None:
        """Listen again after :meth:`refuse`."""
        ...

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        ...


@dataclass(slots=True)
class Call:
    """A request as its partner understands it.

    ``code`` is the transaction code; ``trace`` the caller's own mark of the exchange; ``fields``
    what rules may match on (in clear, never stored); ``summary`` what the journal keeps
    (masked); ``decoded`` whatever the partner wants back in ``answer``; ``hits`` the rules that
    fired, set by the kit before ``answer``.
    """

    code: str = ""
    trace: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    summary: Mapping[str, object] = field(default_factory=dict)
    decoded: object = None
    hits: "Hits | None" = None


class Service(Protocol):
    """One endpoint of a partner.  Both methods run in the partner's one worker thread."""

    def describe(self, request: Request) -> Call:
        """Understand a request.  Changes nothing, raises nothing: unreadable is a code too."""
        ...

    def answer(self, request: Request, call: Call) -> Answer:
        """Do what is asked; what it booked is committed before this returns."""
        ...


@runtime_checkable
class Ported(Protocol):
    """A service that says what it stands behind; one that does not stands behind HTTP."""

    def port(self, handle: Handler) -> Port:
        """A port that gives ``handle`` each request."""
        ...
