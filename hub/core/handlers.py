"""Bus handlers of the messages to the core.

Each is given a callback that takes the core's answer into the asker's books, inside the
transaction that finishes the attempt; what the asker is, is not known here.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from hub.bus import Delivery, Message
from hub.core.letters import AccountsLetter, CommandsLetter, LedgerLetter
from hub.kernel.periods import Period
from hub.ports.core import (
    AccountsAnswer,
    CommandKind,
    CommandResult,
    CorePort,
    HoldPage,
    PostingPage,
)
from hub.ports.line import PartnerRefused

ACCOUNTS = "core.accounts"
POSTINGS = "core.postings"
HOLDS = "core.holds"

TakeResults = Callable[[Connection, Message, tuple[CommandResult, ...]], None]
TakeAccounts = Callable[[Connection, AccountsLetter, AccountsAnswer], None]
TakePostings = Callable[[Connection, LedgerLetter, PostingPage], None]
TakeHolds = Callable[[Connection, LedgerLetter, HoldPage], None]


def command_kind(kind: CommandKind) -> str:
    """``core.hold`` and so on: the bus's kind of a command."""
    return f"core.{kind.value}"


class _CoreHandler:
    """Commands are idempotent at the core, reads change nothing: an unknown is asked again."""

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The core refused the whole call for good (a contract fault): it is on the page as a
        rejected message, and nothing is concluded about its items."""

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """It is a dead letter on the page; nothing is concluded about its items."""


class CommandHandler(_CoreHandler):
    """Hold, post, release or reverse."""

    def __init__(self, kind: CommandKind, take: TakeResults) -> None:
        self._kind, self._take = kind, take

    def send(self, delivery: Delivery) -> tuple[CommandResult, ...]:
        letter = msgspec.json.decode(delivery.payload, type=CommandsLetter)
        port: CorePort = delivery.port
        return port.command(delivery.line, self._kind, letter.as_commands())

    def apply(self, tx: Connection, message: Message, result: tuple[CommandResult, ...]) -> None:
        self._take(tx, message, result)


class AccountsHandler(_CoreHandler):
    """Accounts by number."""

    def __init__(self, take: TakeAccounts) -> None:
        self._take = take

    def send(self, delivery: Delivery) -> tuple[AccountsLetter, AccountsAnswer]:
        letter = msgspec.json.decode(delivery.payload, type=AccountsLetter)
        port: CorePort = delivery.port
        return letter, port.accounts(delivery.line, letter.numbers)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, *result)


class PostingsHandler(_CoreHandler):
    """What the core has booked, page by page."""

    def __init__(self, take: TakePostings) -> None:
        self._take = take

    def send(self, delivery: Delivery) -> tuple[LedgerLetter, PostingPage]:
        letter = msgspec.json.decode(delivery.payload, type=LedgerLetter)
        port: CorePort = delivery.port
        period = Period.parse(letter.period)
        return letter, port.postings(delivery.line, period, letter.bank, letter.page)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, *result)


class HoldsHandler(_CoreHandler):
    """What the core still holds, page by page."""

    def __init__(self, take: TakeHolds) -> None:
        self._take = take

    def send(self, delivery: Delivery) -> tuple[LedgerLetter, HoldPage]:
        letter = msgspec.json.decode(delivery.payload, type=LedgerLetter)
        port: CorePort = delivery.port
        period = Period.parse(letter.period)
        return letter, port.holds(delivery.line, period, letter.bank, letter.page)

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        self._take(tx, *result)
