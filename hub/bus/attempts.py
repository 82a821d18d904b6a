"""What became of one attempt, and what follows from it for the message."""

from dataclasses import dataclass, field
from typing import Any, assert_never

from hub.bus.policy import ChannelPolicy
from hub.bus.values import Message
from hub.bus.words import Effect, MessageState, Verdict
from hub.kernel.errors import HubError
from hub.ports.line import Drift, LineNotSent, PartnerRefused
from hub.store.vault import Sealed
from hub.wire.recorder import CallRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An attempt's end: the verdict with the result or the error behind it, and its evidence.

    ``maybe_sent``: the effect call may have reached the partner.  ``unreachable``: the partner
    could not be reached at all.  ``result`` is what the handler's ``send`` returned.
    """

    verdict: Verdict
    maybe_sent: bool = False
    unreachable: bool = False
    result: Any = None
    refusal: PartnerRefused | None = None
    error_code: str = ""
    error_text: str = ""
    calls: tuple[CallRecord, ...] = ()
    drifts: tuple[Drift, ...] = field(default=())
    sealed: tuple[tuple[Sealed, Sealed], ...] = ()
    """Request and reply of each call as they will be kept, where they are sealed already."""

    spoken: str = ""
    """The version of the contract that was in force when it was sent; empty: nothing was said."""


def delivered(
    result: Any, calls: tuple[CallRecord, ...], drifts: tuple[Drift, ...], *, maybe_sent: bool
) -> Outcome:
    """The partner took it."""
    return Outcome(
        verdict=Verdict.DELIVERED,
        result=result,
        calls=calls,
        drifts=drifts,
        maybe_sent=maybe_sent,
    )


def failed(
    effect: Effect,
    error: Exception,
    calls: tuple[CallRecord, ...],
    drifts: tuple[Drift, ...],
    *,
    maybe_sent: bool,
) -> Outcome:
    """The verdict on an attempt that raised.

    What fails before the effect call was not sent; what fails in it or after is unknown, but
    for a refusal that the contract's code table marks final.
    """
    refusal = error if isinstance(error, PartnerRefused) and error.final else None
    return Outcome(
        verdict=_verdict(effect, error, maybe_sent=maybe_sent, refused=refusal is not None),
        maybe_sent=maybe_sent,
        unreachable=isinstance(error, LineNotSent),
        refusal=refusal,
        error_code=error.code if isinstance(error, HubError) else type(error).__name__[:60],
        error_text=_text(error),
        calls=calls,
        drifts=drifts,
    )


def _verdict(effect: Effect, error: Exception, *, maybe_sent: bool, refused: bool) -> Verdict:
    if refused:
        return Verdict.REJECTED
    if effect is Effect.READ:
        # A read marks no effect call; only an unreachable partner surely did not get it.
        return Verdict.NOT_SENT if isinstance(error, LineNotSent) else Verdict.UNKNOWN
    return Verdict.UNKNOWN if maybe_sent else Verdict.NOT_SENT


def _text(error: Exception) -> str:
    # Only our own errors are written without personal data; of others the class must do.
    return (
        error.message[:200] if isinstance(error, HubError) else f"{type(error).__name__} (see log)"
    )


def next_state(
    message: Message, verdict: Verdict, policy: ChannelPolicy, *, maybe_sent: bool, now_us: int
) -> MessageState:
    """Where a message goes from an attempt's end.

    ``message`` as it was claimed: ``message.maybe_sent`` is about the attempts before this one,
    ``maybe_sent`` about this one.
    """
    money = message.effect is Effect.MONEY
    match verdict:
        case Verdict.DELIVERED:
            return MessageState.DELIVERED
        case Verdict.REJECTED:
            # A refused repeat proves nothing about an earlier attempt that may have arrived.
            doubtful = money and message.maybe_sent
            return MessageState.UNKNOWN if doubtful else MessageState.REJECTED
        case Verdict.UNKNOWN if money:
            return MessageState.UNKNOWN
        case Verdict.UNKNOWN | Verdict.NOT_SENT:
            if not _at_ceiling(message, policy, now_us):
                return MessageState.WAITING
            # Never a dead letter that somebody could take for "surely not sent".
            doubtful = money and (message.maybe_sent or maybe_sent)
            return MessageState.UNKNOWN if doubtful else MessageState.DEAD
        case _:
            assert_never(verdict)


def _at_ceiling(message: Message, policy: ChannelPolicy, now_us: int) -> bool:
    if message.endless:
        return False
    too_old = now_us - message.queued_us >= policy.max_age_s * 1_000_000
    return message.tries >= policy.max_tries or too_old
