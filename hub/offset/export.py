"""outcomes.csv and totals.json: what a run came to, for people and for programs.

Both are written from one view of the database and are byte-equal on every database for the
same data.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.money import format_yuan
from hub.offset.adjustments import adjusted_equations, read_adjustments, write_adjustments
from hub.offset.parts import counted
from hub.offset.tables import agreement, item, leg, plan_line, run, wave
from hub.offset.tables_after import repayment
from hub.offset.tables_month import second_part
from hub.offset.totals import Equation, Figure, Totals, add_up, equations, read_totals, takes_part
from hub.offset.words import Decision, Outcome, RunState
from hub.store import Store

COLUMNS = ("XYBH", "YHJC", "outcome", "reason", "amount", "main", "spouse")
NOTICE_COLUMNS = ("XYBH", "YHJC", "notices", "detail")


def export_run(store: Store, run_id: int, out: Path) -> None:
    """Write outcomes.csv, notices.csv and totals.json into ``out``; each replaced whole."""
    out.mkdir(parents=True, exist_ok=True)
    with store.read() as view:
        with _fresh(out / "outcomes.csv") as outcomes, _fresh(out / "notices.csv") as notices:
            _write_rows(view, run_id, outcomes, notices)
        with _fresh(out / "totals.json") as file:
            file.write(totals_json(view, run_id))
        if read_adjustments(view, run_id):
            with _fresh(out / "adjustments.csv") as file:
                write_adjustments(view, run_id, file)


@contextmanager
def _fresh(path: Path) -> Iterator[TextIO]:
    """A file beside the one at ``path``, which it replaces once it is whole."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        yield file
    fresh.replace(path)


def newest_of_line() -> sa.ColumnElement[bool]:
    """Of plan_line joined with item: the line's own item, and of its tries in this run the last;
    what a run carries of an earlier month is not its lines'."""
    tried_again = sa.select(repayment.c.parent).where(
        repayment.c.run_id == repayment.c.parent_run_id
    )
    return sa.and_(
        item.c.wave_id == plan_line.c.wave_id,
        item.c.agreement_id == plan_line.c.agreement_id,
        item.c.due_record_id == plan_line.c.due_record_id,
        item.c.number.not_in(tried_again),
    )


def _rows(view: Connection, run_id: int) -> Iterator[sa.Row[Any]]:
    line, i, a = plan_line.c, item.c, agreement.c
    again = sa.select(second_part.c.wave_id).where(second_part.c.leg_id == leg.c.id)
    latest = counted(view, run_id)
    waves = line.wave_id == leg.c.wave_id
    if latest:
        waves = sa.and_(sa.or_(waves, line.wave_id.in_(again)), *latest)
    here = sa.and_(waves, line.agreement_id == a.id)
    query = (
        sa.select(
            a.number, a.bank, line.decision, line.reason.label("line_reason"), line.notices,
            i.outcome, i.reason, i.fen, i.main_fen, i.spouse_fen, i.detail,
        )
        .select_from(agreement)
        .join(leg, leg.c.bank == a.bank)
        .outerjoin(wave, wave.c.id == leg.c.wave_id)
        .outerjoin(plan_line, here)
        .outerjoin(item, newest_of_line())
        .where(leg.c.run_id == run_id, takes_part())
        .order_by(a.id, i.try_no)
    )  # fmt: skip
    return iter(view.execute(query, execution_options={"yield_per": 2000}))


def outcome_of(row: sa.Row[Any]) -> tuple[str, str]:
    """(outcome, reason) of one agreement with its plan line and item, if it has them yet.

    An item on its way has no final outcome: money may be moving, so it reads UNKNOWN; so does an
    agreement for which nothing is decided yet.
    """
    if row.decision is None or row.decision == Decision.CANDIDATE:
        return Outcome.UNKNOWN.value, ""
    if row.decision == Decision.PLANNED:
        return (row.outcome or Outcome.UNKNOWN.value), row.reason
    return row.decision.upper(), row.line_reason


def _write_rows(view: Connection, run_id: int, outcomes: TextIO, notices: TextIO) -> None:
    """Both files in one reading of the run."""
    writer = csv.writer(outcomes, lineterminator="\n")
    told = csv.writer(notices, lineterminator="\n")
    writer.writerow(COLUMNS)
    told.writerow(NOTICE_COLUMNS)
    for row in _rows(view, run_id):
        number, bank, *_, fen, main_fen, spouse_fen, detail = row
        amounts = (fen or 0, main_fen or 0, spouse_fen or 0)
        writer.writerow((number, bank, *outcome_of(row), *map(format_yuan, amounts)))
        if row.notices or detail:
            told.writerow((number, bank, row.notices, detail or ""))


def totals_json(view: Connection, run_id: int) -> str:
    """The text of totals.json, its keys in a fixed order."""
    period, state = view.execute(
        sa.select(run.c.period, run.c.state).where(run.c.id == run_id)
    ).one()
    totals = read_totals(view, run_id)
    said: dict[str, Any] = {
        "month": period,
        "banks": {bank: _totals(each) for bank, each in sorted(totals.items())},
        "total": _totals(add_up(totals)),
        "equations": [_equation(e) for e in equations(totals)],
        "closed": state == RunState.CLOSED,
    }
    after = adjusted_equations(view, run_id, totals)
    if after:
        said["adjusted_equations"] = [_equation(e) for e in after]
        said["adjustments"] = [asdict(each) for each in read_adjustments(view, run_id)]
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def _equation(e: Equation) -> dict[str, Any]:
    return {
        "name": e.name, "bank": e.bank, "left": _figure(e.left), "right": _figure(e.right),
        "remainder": _figure(e.remainder),
    }  # fmt: skip


def _totals(totals: Totals) -> dict[str, dict[str, int]]:
    return {name: _figure(figure) for name, figure in totals.items()}


def _figure(figure: Figure) -> dict[str, int]:
    return {"count": figure.count, "fen": figure.fen}
