"""Adjustments: what came back after a run had closed, and E7 with them, beside the closed one."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.money import format_yuan
from hub.offset.nets import BACK
from hub.offset.tables import agreement, item, statement_entry
from hub.offset.tables_after import adjustment
from hub.offset.totals import Equation, Figure, Totals, add_up
from hub.ports.bank import EntryKind

COLUMNS = (
    "made_on", "XYBH", "YHJC", "number", "booked_on", "shape", "amount", "serial", "state",
    "reversal",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One of them: days as YYYYMMDD, ``fen`` in 分, ``reversal`` the core's serial once seen."""

    made_on: int
    agreement: str
    bank: str
    number: str
    booked_on: int
    shape: str
    fen: int
    serial: str
    state: str
    reversal: str


def read_adjustments(view: Connection, run_id: int) -> list[Adjustment]:
    """A run's adjustments, in the order they were made."""
    a = adjustment.c
    query = (
        sa.select(
            a.made_on, agreement.c.number.label("agreement"), a.bank, a.number, a.booked_on,
            a.shape, a.fen, a.serial, a.state, a.reversal,
        )
        .join(item, item.c.number == a.number)
        .join(agreement, agreement.c.id == item.c.agreement_id)
        .where(a.run_id == run_id)
        .order_by(a.id)
    )  # fmt: skip
    return [Adjustment(*row) for row in view.execute(query)]


def adjusted_equations(
    view: Connection, run_id: int, totals: Mapping[str, Totals]
) -> list[Equation]:
    """E7 per bank and for the run with everything that came after the close; empty when nothing
    has.  ``totals`` are the closed ones."""
    after = _after(view, run_id)
    if not after:
        return []
    nothing = (Figure(), Figure(), Figure())
    found = []
    whole = add_up(totals)
    added = [Figure(), Figure(), Figure()]
    for bank, each in sorted(totals.items()):
        more = after.get(bank, nothing)
        found.append(_e7(bank, each, *more))
        added = [one + other for one, other in zip(added, more, strict=True)]
    found.append(_e7("total", whole, *added))
    return found


def _e7(bank: str, t: Totals, reversed_: Figure, credited: Figure, returned: Figure) -> Equation:
    left = t["posted"] - (t["reversed"] + reversed_)
    return Equation("E7", bank, left, t["credited"] + credited - (t["returned"] + returned))


def _after(view: Connection, run_id: int) -> dict[str, tuple[Figure, Figure, Figure]]:
    """By bank: reversed, credited, returned after the close."""
    s, a = statement_entry.c, adjustment.c
    found: dict[str, list[Figure]] = {}
    whole = sa.func.sum(sa.case((s.part == 1, 0), else_=1))
    entries = (
        sa.select(s.bank, s.kind, whole, sa.func.sum(s.fen))
        .where(s.run_id == run_id, s.late == 1)
        .where(s.kind.in_((EntryKind.CREDIT.value, *BACK)))
        .group_by(s.bank, s.kind)
    )
    undone = (
        sa.select(a.bank, sa.func.count(), sa.func.sum(a.fen))
        .join(item, item.c.number == a.number)
        .where(a.run_id == run_id, item.c.was_reversed == 1)
        .group_by(a.bank)
    )
    for bank, count, fen in view.execute(undone):
        found.setdefault(bank, [Figure()] * 3)[0] += Figure(int(count), int(fen))
    for bank, kind, count, fen in view.execute(entries):
        place = 1 if kind == EntryKind.CREDIT.value else 2
        found.setdefault(bank, [Figure()] * 3)[place] += Figure(int(count), int(fen))
    return {bank: (each[0], each[1], each[2]) for bank, each in found.items()}


def write_adjustments(view: Connection, run_id: int, file: TextIO) -> None:
    """adjustments.csv: amounts in yuan."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for a in read_adjustments(view, run_id):
        writer.writerow(
            (
                a.made_on, a.agreement, a.bank, a.number, a.booked_on, a.shape, format_yuan(a.fen),
                a.serial, a.state, a.reversal,
            )
        )  # fmt: skip
