"""The core system's port: personal accounts, holds and postings of the provident fund centre.

Commands are idempotent by item number **and ordered by it** (design rule, written for the
core's vendor in contracts_spec/core/reference): hold takes all payers or none and does not
expire; after post or release a late hold answers the old result; releasing an item never seen
leaves a mark that refuses a later hold; post needs the hold, reverse needs the post; other
amounts under a known item are an error.  So an unknown answer is settled by the same command
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.ports.line import Line
from hub.ports.probe import ProbePort

UNSETTLED = "unsettled"
"""CommandResult.reason of an item of which the core's answer settles nothing."""


class CommandKind(StrEnum):
    """The four commands."""

    HOLD = "hold"
    POST = "post"
    RELEASE = "release"
    REVERSE = "reverse"


class Payer(Struct, frozen=True, array_like=True):
    """One account of an item and what it gives, in 分.  Order counts: main first.  Stored as a
    pair."""

    account: str
    amount: Fen


class CoreCommand(Struct, frozen=True):
    """One command for one item.

    ``business_date`` is the accounting date wanted (JZRQ).  ``payers`` is the whole item in
    every command, so that the core can refuse other amounts under a known number.
    """

    number: str
    period: Period
    bank: str
    agreement: str
    payers: tuple[Payer, ...]
    business_date: date


class CommandResult(Struct, frozen=True):
    """The core's answer for one item.

    ``done``: the item now is in the state the command asks for, or was already.
    ``code`` is the core's (``0000`` done, else the contract's table); ``reason`` is our word
    for a refusal (``balance``, ``state``, ``case_open``, ``released_before``, ``reversed_before``,
    ``posted_before``, ``conflict``, ``not_held``, ``not_posted``, ``account_not_found``,
    ``bad_item``), or UNSETTLED: the code is not final or nobody knows it, so nothing may be
    concluded and the same command is sent again.
    """

    number: str
    done: bool
    code: str = "0000"
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class CoreAccount:
    """A personal account as the core sees it now.  Amounts in 分.

    ``balance`` includes what is judicially frozen (``frozen``) and what is on hold (``held``).
    ``state`` is GRZHZT, ``id_type`` ZJLX.
    """

    number: str
    name: str
    id_type: str
    id_number: str
    phone: str
    state: str
    balance: Fen
    frozen: Fen
    held: Fen


@dataclass(frozen=True, slots=True)
class AccountsAnswer:
    """The accounts found; those missing are unknown to the core.  ``as_of`` is the core's time."""

    accounts: tuple[CoreAccount, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Posting:
    """One booked line of an offset withdrawal: ``reversal`` when CZBZ is 02.  Amount in 分."""

    serial: str
    number: str
    account: str
    amount: Fen
    reversal: bool
    booked_on: date


@dataclass(frozen=True, slots=True)
class PostingPage:
    """Postings of one period and bank, in booking order; ``next_page`` None on the last."""

    postings: tuple[Posting, ...]
    next_page: str | None


@dataclass(frozen=True, slots=True)
class LiveHold:
    """A hold that is neither posted nor released.  ``payers`` is empty where the core's version
    of the contract does not say who pays."""

    number: str
    amount: Fen
    payers: tuple[Payer, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldPage:
    """Live holds of one period and bank."""

    holds: tuple[LiveHold, ...]
    next_page: str | None


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """One change of the registry: what kind of record, its key, its fields by standard name."""

    sequence: int
    kind: str
    key: str
    fields: dict[str, str]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes after a sequence, oldest first; ``more`` when there are further ones."""

    changes: tuple[RegistryChange, ...]
    more: bool


class CorePort(ProbePort, Protocol):
    """The core system."""

    command_limit: int
    """Most items of one bulk command, by the contract."""

    accounts_limit: int
    """Most accounts of one bulk read, by the contract."""

    def command(
        self, line: Line, kind: CommandKind, commands: Sequence[CoreCommand]
    ) -> tuple[CommandResult, ...]:
        """Carry out one kind of command for many items; each succeeds or fails alone.  Effect.

        Answers exactly one result for every item; anything else raises ReplyUnreadable.
        """
        ...

    def accounts(self, line: Line, numbers: Sequence[str]) -> AccountsAnswer:
        """Personal accounts by number (GRZH)."""
        ...

    def postings(self, line: Line, period: Period, bank: str, page: str | None) -> PostingPage:
        """What the core has booked for a period's offset at a bank."""
        ...

    def holds(self, line: Line, period: Period, bank: str, page: str | None) -> HoldPage:
        """What is on hold for a period's offset at a bank."""
        ...
