"""The month's book: one run's figures by bank, and bank and centre held against each other.

Read from one view of the database; what is written from it (hub.web.books) adds no figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset.adjustments import Adjustment, adjusted_equations, read_adjustments
from hub.offset.nets import BACK
from hub.offset.parts import counted
from hub.offset.tables import (
    core_posting,
    difference,
    item,
    leg,
    plan_line,
    run,
    statement_entry,
    wave,
)
from hub.offset.totals import Equation, Figure, Totals, equations, read_totals
from hub.offset.words import Decision, Outcome
from hub.ports.bank import EntryKind


class OpenSide(StrEnum):
    """Why bank and centre differ on one number (未达账项)."""

    BANK_PAID = "bank_paid"  # 银行已付、中心未记
    CENTRE_BOOKED = "centre_booked"  # 中心已记、银行未付


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """One number on which the two ledgers differ; ``fen`` is by how much, above 0."""

    side: OpenSide
    number: str
    fen: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One bank's 余额调节表, in 分: net of what came back on the bank's side, of reversals on the
    centre's.

    ``balance`` is what the paying account held when the bank last said so, ``None`` before.
    """

    bank: str
    payer: str
    balance: int | None
    balance_us: int | None
    at_bank: int
    in_books: int
    open_entries: tuple[OpenEntry, ...]

    def open_sum(self, side: OpenSide) -> int:
        """What stands open on one side."""
        return sum(entry.fen for entry in self.open_entries if entry.side is side)

    @property
    def bank_adjusted(self) -> int:
        """The bank's net once it has paid what the centre booked."""
        return self.at_bank + self.open_sum(OpenSide.CENTRE_BOOKED)

    @property
    def books_adjusted(self) -> int:
        """The centre's net once it has booked what the bank paid."""
        return self.in_books + self.open_sum(OpenSide.BANK_PAID)


@dataclass(frozen=True, slots=True)
class DifferenceSeen:
    """One 对账差异 of the run, open or settled."""

    id: int
    bank: str
    kind: str
    number: str
    hub_fen: int
    bank_fen: int
    core_fen: int
    owner: str
    state: str
    settlement: str


@dataclass(frozen=True, slots=True)
class MonthBook:
    """Everything the month's report says.  ``outcomes``: (bank, outcome, reason) → figure."""

    period: str
    state: str
    closed_us: int | None
    totals: Mapping[str, Totals]
    equations: tuple[Equation, ...]
    adjusted: tuple[Equation, ...]
    outcomes: Mapping[tuple[str, str, str], Figure]
    reconciliations: tuple[Reconciliation, ...]
    differences: tuple[DifferenceSeen, ...]
    adjustments: tuple[Adjustment, ...]


def read_month_book(view: Connection, run_id: int) -> MonthBook:
    """The book of one run as it stands now."""
    found = view.execute(sa.select(run).where(run.c.id == run_id)).one()
    totals = read_totals(view, run_id)
    return MonthBook(
        period=found.period,
        state=found.state,
        closed_us=found.closed_us,
        totals=totals,
        equations=tuple(equations(totals)),
        adjusted=tuple(adjusted_equations(view, run_id, totals)),
        outcomes=_outcomes(view, run_id),
        reconciliations=tuple(_reconciliations(view, run_id)),
        differences=tuple(_differences(view, run_id)),
        adjustments=tuple(read_adjustments(view, run_id)),
    )


def _outcomes(view: Connection, run_id: int) -> dict[tuple[str, str, str], Figure]:
    """Items by what became of them, and plan lines that have no item; amounts as instructed, of
    lines without an item as due."""
    found: dict[tuple[str, str, str], Figure] = {}
    i = item.c
    items = (
        sa.select(i.bank, i.outcome, i.reason, sa.func.count(), sa.func.sum(i.fen))
        .where(i.run_id == run_id)
        .group_by(i.bank, i.outcome, i.reason)
    )
    line = plan_line.c
    lines = (
        sa.select(line.bank, line.decision, line.reason, sa.func.count(), sa.func.sum(line.due_fen))
        .join(wave, wave.c.id == line.wave_id)
        .where(wave.c.run_id == run_id, *counted(view, run_id))
        .where(line.decision.in_([Decision.SKIPPED.value, Decision.EXCEPTION.value]))
        .group_by(line.bank, line.decision, line.reason)
    )
    for query in (items, lines):
        for bank, outcome, reason, count, fen in view.execute(query):
            said = (outcome or Outcome.UNKNOWN.value).upper()
            here = found.get((bank, said, reason), Figure())
            found[bank, said, reason] = here + Figure(int(count), int(fen))
    return dict(sorted(found.items()))


def _reconciliations(view: Connection, run_id: int) -> list[Reconciliation]:
    legs = view.execute(sa.select(leg).where(leg.c.run_id == run_id).order_by(leg.c.bank)).all()
    return [_reconciliation(view, run_id, each) for each in legs]


def _reconciliation(view: Connection, run_id: int, here: sa.Row[Any]) -> Reconciliation:
    at_bank = _bank_nets(view, run_id, here.bank)
    in_books = _book_nets(view, run_id, here.bank)
    gaps = {
        number: at_bank.get(number, 0) - in_books.get(number, 0)
        for number in sorted(at_bank.keys() | in_books.keys())
    }
    open_entries = tuple(
        OpenEntry(OpenSide.BANK_PAID if gap > 0 else OpenSide.CENTRE_BOOKED, number, abs(gap))
        for number, gap in gaps.items()
        if gap
    )
    return Reconciliation(
        bank=here.bank,
        payer=here.payer_mask,
        balance=here.balance_fen,
        balance_us=here.balance_us,
        at_bank=sum(at_bank.values()),
        in_books=sum(in_books.values()),
        open_entries=open_entries,
    )


def _bank_nets(view: Connection, run_id: int, bank: str) -> dict[str, int]:
    """By number, and without one by the bank's serial; 分 that went out, less what came back."""
    s = statement_entry.c
    name = sa.case((s.number != "", s.number), else_=s.serial).label("name")
    signed = sa.case((s.kind.in_(BACK), -s.fen), else_=s.fen)
    query = (
        sa.select(name, sa.func.sum(signed))
        .where(s.run_id == run_id, s.bank == bank)
        .where(s.kind.in_([EntryKind.CREDIT.value, *BACK]))
        .group_by(name)
    )
    return {number: int(fen) for number, fen in view.execute(query)}


def _book_nets(view: Connection, run_id: int, bank: str) -> dict[str, int]:
    p = core_posting.c
    signed = sa.case((p.reversal == 1, -p.fen), else_=p.fen)
    query = (
        sa.select(p.number, sa.func.sum(signed))
        .where(p.run_id == run_id, p.bank == bank)
        .group_by(p.number)
    )
    return {number: int(fen) for number, fen in view.execute(query)}


def _differences(view: Connection, run_id: int) -> list[DifferenceSeen]:
    d = difference.c
    query = (
        sa.select(
            d.id, d.bank, d.kind, d.number, d.hub_fen, d.bank_fen, d.core_fen, d.owner, d.state,
            d.settlement,
        )
        .where(d.run_id == run_id)
        .order_by(d.id)
    )  # fmt: skip
    return [DifferenceSeen(*row) for row in view.execute(query)]
