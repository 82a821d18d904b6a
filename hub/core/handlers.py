"""Bus handlers of the messages to the core.

Each is given a callback that takes the core's answer into the asker's books, inside the
transaction that finishes the attempt; what the asker is, is not known here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from hub.bus import Bus, Delivery, Message, NewMessage
from hub.core.letters import AccountsLetter, CommandsLetter, LedgerLetter
from hub.kernel.periods import Period
from hub.kernel.typed import read_json
from hub.ports.core import (
    UNSETTLED,
    AccountsAnswer,
    CommandKind,
    CommandResult,
    CorePort,
    HoldPage,
    PostingPage,
)
from hub.ports.line import LineUnknown, PartnerRefused

ACCOUNTS = "core.accounts"
POSTINGS = "core.postings"
HOLDS = "core.holds"

_AGAIN_S = 2.0
"""How long what an answer left open waits before it is asked again; the bus slows down further."""

TakeResults = Callable[[Connection, Message, tuple[CommandResult, ...]], None]
TakeAccounts = Callable[[Connection, AccountsLetter, AccountsAnswer], None]
TakePostings = Callable[[Connection, LedgerLetter, PostingPage], None]
TakeHolds = Callable[[Connection, LedgerLetter, HoldPage], None]
GaveUp = Callable[[Connection, LedgerLetter], None]


def command_kind(kind: CommandKind) -> str:
    """``core.hold`` and so on: the bus's kind of a command."""
    return f"core.{kind.value}"


class _CoreHandler:
    """Commands are idempotent at the core, reads change nothing: an unknown is asked again."""

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The core refused the whole call for good (a contract fault): it is on the board until
        somebody has it sent again, and nothing is concluded about its items."""

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """It is a dead letter on the page; nothing is concluded about its items."""


@dataclass(frozen=True, slots=True)
class _Answered:
    """What was asked, and what the core said of each item."""

    letter: CommandsLetter
    results: tuple[CommandResult, ...]


class CommandHandler(_CoreHandler):
    """Hold, post, release or reverse.

    ``take`` is given only results that settle something.  Items whose code is not final, or
    unknown to the contract, go on in a message of their own with the same command: one row
    that the core cannot deal with now must neither count as refused nor hold up the others.
    """

    def __init__(self, kind: CommandKind, take: TakeResults, bus: Bus) -> None:
        self._kind, self._take, self._bus = kind, take, bus

    def send(self, delivery: Delivery) -> _Answered:
        letter = read_json(delivery.payload, CommandsLetter)
        port: CorePort = delivery.port
        results = port.command(delivery.line, self._kind, letter.as_commands())
        if all(result.reason == UNSETTLED for result in results):
            codes = ", ".join(sorted({result.code for result in results})[:5])
            raise LineUnknown(f"the core settled none of {len(results)} items ({codes})")
        return _Answered(letter, results)

    def apply(self, tx: Connection, message: Message, result: _Answered) -> None:
        settled = tuple(one for one in result.results if one.reason != UNSETTLED)
        if len(settled) < len(result.results):
            still_open = {one.number for one in result.results} - {one.number for one in settled}
            self._bus.put(tx, [_again(message, result.letter.only(still_open))])
        self._take(tx, message, settled)


def _again(message: Message, letter: CommandsLetter) -> NewMessage:
    """The same command for the items left open; strictly fewer than before, so this ends."""
    return NewMessage(
        interface=message.interface,
        kind=message.kind,
        key=f"{message.key.partition('~')[0]}~{message.id}",
        payload=msgspec.json.encode(letter),
        effect=message.effect,
        group=message.group,
        subject=f"{len(letter.rows)} 笔再送：{message.subject.rpartition('：')[2]}"[:120],
        month=message.month,
        contract_version=message.contract_version,
        items=len(letter.rows),
        fen=letter.fen,
        delay_s=_AGAIN_S,
    )


class AccountsHandler(_CoreHandler):
    """Accounts by number."""

    def __init__(self, take: TakeAccounts) -> None:
        self._take = take

    def send(self, delivery: Delivery) -> tuple[AccountsLetter, AccountsAnswer]:
        letter = read_json(delivery.payload, AccountsLetter)
        port: CorePort = delivery.port
        return letter, port.accounts(delivery.line, letter.numbers)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, *result)


class _LedgerHandler(_CoreHandler):
    """A reading in pages: refused, or given up, it is told to its asker, who begins another."""

    def __init__(self, bus: Bus, gave_up: GaveUp) -> None:
        self._bus, self._gave_up = bus, gave_up

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        self.died(tx, message)

    def died(self, tx: Connection, message: Message) -> None:
        letter = read_json(self._bus.payload(tx, message.id), LedgerLetter)
        self._gave_up(tx, letter)


class PostingsHandler(_LedgerHandler):
    """What the core has booked, page by page."""

    def __init__(self, take: TakePostings, bus: Bus, gave_up: GaveUp) -> None:
        super().__init__(bus, gave_up)
        self._take = take

    def send(self, delivery: Delivery) -> tuple[LedgerLetter, PostingPage]:
        letter = read_json(delivery.payload, LedgerLetter)
        port: CorePort = delivery.port
        period = Period.parse(letter.period)
        return letter, port.postings(delivery.line, period, letter.bank, letter.page)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, *result)


class HoldsHandler(_LedgerHandler):
    """What the core still holds, page by page."""

    def __init__(self, take: TakeHolds, bus: Bus, gave_up: GaveUp) -> None:
        super().__init__(bus, gave_up)
        self._take = take

    def send(self, delivery: Delivery) -> tuple[LedgerLetter, HoldPage]:
        letter = read_json(delivery.payload, LedgerLetter)
        port: CorePort = delivery.port
        period = Period.parse(letter.period)
        return letter, port.holds(delivery.line, period, letter.bank, letter.page)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, *result)
