"""Bus handlers of the messages to the core's registry.

Applications and cancellations are idempotent at the core by number: whatever is not settled is
sent again as it is.  As with the offset's commands each handler is given a callback that takes
the core's answer into the asker's books, inside the transaction that finishes the attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from hub.bus import Bus, Delivery, Message, NewMessage
from hub.core.registry_letters import ApplicationsLetter, NumbersLetter, PersonsLetter
from hub.kernel.typed import read_json
from hub.ports.line import LineUnknown, PartnerRefused
from hub.ports.registry import (
    HOLD,
    UNSETTLED,
    ApplicationKind,
    ApplicationResult,
    PersonsAnswer,
    RegistryPort,
)

APPLY = "registry.apply"
CANCEL = "registry.cancel"
INQUIRE = "registry.inquire"
PERSONS = "registry.persons"

_AGAIN_S = 2.0
"""How long what an answer left open waits before it is sent again; the bus slows down further."""

HOLD_AGAIN_S = 300.0
"""How long an application waits while an offset holds the account's money (有在途对冲业务)."""

TakeResults = Callable[[Connection, Message, tuple[ApplicationResult, ...]], None]
TakePersons = Callable[[Connection, PersonsLetter, PersonsAnswer], None]


@dataclass(frozen=True, slots=True)
class _Answered:
    """What was asked, and what the core said of each application."""

    letter: ApplicationsLetter | NumbersLetter
    results: tuple[ApplicationResult, ...]


class _RegistryHandler:
    """An unknown is asked again; nothing is concluded from a call that the core refused whole."""

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """A contract fault: on the board until somebody has it sent again."""

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """It is a dead letter on the page; nothing is concluded about its applications."""


class _Settling(_RegistryHandler):
    """``take`` is given what the core has said something of: settled, taken or on hold.

    What it has not (9101, a code nobody knows), and what waits for an offset, goes on in a
    message of its own; a row that cannot be dealt with holds up no other.
    """

    def __init__(self, take: TakeResults, bus: Bus, hold_again_s: float = HOLD_AGAIN_S) -> None:
        self._take, self._bus, self._hold_again_s = take, bus, hold_again_s

    def apply(self, tx: Connection, message: Message, result: _Answered) -> None:
        for reason, delay_s in ((UNSETTLED, _AGAIN_S), (HOLD, self._hold_again_s)):
            numbers = {one.number for one in result.results if one.reason == reason}
            if numbers:
                letter = result.letter.only(numbers)
                again = _again(message, letter, len(numbers), reason, delay_s)
                self._bus.put(tx, [again])
        self._take(tx, message, tuple(r for r in result.results if r.reason != UNSETTLED))


class ApplyHandler(_Settling):
    """Applications of one kind."""

    def send(self, delivery: Delivery) -> _Answered:
        letter = read_json(delivery.payload, ApplicationsLetter)
        port: RegistryPort = delivery.port
        kind = ApplicationKind(letter.kind)
        return _Answered(letter, _said(port.apply(delivery.line, kind, letter.applications())))


class CancelHandler(_Settling):
    """Applications withdrawn."""

    def send(self, delivery: Delivery) -> _Answered:
        letter = read_json(delivery.payload, NumbersLetter)
        port: RegistryPort = delivery.port
        kind = ApplicationKind(letter.kind)
        return _Answered(letter, _said(port.cancel(delivery.line, kind, letter.numbers)))


class InquireHandler(_RegistryHandler):
    """Where applications stand.  ``take`` is given all that the core has said something of."""

    def __init__(self, take: TakeResults) -> None:
        self._take = take

    def send(self, delivery: Delivery) -> tuple[ApplicationResult, ...]:
        letter = read_json(delivery.payload, NumbersLetter)
        port: RegistryPort = delivery.port
        kind = ApplicationKind(letter.kind)
        return _said(port.inquire(delivery.line, kind, letter.numbers))

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, message, tuple(one for one in result if one.reason != UNSETTLED))


class PersonsHandler(_RegistryHandler):
    """Personal accounts by papers."""

    def __init__(self, take: TakePersons) -> None:
        self._take = take

    def send(self, delivery: Delivery) -> tuple[PersonsLetter, PersonsAnswer]:
        letter = read_json(delivery.payload, PersonsLetter)
        port: RegistryPort = delivery.port
        return letter, port.persons(delivery.line, letter.papers)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, *result)


def _said(results: tuple[ApplicationResult, ...]) -> tuple[ApplicationResult, ...]:
    """Raises LineUnknown when the core has settled none of them: the message itself is tried on."""
    if all(one.reason == UNSETTLED for one in results):
        codes = ", ".join(sorted({one.code for one in results})[:5])
        raise LineUnknown(f"the core settled none of {len(results)} applications ({codes})")
    return results


def _again(
    message: Message, letter: ApplicationsLetter | NumbersLetter, count: int, why: str,
    delay_s: float,
) -> NewMessage:  # fmt: skip
    """The same for those left open."""
    words = "在途对冲业务结束后再送" if why == HOLD else "再送"
    return NewMessage(
        interface=message.interface,
        kind=message.kind,
        key=f"{message.key.partition('~')[0]}~{message.id}.{why}",
        payload=msgspec.json.encode(letter),
        effect=message.effect,
        group=message.group,
        subject=f"{count} 件{words}：{message.subject.rpartition('：')[2]}"[:120],
        month=message.month,
        contract_version=message.contract_version,
        items=count,
        delay_s=delay_s,
        endless=message.endless,
    )
