"""Control totals (design.md §6) and the equations E0 to E7, read from the rows at one moment.

Every total is counted where the thing happened: agreements in their table, dues in the bank's
list, items by what was done to each, credits in the bank's statement.  So an equation can fail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset.parts import counted
from hub.offset.tables import (
    agreement,
    due_class,
    due_list,
    item,
    leg,
    plan_line,
    statement_entry,
    wave,
)
from hub.offset.tables_after import adjustment
from hub.offset.words import Decision, ItemState, Outcome, WaveState
from hub.ports.bank import EntryKind


@dataclass(frozen=True, slots=True)
class Figure:
    """How many, and how much in 分."""

    count: int = 0
    fen: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.count + other.count, self.fen + other.fen)

    def __sub__(self, other: "Figure") -> "Figure":
        return Figure(self.count - other.count, self.fen - other.fen)


NAMES = (
    "agreements", "agreements_planned", "agreements_skipped", "agreements_exception", "due",
    "planned", "short", "skipped", "exception", "unclaimed", "held", "not_held", "instructed",
    "withdrawn", "succeeded", "failed", "unknown", "posted", "released", "reversed", "credited",
    "returned", "repaid",
)  # fmt: skip
"""In the order of totals.json."""

Totals = dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation of one bank (or ``total``): ``remainder`` is left − right."""

    name: str
    bank: str
    left: Figure
    right: Figure

    @property
    def remainder(self) -> Figure:
        return self.left - self.right

    @property
    def balanced(self) -> bool:
        return self.remainder == Figure()


def read_totals(view: Connection, run_id: int) -> dict[str, Totals]:
    """Totals by bank, for every bank of the run; in one view, so they belong together.

    A bank without a leg whose items are in the run counts too: money is never left out of a sum.
    """
    banks = view.scalars(sa.select(leg.c.bank).where(leg.c.run_id == run_id))
    totals = {bank: dict.fromkeys(NAMES, Figure()) for bank in banks}
    for source in (_agreements, _lines, _dues, _classes, _items, _adjusted, _statement):
        for bank, name, figure in source(view, run_id):
            of_bank = totals.setdefault(bank, dict.fromkeys(NAMES, Figure()))
            of_bank[name] = of_bank[name] + figure
    return dict(sorted(totals.items()))


def add_up(totals: Mapping[str, Totals]) -> Totals:
    """All banks together."""
    whole: Totals = dict.fromkeys(NAMES, Figure())
    for each in totals.values():
        whole = {name: whole[name] + each[name] for name in NAMES}
    return whole


def equations(totals: Mapping[str, Totals]) -> list[Equation]:
    """E0 to E7 per bank, then for the run as ``total``."""
    return [
        equation
        for bank, each in [*sorted(totals.items()), ("total", add_up(totals))]
        for equation in _equations(bank, each)
    ]


def _equations(bank: str, t: Totals) -> Iterable[Equation]:
    def count_only(figure: Figure) -> Figure:
        return Figure(figure.count, 0)

    def fen_only(figure: Figure) -> Figure:
        return Figure(0, figure.fen)

    decided = t["agreements_planned"] + t["agreements_skipped"] + t["agreements_exception"]
    yield Equation("E0", bank, count_only(t["agreements"]), count_only(decided))
    accounted = t["planned"] + t["skipped"] + t["exception"] + t["unclaimed"]
    # What a plan leaves uncovered is part of planned records: its amount counts, they do already.
    yield Equation("E1", bank, t["due"] + t["repaid"], accounted + fen_only(t["short"]))
    yield Equation("E2", bank, t["planned"], t["held"] + t["not_held"])
    yield Equation("E3", bank, t["held"], t["instructed"] + t["withdrawn"])
    yield Equation("E4", bank, t["instructed"], t["succeeded"] + t["failed"] + t["unknown"])
    yield Equation("E5", bank, t["succeeded"], t["posted"])
    yield Equation("E6", bank, t["failed"] + t["withdrawn"], t["released"])
    yield Equation("E7", bank, t["posted"] - t["reversed"], t["credited"] - t["returned"])


_Found = Iterable[tuple[str, str, Figure]]


def takes_part() -> sa.ColumnElement[bool]:
    """Of agreement, leg and (perhaps) wave joined: those the run counts.  Once its wave has asked
    for the accounts, an agreement that is imported later waits for the next period."""
    asked = wave.c.state.not_in([WaveState.ASKING.value])
    return sa.or_(wave.c.id.is_(None), ~asked, agreement.c.id <= wave.c.last_asked)


def _agreements(view: Connection, run_id: int) -> _Found:
    query = (
        sa.select(agreement.c.bank, sa.func.count())
        .join(leg, leg.c.bank == agreement.c.bank)
        .outerjoin(wave, wave.c.id == leg.c.wave_id)
        .where(leg.c.run_id == run_id, takes_part())
        .group_by(agreement.c.bank)
    )
    for bank, count in view.execute(query):
        yield bank, "agreements", Figure(int(count), 0)


