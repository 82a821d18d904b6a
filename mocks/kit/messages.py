"""What passes between the kit's server and a partner: request, call, answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mocks.kit.faults import Hits


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.  Header names are lower case; of a repeated one the last counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """One HTTP answer.

    ``summary`` goes to the journal, already masked.  ``reset`` cuts the connection (a real TCP
    reset) instead of answering, whatever was booked.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    summary: Mapping[str, object] = field(default_factory=dict)
    reset: bool = False


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
