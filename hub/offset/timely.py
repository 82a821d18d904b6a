"""A plan against its due dates: what of it can no longer arrive in time (最迟到账日).

When a wave is planned each item that comes too late gets a notice; who approves days later sees
what has become too late meanwhile, for the figures are judged at each look.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.clocks import from_us
from hub.offset.arrival import earliest_arrival, latest_arrival
from hub.offset.office import Office, day_number, day_of
from hub.offset.policy import Policy, kept_policy
from hub.offset.tables import item, plan_line, run, wave
from hub.offset.tables_month import wave_due
from hub.offset.totals import Figure
from hub.offset.words import Decision, WaveState
from hub.schedule import BankingCalendar, CalendarUnknown, load_span

_LONGEST_CLOSED = timedelta(days=60)
"""As far as a calendar is read: the longest holiday, and the longest ``arrival_days``, fit in."""


@dataclass(frozen=True, slots=True)
class DueDay:
    """A plan's items of one due date.  ``latest_on`` is None where the calendar ends before it;
    ``late``: what is instructed now would arrive after it."""

    due_on: date
    latest_on: date | None
    planned: Figure
    late: bool


@dataclass(frozen=True, slots=True)
class Timeliness:
    """One bank's part of a wave.  ``arrives_on``: the day on which what is instructed now (once
    approved: at the approval) arrives; None when the calendar does not say."""

    bank: str
    arrives_on: date | None
    days: tuple[DueDay, ...]

    @property
    def late(self) -> Figure:
        """What comes too late."""
        return sum((day.planned for day in self.days if day.late), Figure())

    @property
    def next_latest(self) -> date | None:
        """The first latest arrival day that can still be kept."""
        return min((d.latest_on for d in self.days if d.latest_on and not d.late), default=None)


def arrivals(
    view: Connection, office: Office, at: datetime, banks: Sequence[str], policy: Policy
) -> Mapping[str, int]:
    """For each bank the day (YYYYMMDD) on which what is instructed at ``at`` arrives; a bank is
    missing when the calendar does not say."""
    calendar = load_span(view, at.date(), at.date() + _LONGEST_CLOSED)
    found = {}
    for bank in banks:
        hours, days = office.seat(bank).hours, policy.terms(bank).arrival_days
        try:
            found[bank] = day_number(earliest_arrival(at, hours, days, calendar))
        except CalendarUnknown:
            continue  # said on the schedule's page and by the shortage's alarm
    return found


def at_planning(
    view: Connection, office: Office, wave_id: int, policy: Policy
) -> Mapping[str, int]:
    """``arrivals`` at the moment the wave was opened, so that a plan made again is the same."""
    opened_us = view.scalar(sa.select(wave.c.opened_us).where(wave.c.id == wave_id))
    at = from_us(int(opened_us or 0))
    return arrivals(view, office, at, sorted(office.banks), policy)


def _item_of_line() -> sa.ColumnElement[bool]:
    """A line's first item; the run is named because the index begins with agreement and run."""
    here = sa.select(wave.c.run_id).where(wave.c.id == plan_line.c.wave_id).scalar_subquery()
    return sa.and_(
        item.c.agreement_id == plan_line.c.agreement_id,
        item.c.run_id == here,
        item.c.wave_id == plan_line.c.wave_id,
        item.c.parent.is_(None),
    )


_Rows = list[dict[str, int | str]]


def read_due_days(view: Connection, wave_id: int) -> _Rows:
    """The plan's items by bank and due date, ready for :func:`keep_due_days`.

    Read outside the transaction that writes: a million items take a while.
    """
    line = plan_line.c
    query = (
        sa.select(line.bank, line.due_on, sa.func.count(), sa.func.sum(item.c.fen))
        .select_from(plan_line.join(item, _item_of_line()))
        .where(line.wave_id == wave_id, line.decision == Decision.PLANNED.value)
        .group_by(line.bank, line.due_on)
        .order_by(line.bank, line.due_on)
    )
    found = view.execute(query).all()
    if not found:
        return []
    first, last = (day_of(day) for day in (min(r[1] for r in found), max(r[1] for r in found)))
    calendar = load_span(view, first - _LONGEST_CLOSED, last)
    return [
        {"wave_id": wave_id, "bank": bank, "due_on": due_on,
         "latest_on": _latest(day_of(due_on), calendar), "items": int(count), "fen": int(fen)}
        for bank, due_on, count, fen in found
    ]  # fmt: skip


def latest_day(view: Connection, due_on: int) -> int:
    """最迟到账日 of a due date, both YYYYMMDD; 0 for none, or where the calendar does not say."""
    if not due_on:
        return 0
    day = day_of(due_on)
    return _latest(day, load_span(view, day - _LONGEST_CLOSED, day))


def _latest(due_on: date, calendar: BankingCalendar) -> int:
    try:
        return day_number(latest_arrival(due_on, calendar))
    except CalendarUnknown:
        return 0


def keep_due_days(tx: Connection, wave_id: int, rows: _Rows) -> None:
    """Written with the plan; a plan made again replaces them."""
    tx.execute(sa.delete(wave_due).where(wave_due.c.wave_id == wave_id))
    if rows:
        tx.execute(sa.insert(wave_due), rows)


def timeliness(view: Connection, office: Office, wave_id: int) -> tuple[Timeliness, ...]:
    """A planned wave against its due dates, bank by bank: now, or at its approval."""
    found = view.execute(
        sa.select(wave.c.state, wave.c.approved_us, run.c.policy_id)
        .join(run, run.c.id == wave.c.run_id)
        .where(wave.c.id == wave_id)
    ).one()
    at = office.clock.now()
    if found.state == WaveState.APPROVED.value and found.approved_us is not None:
        at = from_us(found.approved_us)
    rows = view.execute(
        sa.select(wave_due).where(wave_due.c.wave_id == wave_id).order_by(wave_due.c.due_on)
    ).all()
    banks = sorted({row.bank for row in rows})
    arrive = arrivals(view, office, at, banks, kept_policy(view, found.policy_id))
    return tuple(
        Timeliness(
            bank,
            day_of(arrive[bank]) if bank in arrive else None,
            tuple(
                DueDay(
                    day_of(row.due_on), day_of(row.latest_on) if row.latest_on else None,
                    Figure(row.items, row.fen), row.due_on < arrive.get(bank, 0),
                )
                for row in rows if row.bank == bank
            ),
        )
        for bank in banks
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LateItem:
    """One item that comes too late; its amount in 分."""

    number: str
    agreement: str
    bank: str
    due_on: date
    latest_on: date | None
    fen: int


def late_items(view: Connection, office: Office, wave_id: int) -> Iterator[LateItem]:
    """Every item of a wave that would arrive after its latest day, by bank, due date and
    agreement: what is to be told to people, or paid by another way, before it is approved."""
    for part in timeliness(view, office, wave_id):
        for day in part.days:
            if day.late:
                yield from _late_of(view, wave_id, part.bank, day)


def _late_of(view: Connection, wave_id: int, bank: str, day: DueDay) -> Iterator[LateItem]:
    line = plan_line.c
    query = (
        sa.select(item.c.number, line.number.label("agreement"), item.c.fen)
        .select_from(plan_line.join(item, _item_of_line()))
        .where(line.wave_id == wave_id, line.decision == Decision.PLANNED.value)
        .where(line.due_on == day_number(day.due_on), line.bank == bank)
        .order_by(line.number)
    )
    for row in view.execute(query, execution_options={"yield_per": 2000}):
        yield LateItem(row.number, row.agreement, bank, day.due_on, day.latest_on, int(row.fen))
