"""The month's jobs: per bank from its manifest's ``schedule`` and ``hours``, the cut-off from the
policy.  What each opens is said in ``hub.offset.opening``; here is what it does when it is due.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.clocks import SHANGHAI, from_us
from hub.offset import closing
from hub.offset.afterwards import look_now
from hub.offset.day_end import BankDay, read_day_end
from hub.offset.inquiry import ask_now
from hub.offset.instruct import KIND as INSTRUCT
from hub.offset.opening import Step, job_code
from hub.offset.policy import Policy
from hub.offset.tables import leg, run, wave
from hub.offset.words import RunState
from hub.schedule import Daily, Due, Job

if TYPE_CHECKING:
    from hub.app.hub import Hub
    from hub.offset.office import BankSeat

Act = Callable[[Connection, Due], str]

DUES_AT, STATEMENT_AT = time(8, 30), time(20, 30)
"""Where a manifest does not say."""
_CLOSE_AFTER = timedelta(minutes=30)
"""From the statement's time to the day's sheet, where the manifest has no ``close``."""
_DAY_ENDS = time(23, 59)
OBSTACLES = {
    "unknown": "结果不明", "between": "两步之间", "difference": "对账差异未平",
    "statement_unread": "当日对账单未读", "day_open": "银行未日终", "stopped": "通道已停发",
    "dead": "待人工处理", "parked": "搁置", "queued": "待发",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Times:
    """A bank's times of day, business time."""

    dues: time
    instruct: time
    results: time
    statement: time
    close: time


def times_of(hub: "Hub", seat: "BankSeat") -> Times:
    """From the manifest.  Raises BadSchedule."""
    manifest = hub.adapters[seat.interface].manifest
    statement = manifest.time_of("statement") or STATEMENT_AT
    return Times(
        dues=manifest.time_of("dues") or DUES_AT,
        instruct=seat.hours.opens,
        results=manifest.time_of("results") or min(seat.hours.closes, _DAY_ENDS),
        statement=statement,
        close=manifest.time_of("close") or _later(statement, _CLOSE_AFTER),
    )


def month_jobs(hub: "Hub", policy: Policy) -> list[Job]:
    """Every job of the offset's month, for the banks this deployment reaches."""
    return [
        Job(
            code=job_code(Step.PLAN), title="试算截止", rule=Daily(policy.plan_at),
            act=partial(_plan, hub),
        ),
        *(job for bank in sorted(hub.office.banks) for job in _of_bank(hub, bank)),
    ]  # fmt: skip


def _of_bank(hub: "Hub", bank: str) -> Iterator[Job]:
    seat = hub.office.seat(bank)
    at = times_of(hub, seat)

    def job(step: Step, title: str, when: time, act: Act) -> Job:
        # What was due earlier on the day on which the hub first sees the bank counts as due.
        return Job(
            code=job_code(step, bank), title=f"{seat.name} · {title}", rule=Daily(when), act=act,
            today_too=True,
        )  # fmt: skip

    yield job(Step.DUES, "取应还明细", at.dues, partial(_dues, bank))
    yield job(Step.INSTRUCT, "划款", at.instruct, partial(_instruct, hub, bank))
    yield job(Step.RESULTS, "收盘查证", at.results, partial(_results, bank))
    yield job(Step.STATEMENT, "取对账单", at.statement, partial(_statement, bank))
    # Each day has a sheet of its own, also those on which the hub was down.
    yield Job(
        code=job_code(Step.CLOSE, bank), title=f"{seat.name} · 日终核对", rule=Daily(at.close),
        run=partial(_close, hub, bank), missed="each",
    )  # fmt: skip


# --- what is done when it is due; the conductor does the rest ---


def _dues(bank: str, tx: Connection, _due: Due) -> str:
    waiting = (
        sa.select(run.c.period)
        .join(leg, leg.c.run_id == run.c.id)
        .where(leg.c.bank == bank, leg.c.wave_id.is_(None), run.c.state != RunState.CLOSED.value)
        .order_by(run.c.period)
    )
    periods = list(tx.scalars(waiting))
    return f"开始取 {'、'.join(periods)} 的应还明细" if periods else "没有期次在等应还明细"


def _plan(hub: "Hub", tx: Connection, due: Due) -> str:
    waiting = (
        sa.select(run.c.period, leg.c.bank)
        .join(leg, leg.c.run_id == run.c.id)
        .outerjoin(wave, wave.c.id == leg.c.wave_id)
        .where(leg.c.wave_id.is_(None), run.c.state != RunState.CLOSED.value)
        .where(run.c.opened_us < due.due_us)
        .order_by(run.c.period, leg.c.bank)
    )
    late = [f"{period} {hub.office.seat(bank).name}" for period, bank in tx.execute(waiting)]
    return f"截止时还没有轮次：{'、'.join(late)}" if late else "没有银行在等试算"


def _instruct(hub: "Hub", bank: str, tx: Connection, _due: Due) -> str:
    seat = hub.office.seat(bank)
    back = hub.bus.reopen(tx, seat.interface, INSTRUCT)
    said = f"开放划款，到 {seat.hours.closes:%H:%M}"
    return f"{said}；{back} 批接着发送" if back else said


def _results(bank: str, tx: Connection, _due: Due) -> str:
    asked = sum(ask_now(tx, run_id, bank) for run_id in _runs(tx, bank, closed=False))
    return f"{asked} 批提前查证" if asked else "没有待查证的批次"


def _statement(bank: str, tx: Connection, _due: Due) -> str:
    under_way = _runs(tx, bank, closed=False)
    legs = sum(closing.read_again(tx, run_id, bank) for run_id in under_way)
    legs += sum(look_now(tx, run_id, bank) for run_id in _runs(tx, bank, closed=True)[-1:])
    return f"读取 {legs} 个期次的对账单" if legs else "没有期次要读对账单"


def _close(hub: "Hub", bank: str, due: Due) -> str:
    """The sheet is added up in a view: a large month takes longer than the write lock may."""
    day = from_us(due.due_us).date()
    with hub.store.read() as view:
        found = [one for one in read_day_end(view, hub.office, day) if one.bank == bank]
    if not found:
        return "当日无发生"
    (sheet,) = found
    said = _in_the_way(sheet)
    with hub.store.write() as tx:
        audit.record(
            tx, act="day.checked", actor="hub", subject=f"{day} {bank}",
            detail={"obstacles": said}, count=sheet.credited.count, fen=sheet.credited.fen,
        )  # fmt: skip
    return f"结日障碍：{said}" if said else "没有结日障碍，可以结日"


def _in_the_way(sheet: BankDay) -> str:
    return "、".join(
        f"{OBSTACLES.get(o.code, o.code)}{f' {o.figure.count} 笔' if o.figure.count else ''}"
        for o in sheet.obstacles
    )


def _runs(tx: Connection, bank: str, *, closed: bool) -> list[int]:
    """Runs with a leg of this bank, in the order of their periods."""
    state = run.c.state == RunState.CLOSED.value
    query = (
        sa.select(run.c.id)
        .join(leg, leg.c.run_id == run.c.id)
        .where(leg.c.bank == bank, state if closed else ~state)
        .order_by(run.c.period)
    )
    return [int(found) for found in tx.scalars(query)]


def _later(at: time, by: timedelta) -> time:
    """The same day; at most its last minute."""
    moment = datetime.combine(datetime(2000, 1, 1, tzinfo=SHANGHAI), at)
    later = moment + by
    return later.time() if later.date() == moment.date() else _DAY_ENDS
