"""Numbers that bank or core hold and this copy has no item for.

A number follows from (period, bank, agreement, try), so it is looked for among the agreements
known here.  Found, it waits for its run and its plan, which then binds its amounts; not found, it
is a difference.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.periods import Period
from hub.offset import numbers
from hub.offset.differences import Finding, open_difference
from hub.offset.office import Office
from hub.offset.restore_tables import restore_fact, restore_obstacle
from hub.offset.tables import agreement, item, leg, run, wave
from hub.offset.words import DifferenceKind, WaveState
from hub.ports.bank import EntryKind

_TRIES = 5
_HELD = ("credit", "return", "reversal", "hold", "posting", "unposting")
_PLANNED = (WaveState.TRIAL.value, WaveState.SUBMITTED.value, WaveState.APPROVED.value)


def judge_strangers(tx: Connection, office: Office, turn: int, *, firm: bool) -> int:
    """Note each as what it is; how many.  Known differences that two people settled are counted
    too: who reads obstacles leaves them out."""
    found = list(tx.execute(_without_item(turn)))
    periods = {row.number: _period_of(row.number) for row in found}
    derived = _derive(tx, {(row.bank, periods[row.number], row.number) for row in found})
    for row in found:
        period = periods[row.number]
        kind, said, run_id = _judge(tx, row, period, derived.get(row.number))
        certain = kind in set(DifferenceKind)
        if certain and run_id and firm:
            credited, booked = int(row.credit_fen), int(row.core_fen)
            finding = Finding(DifferenceKind(kind), row.bank, row.number, 0, credited, booked,
                              f"恢复后核对：{said}")  # fmt: skip
            open_difference(tx, run_id, finding, office.now_us())
        tx.execute(
            sa.insert(restore_obstacle).values(
                turn=turn, kind=kind, bank=row.bank, number=row.number, run_id=run_id,
                fen=max(int(row.credit_fen), int(row.core_fen)), detail=said[:200],
            )
        )  # fmt: skip
    return len(found)


def _without_item(turn: int) -> sa.Select[Any]:
    fact = restore_fact.c
    credit = fact.kind == EntryKind.CREDIT.value
    core = fact.kind.in_(["hold", "posting"])
    return (
        sa.select(
            fact.number, sa.func.min(fact.bank).label("bank"),
            sa.func.sum(sa.case((credit, fact.fen), else_=0)).label("credit_fen"),
            sa.func.sum(sa.case((core, fact.fen), else_=0)).label("core_fen"),
        )
        .outerjoin(item, item.c.number == fact.number)
        .where(fact.turn == turn, fact.kind.in_(_HELD), item.c.number.is_(None))
        .group_by(fact.number)
        .order_by(fact.number)
    )  # fmt: skip


def _period_of(number: str) -> str:
    """The month a number of ours begins with; empty when it cannot be one of ours."""
    ours = len(number) == numbers.LENGTH and number.isascii() and number.isdigit()
    if not ours or not 1 <= int(number[2:4]) <= 12:
        return ""
    return f"20{number[:2]}-{number[2:4]}"


def _derive(tx: Connection, wanted: Iterable[tuple[str, str, str]]) -> dict[str, tuple[int, int]]:
    """Number → (agreement, try), for those that follow from an agreement known here."""
    left: dict[tuple[str, str], set[str]] = {}
    for bank, period, number in wanted:
        if period:
            left.setdefault((bank, period), set()).add(number)
    found: dict[str, tuple[int, int]] = {}
    for (bank, period), numbers_left in left.items():
        month = Period.parse(period)
        for try_no in range(1, _TRIES + 1):
            if not numbers_left:
                break
            query = sa.select(agreement.c.id, agreement.c.number).where(agreement.c.bank == bank)
            for row in tx.execute(query, execution_options={"yield_per": 2000}):
                number = numbers.item_number(month, bank, row.number, try_no)
                if number in numbers_left:
                    found[number] = (int(row.id), try_no)
                    numbers_left.discard(number)
    return found


def _judge(
    tx: Connection, row: sa.Row[Any], period: str, derived: tuple[int, int] | None
) -> tuple[str, str, int]:
    """Kind, what to do, and the run it belongs to (0: none here)."""
    query = sa.select(run.c.id).where(run.c.period == period)
    run_id = int(tx.scalar(query) or 0)
    if derived is None:
        kind = DifferenceKind.UNKNOWN_INSTRUCTION if row.credit_fen else DifferenceKind.CORE_ONLY
        said = "编号不能由本库已有的协议推出：先补导入协议，否则由两人按差异处理"
        return kind.value, said, run_id or newest_run(tx, row.bank)
    if not run_id:
        return "no_run", f"本库没有 {period} 期次：hub offset plan --month {period}", 0
    planned = tx.scalar(
        sa.select(wave.c.id)
        .join(leg, leg.c.wave_id == wave.c.id)
        .where(leg.c.run_id == run_id, leg.c.bank == row.bank, wave.c.state.in_(_PLANNED))
    )
    if planned is None:
        return "waits_for_plan", f"{period} {row.bank} 尚未试算，试算后按编号认回", run_id
    first = derived[1] == 1
    said = "由协议推出，但不在本期计划中" if first else f"第 {derived[1]} 次重付，本库没有"
    return DifferenceKind.UNKNOWN_INSTRUCTION.value, said, run_id


def newest_run(tx: Connection, bank: str) -> int:
    """The newest run this bank takes part in; 0 when there is none."""
    query = (
        sa.select(run.c.id)
        .join(leg, leg.c.run_id == run.c.id)
        .where(leg.c.bank == bank)
        .order_by(run.c.period.desc())
        .limit(1)
    )
    return int(tx.scalar(query) or 0)
