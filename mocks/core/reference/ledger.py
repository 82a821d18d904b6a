"""Holds and postings: one bulk command is one transaction, and answers item by item.

Amounts are integer 分 throughout.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mocks.core.reference import rules
from mocks.core.reference.rules import Command, State
from mocks.core.reference.storage import Books
from mocks.kit.storage import Storage

TROUBLE = "9101"
TROUBLE_TEXT = "核心内部数据不一致，请原样重发并联系核心值守"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a command: period YYYYMM, ``payers`` in order, ``booked_on`` YYYYMMDD."""

    number: str
    period: str
    bank: str
    agreement: str
    payers: tuple[tuple[str, int], ...]
    booked_on: str

    @property
    def total(self) -> int:
        """What all payers give."""
        return sum(amount for _, amount in self.payers)

    def sameness(self) -> tuple[str, str, str, str]:
        """What must not differ under a known number; the booking date may."""
        return self.period, self.bank, self.agreement, json.dumps(self.payers)


@dataclass(frozen=True, slots=True)
class Answer:
    """FHM, FHXX and MXZT of one item."""

    number: str
    code: str
    text: str
    state: State


@dataclass(slots=True)
class _Known:
    sameness: tuple[str, str, str, str]
    state: State
    refusal: str
    fresh: bool = False
    changed: bool = False


@dataclass(slots=True)
class _Account:
    state: str
    balance: int
    frozen: int
    held: int
    open_case: bool
    touched: bool = False
    booked: bool = False


@dataclass(slots=True)
class _Work:
    """One bulk command while it is being worked out in memory."""

    known: dict[str, _Known]
    accounts: dict[str, _Account]
    day: str
    fresh: list[Item] = field(default_factory=list)
    postings: list[tuple[str, str, int, str, str, str, str]] = field(default_factory=list)


class Ledger:
    """The four commands over the books.  ``now_us`` stamps changes (business time, µs UTC)."""

    def __init__(self, books: Books, now_us: Callable[[], int]) -> None:
        self._books = books
        self._now_us = now_us

    def run(self, command: Command, items: Sequence[Item]) -> list[Answer]:
        """Carry out one command for many items; durable when this returns."""
        storage = self._books.storage
        with storage.write():
            work = _Work(
                known=_read_items(storage, items),
                accounts=_read_accounts(storage, items),
                day=self._books.accounting_day(),
            )
            answers = [_one(work, command, item) for item in items]
            _save(self._books, work, self._now_us())
        return answers


def _one(work: _Work, command: Command, item: Item) -> Answer:
    known = work.known.get(item.number)
    if known is None:
        known = _Known(item.sameness(), State.ABSENT, rules.DONE, fresh=True)
    elif known.sameness != item.sameness():
        return _answer(item, rules.CONFLICT, known.state)
    if len({account for account, _ in item.payers}) != len(item.payers):
        return _answer(item, rules.BAD_ITEM, known.state)
    move = rules.decide(known.state, command, known.refusal)
    if move is None:
        move = _first_hold(work, item)
    if move.to is not None:
        if not _carry_out(work, known.state, move.to, item):
            return _answer(item, TROUBLE, known.state)
        known.state = move.to
        known.refusal = move.code
        known.changed = True
        if known.fresh and item.number not in work.known:
            work.known[item.number] = known
            work.fresh.append(item)
    return _answer(item, move.code, known.state)


def _answer(item: Item, code: str, state: State) -> Answer:
    text = TROUBLE_TEXT if code == TROUBLE else rules.TEXTS[code]
    return Answer(item.number, code, text, state)


def _first_hold(work: _Work, item: Item) -> rules.Move:
    """Both payers or neither: the first refusal of any account refuses the item for good."""
    refusals = {_refusal(work.accounts.get(account), amount) for account, amount in item.payers}
    for code in (rules.NO_ACCOUNT, rules.ACCOUNT_STATE, rules.CASE_OPEN, rules.BALANCE):
        if code in refusals:
            return rules.Move(code, State.REFUSED)
    return rules.Move(rules.DONE, State.HELD)


