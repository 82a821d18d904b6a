"""Runs (期次): opening one for a period, finding it, and approving its waves by two people."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.errors import NotFound, Refused
from hub.kernel.periods import Period
from hub.offset.office import Office
from hub.offset.policy import Policy, keep_policy, kept_policy
from hub.offset.tables import leg, run, wave
from hub.offset.tables_month import second_part
from hub.offset.words import RunState, WaveState
from hub.store import database_now_us, insert_row


class NoSuchRun(NotFound):
    """There is no run for this month."""

    code = "offset.no_such_run"
    hint = "`hub offset plan --month YYYY-MM` opens one."


class NoSuchWave(NotFound):
    """This run has no such wave."""

    code = "offset.no_such_wave"


class OtherRun(Refused):
    """This month has a run with other banks, data or policy."""

    code = "offset.other_run"
    hint = "Go on with what the run was opened with, or use another home folder."


class PlanNotReady(Refused):
    """The wave is not in a state in which this can be done."""

    code = "offset.plan_not_ready"
    hint = "`hub offset status` shows where the wave stands."


class PlanChanged(Refused):
    """The plan is not the one that was looked at."""

    code = "offset.plan_changed"
    hint = "Look at the plan as it is now and submit it again."


def open_run(
    tx: Connection, office: Office, period: Period, banks: Sequence[str], policy: Policy, *,
    wave_wait_s: float, data_digest: str, actor: str,
) -> int:  # fmt: skip
    """The period's run: the one that exists, or a new one with a leg for each bank.

    Planning twice answers with the plan that exists; other banks, data or policy raise OtherRun.
    """
    found = tx.execute(sa.select(run).where(run.c.period == str(period))).first()
    if found is not None:
        _same(tx, found, banks, policy, data_digest)
        return int(found.id)
    now_us = office.now_us()
    run_id = insert_row(
        tx, run, period=str(period), state=RunState.PLANNED.value, opened_us=now_us,
        policy_id=keep_policy(tx, policy, now_us), wave_wait_us=int(wave_wait_s * 1_000_000),
        data_digest=data_digest,
    )  # fmt: skip
    blank = dict.fromkeys(
        ("waited_us", "planned_fen", "balance_asked", "balance_next_us", "funded", "core_round",
         "core_open", "core_live_holds", "read_next_us", "reads"), 0,
    )  # fmt: skip
    for bank in sorted(banks):
        interface = office.seat(bank).interface
        values = {"run_id": run_id, "bank": bank, "interface": interface, "trouble": ""}
        tx.execute(sa.insert(leg).values(**values, payer_mask="", **blank))
    audit.record(
        tx, act="offset.run_opened", actor=actor, subject=str(period),
        detail={"banks": ",".join(sorted(banks)), "policy_digest": policy.digest[:16]},
    )  # fmt: skip
    return run_id


def _same(
    tx: Connection, found: sa.Row[Any], banks: Sequence[str], policy: Policy, data_digest: str
) -> None:
    legs = list(tx.scalars(sa.select(leg.c.bank).where(leg.c.run_id == found.id)))
    differs = [
        name
        for name, same in (
            ("banks", sorted(legs) == sorted(banks)),
            ("policy", kept_policy(tx, found.policy_id).digest == policy.digest),
            ("data", found.data_digest == data_digest),
        )
        if not same
    ]
    if differs:
        raise OtherRun(f"the run of {found.period} was opened with other {', '.join(differs)}")


def find_run(view: Connection, period: Period) -> sa.Row[Any]:
    """The run's row; raises NoSuchRun."""
    found = view.execute(sa.select(run).where(run.c.period == str(period))).first()
    if found is None:
        raise NoSuchRun(f"there is no run for {period}")
    return found


def find_wave(view: Connection, run_id: int, number: int) -> sa.Row[Any]:
    """The wave's row; raises NoSuchWave."""
    found = view.execute(
        sa.select(wave).where(wave.c.run_id == run_id, wave.c.number == number)
    ).first()
    if found is None:
        raise NoSuchWave(f"this run has no wave {number}")
    return found


def submit(tx: Connection, wave_id: int, digest: str) -> None:
    """A trial becomes a submitted plan; raises PlanChanged or PlanNotReady."""
    _move(tx, wave_id, digest, (WaveState.TRIAL, WaveState.SUBMITTED), WaveState.SUBMITTED, {})


def approve(tx: Connection, office: Office, wave_id: int, digest: str) -> None:
    """A submitted plan may be carried out; raises PlanChanged or PlanNotReady."""
    values = {"approved_us": office.now_us()}
    _move(tx, wave_id, digest, (WaveState.SUBMITTED,), WaveState.APPROVED, values)
    second = sa.select(second_part.c.leg_id).where(second_part.c.wave_id == wave_id)
    tx.execute(
        sa.update(leg)
        .where(sa.or_(leg.c.wave_id == wave_id, leg.c.id.in_(second)))
        .values(funded=0, balance_next_us=database_now_us(tx))
    )
    run_id = sa.select(wave.c.run_id).where(wave.c.id == wave_id).scalar_subquery()
    tx.execute(
        sa.update(run)
        .where(run.c.id == run_id, run.c.state == RunState.PLANNED.value)
        .values(state=RunState.APPROVED.value)
    )


def _move(
    tx: Connection, wave_id: int, digest: str, before: Sequence[WaveState], after: WaveState,
    values: dict[str, Any],
) -> None:  # fmt: skip
    found = tx.execute(sa.select(wave).where(wave.c.id == wave_id)).one()
    if found.digest != digest:
        raise PlanChanged
    moved = tx.execute(
        sa.update(wave)
        .where(wave.c.id == wave_id, wave.c.state.in_([state.value for state in before]))
        .values(state=after.value, **values)
    )
    if moved.rowcount != 1:
        raise PlanNotReady(f"the wave is {found.state}")
