"""日终: what one business day came to at each bank, and what stands in the way of its end.

Read from one view.  A day is clear at a bank when nothing of it is unknown or between two steps,
the bank has closed the day and its statement has been read, and no difference is open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.channels import ChannelState, read_channels
from hub.bus.words import MessageState
from hub.offset.nets import BACK
from hub.offset.office import Office, day_number
from hub.offset.tables import (
    core_posting,
    difference,
    item,
    leg,
    run,
    statement_day,
    statement_entry,
    wave,
)
from hub.offset.totals import Figure
from hub.offset.words import ItemState, RunState, WaveState
from hub.ports.bank import EntryKind

NOTHING = Figure()
_BETWEEN = (
    ItemState.PLANNED, ItemState.HELD, ItemState.SUCCEEDED, ItemState.FAILED, ItemState.RETURNED,
)  # fmt: skip
_UNKNOWN = (ItemState.INSTRUCTED, ItemState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing in the way; ``what`` names it where a figure does not (who stopped the channel).

    ``code``: unknown, between, difference, statement_unread, day_open, stopped, dead, parked,
    queued.
    """

    code: str
    figure: Figure = NOTHING
    what: str = ""


@dataclass(frozen=True, slots=True)
class BankDay:
    """One bank's day, in items and 分."""

    bank: str
    instructed: Figure
    credited: Figure
    returned: Figure
    posted: Figure
    reversed: Figure
    obstacles: tuple[Obstacle, ...]

    @property
    def clear(self) -> bool:
        """Nothing stands in the way."""
        return not self.obstacles


def read_day_end(view: Connection, office: Office, day: date) -> list[BankDay]:
    """Every bank with an open run or something of this day, by code."""
    here = day_number(day)
    moved = {
        bank
        for source in (
            sa.select(item.c.bank).where(item.c.instructed_on == here),
            sa.select(statement_entry.c.bank).where(statement_entry.c.day == here),
            sa.select(core_posting.c.bank).where(core_posting.c.booked_on == here),
            sa.select(leg.c.bank)
            .join(run, run.c.id == leg.c.run_id)
            .where(run.c.state != RunState.CLOSED.value),
        )
        for bank in view.scalars(source.distinct())
    }
    channels = {state.interface: state for state in read_channels(view)}
    return [_bank_day(view, office, bank, here, channels) for bank in sorted(moved)]


def _bank_day(
    view: Connection, office: Office, bank: str, day: int, channels: dict[str, ChannelState]
) -> BankDay:
    i, s, p = item.c, statement_entry.c, core_posting.c
    entries = sa.and_(s.bank == bank, s.day == day)
    posted = sa.and_(p.bank == bank, p.booked_on == day)
    instructed = _sum(view, i.fen, i.bank == bank, i.instructed_on == day)
    seat = office.banks.get(bank)
    state = channels.get(seat.interface) if seat is not None else None
    return BankDay(
        bank=bank,
        instructed=instructed,
        credited=_sum(view, s.fen, entries, s.kind == EntryKind.CREDIT.value),
        returned=_sum(view, s.fen, entries, s.kind.in_(BACK)),
        posted=_sum(view, p.fen, posted, p.reversal == 0, counting=p.number.distinct()),
        reversed=_sum(view, p.fen, posted, p.reversal == 1, counting=p.number.distinct()),
        obstacles=(
            *_of_items(view, bank, day),
            *_of_statement(view, bank, day, instructed),
            *_of_channel(state),
        ),
    )


def _sum(
    view: Connection,
    fen: sa.ColumnElement[int],
    *where: sa.ColumnElement[bool],
    counting: sa.ColumnElement[Any] | None = None,
) -> Figure:
    """``counting``: what to count instead of rows (an item with two payers is two postings)."""
    counted = sa.func.count() if counting is None else sa.func.count(counting)
    query = sa.select(counted, sa.func.coalesce(sa.func.sum(fen), 0)).where(*where)
    count, total = view.execute(query).one()
    return Figure(int(count), int(total))


def _of_items(view: Connection, bank: str, day: int) -> Iterator[Obstacle]:
    i = item.c
    at_bank = (i.bank == bank, i.instructed_on <= day)
    approved = sa.select(wave.c.id).where(wave.c.state == WaveState.APPROVED.value)
    # A plan that nobody has approved yet is not under way.
    begun = sa.or_(i.state != ItemState.PLANNED.value, i.wave_id.in_(approved))
    for code, states, where in (
        ("unknown", _UNKNOWN, at_bank),
        ("between", _BETWEEN, (i.bank == bank, begun)),
    ):
        found = _sum(view, i.fen, *where, i.state.in_([state.value for state in states]))
        if found.count:
            yield Obstacle(code, found)
    d = difference.c
    disputed = _sum(view, d.bank_fen, d.bank == bank, d.state == "open")
    if disputed.count:
        yield Obstacle("difference", disputed)


def _of_statement(view: Connection, bank: str, day: int, instructed: Figure) -> Iterator[Obstacle]:
    if not instructed.count:
        return
    d = statement_day.c
    read = view.execute(
        sa.select(d.closed).where(d.bank == bank, d.day == day, d.state == "read")
    ).all()
    if not read:
        yield Obstacle("statement_unread")
    elif not any(row.closed for row in read):
        yield Obstacle("day_open")


def _of_channel(state: ChannelState | None) -> Iterator[Obstacle]:
    if state is None:
        return
    if state.stopped:
        yield Obstacle("stopped", what=state.stopped_by)
    for code, waiting in (
        ("dead", (MessageState.DEAD,)),
        ("parked", (MessageState.PARKED,)),
        ("queued", (MessageState.QUEUED, MessageState.WAITING, MessageState.IN_FLIGHT)),
    ):
        pile = state.moving(*waiting) if code == "queued" else state.pile(*waiting)
        if pile.count:
            yield Obstacle(code, Figure(pile.count, pile.fen))
