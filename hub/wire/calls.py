"""One call while it runs: how far it came, and its record for whoever opened the line."""

from dataclasses import dataclass, field
from typing import Self

from hub.kernel.clocks import SystemClock, to_us
from hub.kernel.errors import HubError
from hub.ports.line import LineNotSent, LineUnknown, ReplyUnreadable
from hub.wire.recorder import CallOutcome, CallRecord, CallRecorder
from hub.wire.trust import tls_trouble

MAX_REPLY = 64 * 1024 * 1024
"""A due list's page of 10,000 rows is about 5 MB of XML; sixteen times that is no reply but a
fault."""


@dataclass(slots=True)
class OpenCall:
    """``sending``: the first byte was handed to the socket; ``came``: what was received so far.

    Ended once, by ``answered``, ``unreadable``, ``stopped`` or ``broken``.
    """

    recorder: CallRecorder
    step: str
    effect: bool
    target: str
    request: bytes
    started_us: int
    sending: bool = False
    status: int = 0
    came: bytearray = field(default_factory=bytearray)

    @classmethod
    def begin(
        cls,
        recorder: CallRecorder,
        step: str,
        *,
        effect: bool,
        target: str,
        request: bytes,
        timeout_s: float,
    ) -> Self:
        """Tell that a call is about to be made.  What the recorder raises prevents it."""
        recorder.before(step, effect=effect, timeout_s=timeout_s)
        return cls(recorder, step, effect, target, request, to_us(SystemClock().now()))

    def answered(self) -> None:
        """The whole answer is here."""
        self._end(CallOutcome.ANSWERED, "")

    def unreadable(self, error: ReplyUnreadable) -> None:
        """Something came that is no answer."""
        self._end(CallOutcome.UNKNOWN, error.message)

    def stopped(self, error: HubError) -> HubError:
        """It came to an end that has a word of its own; before ``sending`` nothing was sent."""
        not_sent = isinstance(error, LineNotSent) or not self.sending
        unknown = CallOutcome.UNKNOWN if isinstance(error, LineUnknown) else CallOutcome.ANSWERED
        self._end(CallOutcome.NOT_SENT if not_sent else unknown, error.message)
        return error

    def broken(self, error: Exception, *, sure: bool = False) -> LineNotSent | LineUnknown:
        """What to raise for a call that broke; ``sure``: by its kind the error precedes sending."""
        text = f"{type(error).__name__}: {error}"[:160]
        if sure or not self.sending:
            trouble = tls_trouble(error)
            self._end(CallOutcome.NOT_SENT, text if trouble is None else trouble.message)
            if trouble is not None:
                return trouble
            return LineNotSent(f"not sent: {text}")
        self._end(CallOutcome.UNKNOWN, text)
        return LineUnknown(f"the call broke: {text}")

    def _end(self, outcome: CallOutcome, error: str) -> None:
        self.recorder.after(
            CallRecord(
                step=self.step,
                effect=self.effect,
                target=self.target,
                started_us=self.started_us,
                ended_us=to_us(SystemClock().now()),
                request=self.request,
                reply=bytes(self.came),
                status=self.status,
                outcome=outcome,
                error=error,
            )
        )