def _refusal(account: _Account | None, amount: int) -> str:
    if account is None:
        return rules.NO_ACCOUNT
    if account.state in rules.UNUSABLE:
        return rules.ACCOUNT_STATE
    if account.open_case:
        return rules.CASE_OPEN
    if amount > account.balance - account.frozen - account.held:
        return rules.BALANCE
    return rules.DONE


def _carry_out(work: _Work, before: State, after: State, item: Item) -> bool:
    """Move the money; False when the books would not add up (balance below what is on hold)."""
    payers = [(work.accounts.get(account), account, amount) for account, amount in item.payers]
    match before, after:
        case State.ABSENT, State.HELD:
            change = (0, 1, "")
        case State.HELD, State.RELEASED:
            change = (0, -1, "")
        case State.HELD, State.POSTED:
            change = (-1, -1, "01")
        case State.POSTED, State.REVERSED:
            change = (1, 0, "02")
        case _:
            return True
    balance, held, flag = change
    found = [(each, account, amount) for each, account, amount in payers if each is not None]
    if len(found) != len(payers) or any(
        each.balance + balance * amount < 0 or each.held + held * amount < 0
        for each, _, amount in found
    ):
        return False
    for each, account, amount in found:
        each.balance += balance * amount
        each.held += held * amount
        each.touched = True
        if flag:
            each.booked = True
            day = max(item.booked_on, work.day)
            work.postings.append((item.number, account, amount, flag, day, item.bank, item.period))
    return True


def _read_items(storage: Storage, items: Sequence[Item]) -> dict[str, _Known]:
    rows = storage.each(
        "SELECT number, period, bank, agreement, payers, state, refusal FROM items"
        " WHERE number IN (SELECT value FROM json_each(?))",
        (json.dumps([item.number for item in items]),),
    )
    return {
        number: _Known((period, bank, agreement, payers), State(state), refusal)
        for number, period, bank, agreement, payers, state, refusal in rows
    }


def _read_accounts(storage: Storage, items: Sequence[Item]) -> dict[str, _Account]:
    wanted = {account for item in items for account, _ in item.payers}
    rows = storage.each(
        "SELECT grzh, grzhzt, balance, frozen, held, open_case FROM persons"
        " WHERE grzh IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(wanted)),),
    )
    return {
        grzh: _Account(state, balance, frozen, held, bool(open_case))
        for grzh, state, balance, frozen, held, open_case in rows
    }


def _save(books: Books, work: _Work, now_us: int) -> None:
    storage = books.storage
    storage.run_many(
        "INSERT INTO items (number, period, bank, agreement, payers, total, state, refusal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (item.number, *item.sameness(), item.total, known.state.value, known.refusal)
            for item in work.fresh
            for known in (work.known[item.number],)
        ],
    )
    storage.run_many(
        "UPDATE items SET state = ?, refusal = ? WHERE number = ?",
        [
            (known.state.value, known.refusal, number)
            for number, known in work.known.items()
            if known.changed and not known.fresh
        ],
    )
    storage.run_many(
        "INSERT INTO postings (number, grzh, amount, czbz, booked_on, bank, period)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        work.postings,
    )
    touched = [(grzh, each) for grzh, each in work.accounts.items() if each.touched]
    storage.run_many(
        "UPDATE persons SET balance = ?, held = ? WHERE grzh = ?",
        [(each.balance, each.held, grzh) for grzh, each in touched],
    )
    booked = [grzh for grzh, each in touched if each.booked]
    if booked:
        first = books.take_sequence(len(booked))
        storage.run_many(
            "UPDATE persons SET seq = ?, changed_us = ? WHERE grzh = ?",
            [(first + place, now_us, grzh) for place, grzh in enumerate(booked)],
        )