def _lines(view: Connection, run_id: int) -> _Found:
    """Agreements by decision, each by its latest; and dues of candidates for whom there was
    nothing to give."""
    line = plan_line.c
    query = (
        sa.select(
            line.bank, line.decision, sa.func.count(),
            sa.func.sum(sa.case((line.due_fen > 0, 1), else_=0)), sa.func.sum(line.due_fen),
        )
        .join(wave, wave.c.id == line.wave_id)
        .where(wave.c.run_id == run_id, *counted(view, run_id))
        .group_by(line.bank, line.decision)
    )  # fmt: skip
    for bank, decision, count, with_due, due_fen in view.execute(query):
        if decision == Decision.CANDIDATE:
            continue
        yield bank, f"agreements_{decision}", Figure(int(count), 0)
        if decision != Decision.PLANNED:
            yield bank, str(decision), Figure(int(with_due), int(due_fen))


def _dues(view: Connection, run_id: int) -> _Found:
    query = sa.select(leg.c.bank, due_list.c.records, due_list.c.fen).join(
        due_list, due_list.c.id == leg.c.due_list_id
    )
    for bank, records, fen in view.execute(query.where(leg.c.run_id == run_id)):
        yield bank, "due", Figure(int(records), int(fen))


def _classes(view: Connection, run_id: int) -> _Found:
    query = (
        sa.select(due_class.c.bank, due_class.c.name, due_class.c.records, due_class.c.fen)
        .join(wave, wave.c.id == due_class.c.wave_id)
        .where(wave.c.run_id == run_id, due_class.c.name != "planned")
    )
    for bank, name, records, fen in view.execute(query):
        yield bank, name, Figure(int(records), int(fen))


def _items(view: Connection, run_id: int) -> _Found:
    """One pass over the items: grouped by what was done to them."""
    i = item.c
    second = i.parent.is_not(None)  # what a second try leaves uncovered, its first try did too
    short = sa.case((second, 0), else_=i.due_fen - i.fen)
    done = (
        i.was_held, i.was_instructed, i.was_withdrawn, i.was_posted, i.was_released,
        i.was_reversed, i.outcome, i.state, second.label("second"),
    )  # fmt: skip
    query = (
        sa.select(
            i.bank, *done, sa.func.count().label("n"), sa.func.sum(i.fen).label("total"),
            sa.func.sum(sa.case((short > 0, 1), else_=0)).label("short_n"),
            sa.func.sum(short).label("short_fen"),
        )
        .where(i.run_id == run_id)
        .group_by(i.bank, *done[:-1], second)
    )  # fmt: skip
    for row in view.execute(query):
        figure = Figure(int(row.n), int(row.total))
        yield row.bank, "short", Figure(int(row.short_n), int(row.short_fen))
        for name in _stations(row):
            yield row.bank, name, figure


def _stations(row: sa.Row[Any]) -> Iterable[str]:
    yield "planned"
    if row.second:
        yield "repaid"
    if row.was_held:
        yield "held"
    elif row.state == ItemState.REFUSED:
        yield "not_held"
    if row.was_withdrawn and row.was_held:
        yield "withdrawn"
    if row.was_instructed:
        yield "instructed"
        if row.outcome in (Outcome.SUCCEEDED, Outcome.RETURNED):
            yield "succeeded"
        elif row.outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            yield str(row.outcome).lower()
    for name in ("posted", "released", "reversed"):
        if getattr(row, f"was_{name}"):
            yield name


def _adjusted(view: Connection, run_id: int) -> _Found:
    """What was reversed after the close is an adjustment: the closed totals do not count it."""
    a = adjustment.c
    query = (
        sa.select(a.bank, sa.func.count(), sa.func.sum(a.fen))
        .join(item, item.c.number == a.number)
        .where(a.run_id == run_id, item.c.was_reversed == 1)
        .group_by(a.bank)
    )
    for bank, count, fen in view.execute(query):
        yield bank, "reversed", Figure() - Figure(int(count), int(fen))


def _statement(view: Connection, run_id: int) -> _Found:
    s = statement_entry.c
    whole = sa.func.sum(sa.case((s.part == 1, 0), else_=1))
    query = (
        sa.select(s.bank, s.kind, whole, sa.func.sum(s.fen))
        .where(s.run_id == run_id, s.late.is_(None))
        .group_by(s.bank, s.kind)
    )
    for bank, kind, count, fen in view.execute(query):
        if kind == EntryKind.CREDIT:
            yield bank, "credited", Figure(int(count), int(fen))
        elif kind in (EntryKind.RETURN, EntryKind.REVERSAL):
            yield bank, "returned", Figure(int(count), int(fen))
