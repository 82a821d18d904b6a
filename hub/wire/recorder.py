"""What a line tells whoever opened it: every call, before it begins and after it ended."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol


class CallOutcome(StrEnum):
    """What is certain of one call."""

    ANSWERED = "answered"  # whatever the status
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One finished call.  Instants are µs UTC of this machine's clock, for the record only.

    ``target`` is method and URL without query values, or wire, host and port; ``request`` and
    ``reply`` are the bytes as they went and came; ``status`` is HTTP's, 0 without an answer and
    on other wires; ``error`` is the error's class and text, empty when answered.
    """

    step: str
    effect: bool
    target: str
    started_us: int
    ended_us: int
    request: bytes
    reply: bytes
    status: int
    outcome: CallOutcome
    error: str = ""
    place: int = 0
    """Which of the partner's addresses it went to: 0 the primary."""


class CallRecorder(Protocol):
    """Implemented by the bus.  One per attempt, one thread."""

    def before(self, step: str, *, effect: bool, timeout_s: float) -> None:
        """About to call, for at most ``timeout_s``.  May raise: then nothing is sent."""
        ...

    def after(self, record: CallRecord) -> None:
        """The call is over."""
        ...


@dataclass(frozen=True, slots=True)
class AtPlace:
    """Another's ear on a line to one of the addresses: its records say which."""

    inner: CallRecorder
    place: int

    def before(self, step: str, *, effect: bool, timeout_s: float) -> None:
        """As the other's."""
        self.inner.before(step, effect=effect, timeout_s=timeout_s)

    def after(self, record: CallRecord) -> None:
        """As the other's, with the place."""
        self.inner.after(replace(record, place=self.place))


class NoRecorder:
    """Keeps nothing: for probes outside the bus."""

    def before(self, step: str, *, effect: bool, timeout_s: float) -> None:
        """Lets every call through."""

    def after(self, record: CallRecord) -> None:
        """Forgets it."""
