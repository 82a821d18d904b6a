"""Inquiries (交易结果查证): asking the bank what became of rows without a final result.

The first question about a batch is for the whole batch, unless most of it is known already; later
ones ask by number, for only that finds a row the bank leaves out of every list.  Asking about
money has no ceiling: it slows down.

``not found`` proves nothing by itself: the request may still be on its way.  Only when the
contract's ``settle_after`` has passed since the last send, and the contract promises that a
number is credited once, is the same batch with the same body sent again.  Where the bank has
several addresses it is asked at every one where the batch may lie and at the one in use: one
side's "not found" is none (``everywhere``), and one that was asked for before the channel went
over to another address sends nothing again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.bus import Delivery, Message, MessageState, Rung, Verdict
from hub.bus import places as bus_places
from hub.bus.tables import message
from hub.kernel.periods import Period
from hub.offset.everywhere import ask_everywhere
from hub.offset.handling import ReadHandler
from hub.offset.instruct import NEVER_US
from hub.offset.letters import InquiryAsk, ResultsAsk, pack, unpack
from hub.offset.office import Office
from hub.offset.results import apply_results
from hub.offset.tables import batch, item
from hub.offset.words import ItemState
from hub.ports.bank import RowResult, RowStatus
from hub.ports.line import FileConflict, FileGrowing, FileRefused, ReplyUnreadable
from hub.store import database_now_us

RESULTS = "bank.results"
INQUIRY = "bank.inquire"
_WAITS_S = (0.2, 0.7, 1.5, 3.0, 6.0, 12.0, 20.0, 30.0)
"""Before the second, third … question; the last one is then doubled up to ten minutes."""
_LONGEST_WAIT_S = 600.0
_FEW = 5
"""Where no more than this part of a batch is open, the first question asks for those rows alone:
the bank need not tell us again what we know of the others."""
_UNUSABLE_TRIES = 3
"""So often a batch's results may come as something that is none, a half or doubtful file say,
before the bank is asked by number instead."""
_UNUSABLE = (ReplyUnreadable, FileRefused, FileGrowing, FileConflict)
_LEFT_OUT = "应答里没有这一笔"
_OPEN = (ItemState.INSTRUCTED.value, ItemState.UNKNOWN.value)


def ask_about(tx: Connection, office: Office, period: Period, number: str) -> int:
    """Order the next question about one batch; how many messages that took, 0 when none is due."""
    found = tx.execute(sa.select(batch).where(batch.c.number == number)).one()
    if found.next_ask_us > database_now_us(tx):
        return 0
    rows = _open_rows(tx, number)
    if not rows:
        _plan_next(tx, number, NEVER_US, found.asks, 0)
        _nothing_open(tx, office, found)
        return 0
    asks = found.asks + 1
    places = sorted(bus_places.maybe_at(tx, [found.message_id]))
    letters: list[tuple[str, bytes, int]]
    if asks == 1 and len(rows) * _FEW > found.rows_count:
        letters = [(RESULTS, pack(ResultsAsk(number, places)), len(rows))]
    else:
        limit = office.seat(found.bank).port.inquiry_limit
        parts = [rows[i : i + limit] for i in range(0, len(rows), limit)]
        letters = [(INQUIRY, pack(InquiryAsk(number, part, places)), len(part)) for part in parts]
    for place, (kind, letter, items) in enumerate(letters):
        office.to_bank(
            tx, found.bank, kind, f"{number}:{asks}:{place}", letter, period=period,
            subject=f"查证 批次 {number}", items=items, endless=True,
        )  # fmt: skip
    _plan_next(tx, number, NEVER_US, asks, len(letters))
    return len(letters)


def _nothing_open(tx: Connection, office: Office, found: Row[Any]) -> None:
    """What became of every row is known, whoever said it: the message has its business result."""
    if found.state == "unknown":
        _settle(tx, office, found.number, found.message_id)
    if not _still_unknown(tx, found.number):
        office.bus.climb(tx, [found.message_id], Rung.RESULT)


def _still_unknown(tx: Connection, number: str) -> bool:
    query = sa.select(item.c.number).where(
        item.c.batch == number, item.c.state == ItemState.UNKNOWN.value
    )
    return tx.scalar(query.limit(1)) is not None


def _settle(tx: Connection, office: Office, number: str, message_id: int) -> None:
    """The bank knows all of an unknown send: it was delivered."""
    why = "what became of every row is known"
    if not _still_unknown(tx, number) and office.bus.settle(tx, message_id, Verdict.DELIVERED, why):
        _set_state(tx, number, "sent")


def ask_now(tx: Connection, run_id: int, bank: str = "") -> int:
    """Bring forward every question that waits, to all banks or to one; batches it concerns."""
    here = batch.c.bank == bank if bank else sa.true()
    done = tx.execute(
        sa.update(batch)
        .where(batch.c.run_id == run_id, batch.c.next_ask_us < NEVER_US, here)
        .values(next_ask_us=0)
    )
    return done.rowcount


def ask_first(tx: Connection, office: Office, interface: str) -> int:
    """An interface went over to another address: whatever is open there is asked about now; a
    repeat that was called back is unknown again.  Batches it concerns."""
    banks = [seat.code for seat in office.banks.values() if seat.interface == interface]
    if not banks:
        return 0
    back = sa.select(message.c.id).where(
        message.c.id == batch.c.message_id, message.c.state == MessageState.UNKNOWN.value
    )
    mine = batch.c.bank.in_(banks)
    tx.execute(
        sa.update(batch).where(mine, batch.c.state == "again", back.exists())
        .values(state="unknown")
    )  # fmt: skip
    asked = tx.execute(
        sa.update(batch).where(mine, batch.c.next_ask_us < NEVER_US).values(next_ask_us=0)
    )
    return asked.rowcount


def need_not_wait(tx: Connection, numbers: Sequence[str]) -> None:
    """Results of these batches came by themselves: one with nothing open need not wait for its
    next question to have that noticed."""
    for number in numbers:
        if not _open_rows(tx, number):
            tx.execute(
                sa.update(batch)
                .where(_is(number), batch.c.asks_open <= 0, batch.c.next_ask_us < NEVER_US)
                .values(next_ask_us=database_now_us(tx))
            )


def _open_rows(tx: Connection, number: str) -> list[str]:
    query = (
        sa.select(item.c.number)
        .where(item.c.batch == number, item.c.state.in_(_OPEN), item.c.disputed == 0)
        .order_by(item.c.row_no)
    )
    return list(tx.scalars(query))


def _plan_next(tx: Connection, number: str, at_us: int, asks: int, asks_open: int) -> None:
    tx.execute(
        sa.update(batch)
        .where(batch.c.number == number)
        .values(next_ask_us=at_us, asks=asks, asks_open=asks_open)
    )


def _wait_us(asks: int) -> int:
    if asks <= len(_WAITS_S):
        return int(_WAITS_S[asks - 1] * 1_000_000)
    doubled = _WAITS_S[-1] * 2 ** (asks - len(_WAITS_S))
    return int(min(doubled, _LONGEST_WAIT_S) * 1_000_000)


@dataclass(frozen=True, slots=True)
class _Answer:
    batch: str
    results: tuple[RowResult, ...]
    asked: tuple[str, ...]
    unusable: bool = False
    """Nothing at all was learnt, not even that a number is not known."""
    half: bool = False
    """One of the addresses where it may lie did not answer."""


class _AnswerHandler(ReadHandler):
    def __init__(self, office: Office) -> None:
        self._office = office

    def apply(self, tx: Connection, message: Message, result: _Answer) -> None:
        # First the batch: a reply and two answers about it come one after the other.
        state = tx.scalar(sa.select(batch.c.state).where(_is(result.batch)).with_for_update())
        if state == "cut":
            self._of_unsent(tx, result)
            return
        if result.unusable:
            self._one_answered(tx, result.batch, False, message.created_us)
            return
        said = {row.number for row in result.results}
        left_out = [number for number in self._expected(tx, result) if number not in said]
        silent = [RowResult(number, RowStatus.UNKNOWN, text=_LEFT_OUT) for number in left_out]
        applied = apply_results(tx, self._office, [*result.results, *silent], self._way)
        missing = not result.half and (bool(applied.not_found) or not result.results)
        self._one_answered(tx, result.batch, missing, message.created_us)

    def _of_unsent(self, tx: Connection, result: _Answer) -> None:
        """A person asked about a batch that surely was never sent: that the bank knows nothing of
        it is as it must be and moves nothing; that it knows something is taken in like any
        answer, and then the batch is not sent any more."""
        silent = (RowStatus.NOT_FOUND, RowStatus.UNKNOWN)
        known = [row for row in result.results if row.status not in silent]
        if known:
            apply_results(tx, self._office, known, self._way)
        tx.execute(
            sa.update(batch)
            .where(_is(result.batch))
            .values(asks_open=batch.c.asks_open - 1, next_ask_us=NEVER_US)
        )

    _way = ""

    def _expected(self, tx: Connection, result: _Answer) -> Sequence[str]:
        return result.asked

    def refused(self, tx: Connection, message: Message, refusal: object) -> None:
        self._one_answered(tx, message.key.split(":")[0], False, message.created_us)

    def died(self, tx: Connection, message: Message) -> None:
        self._one_answered(tx, message.key.split(":")[0], False, message.created_us)

    def _one_answered(self, tx: Connection, number: str, missing: bool, asked_us: int) -> None:
        """Note that one question is answered; after the last, decide what comes next."""
        found = tx.execute(
            sa.update(batch)
            .where(batch.c.number == number)
            .values(asks_open=batch.c.asks_open - 1)
            .returning(
                batch.c.asks, batch.c.asks_open, batch.c.bank, batch.c.message_id,
                batch.c.unknown_us, batch.c.state,
            )
        ).one()  # fmt: skip
        if found.state == "unknown":
            ripe_us = found.unknown_us + int(
                self._office.seat(found.bank).port.settle_after_s * 1_000_000
            )
            if not missing:
                _settle(tx, self._office, number, found.message_id)
            elif asked_us >= ripe_us:
                self._send_again(tx, number, found.bank, found.message_id, asked_us)
        if found.asks_open <= 0:
            next_us = database_now_us(tx) + _wait_us(found.asks)
            _plan_next(tx, number, next_us, found.asks, 0)

    def _send_again(
        self, tx: Connection, number: str, bank: str, message_id: int, asked_us: int
    ) -> None:
        """Not found, asked only after settle_after: the same body, where numbers allow it."""
        if not self._office.seat(bank).port.numbers_idempotent:
            return  # the statement decides
        why = "not found after settle_after; the contract marks the number idempotent"
        if self._office.bus.send_again(tx, message_id, why, asked_us=asked_us):
            _set_state(tx, number, "again")


def _is(number: str) -> sa.ColumnElement[bool]:
    return batch.c.number == number


def _set_state(tx: Connection, number: str, state: str) -> None:
    tx.execute(sa.update(batch).where(batch.c.number == number).values(state=state))


class ResultsHandler(_AnswerHandler):
    """Bus handler of ``bank.results``: the batch as a whole."""

    _way = "results"

    def send(self, delivery: Delivery) -> _Answer:
        ask = unpack(delivery.payload, ResultsAsk)
        try:
            results, half = ask_everywhere(
                delivery, ask.places, lambda port, line: port.fetch_results(line, ask.batch)
            )
            return _Answer(ask.batch, results, (), half=half)
        except _UNUSABLE as error:
            if delivery.message.tries < _UNUSABLE_TRIES:
                raise
            # For ever unreadable is for ever open: by number the bank may say it all.
            delivery.line.drift.note("results", "results of the whole batch", error.code)
            return _Answer(ask.batch, (), (), unusable=True)

    def _expected(self, tx: Connection, result: _Answer) -> Sequence[str]:
        return _open_rows(tx, result.batch)


class InquiryHandler(_AnswerHandler):
    """Bus handler of ``bank.inquire``: rows by their numbers."""

    _way = "inquiry"

    def send(self, delivery: Delivery) -> _Answer:
        ask = unpack(delivery.payload, InquiryAsk)
        results, half = ask_everywhere(
            delivery, ask.places, lambda port, line: port.inquire(line, ask.numbers)
        )
        return _Answer(ask.batch, results, tuple(ask.numbers), half=half)
