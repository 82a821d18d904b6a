"""The second wave (第二轮): those for whom there was nothing are looked at once more.

Off unless the policy's ``second_wave`` says after how many banking days.  It is a further wave of
the same run with a plan, a submission and an approval of its own, over the same due list.  It
looks at agreements that have no item because their accounts had nothing (no_balance) or not all
of it (insufficient_balance); an item that was partial is never topped up, and what the run has
taken from an account, and perhaps given back, is not used again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.clocks import SHANGHAI, from_us
from hub.kernel.errors import Refused
from hub.offset import plan
from hub.offset.office import Office
from hub.offset.parts import given_nothing
from hub.offset.policy import kept_policy
from hub.offset.runs import find_wave
from hub.offset.tables import leg, run, wave
from hub.offset.tables_month import second_part
from hub.offset.words import WaveState
from hub.schedule import CalendarUnknown, load_span
from hub.store import database_now_us, insert_row

_LONGEST = timedelta(days=60)
"""Twenty banking days and the longest holiday fit in."""
_UNSIGNED = (WaveState.ASKING, WaveState.PLANNING, WaveState.TRIAL, WaveState.SUBMITTED)
_MAY_DECLINE = (WaveState.TRIAL.value, WaveState.SUBMITTED.value)


class NotSecondWave(Refused):
    """Only a second wave whose plan stands and is not approved can be declined."""

    code = "offset.not_second_wave"
    hint = "`hub offset status` shows the run's waves; a first wave is refused at its approval."


def due_at(view: Connection, office: Office, each: sa.Row[Any], banking_days: int) -> datetime:
    """When a leg's second wave is due: when its bank opens, so many banking days after the day
    its first wave was opened.  Raises CalendarUnknown."""
    opened_us = view.scalar(sa.select(wave.c.opened_us).where(wave.c.id == each.wave_id))
    first = from_us(int(opened_us or 0)).date()
    calendar = load_span(view, first, first + _LONGEST)
    day = calendar.add_banking_days(first, banking_days)
    return datetime.combine(day, office.seat(each.bank).hours.opens, SHANGHAI)


def open_due(office: Office, found: sa.Row[Any]) -> bool:
    """Open one second wave for all banks of a run for which it is due; True when one was."""
    with office.store.read() as view:
        policy = kept_policy(view, found.policy_id)
        if not policy.has_second_wave:
            return False
        ready = [
            each
            for each in _may_come(view, found.id)
            if _is_due(view, office, each, policy.terms(each.bank).second_wave)
        ]
    return bool(ready) and _open(office, found, ready)


def _may_come(view: Connection, run_id: int) -> Sequence[sa.Row[Any]]:
    """Legs whose first plan is approved and that were not looked at a second time."""
    query = (
        sa.select(leg)
        .join(wave, wave.c.id == leg.c.wave_id)
        .where(leg.c.run_id == run_id, wave.c.state == WaveState.APPROVED.value)
        .where(leg.c.closed_us.is_(None))
        .where(leg.c.id.not_in(sa.select(second_part.c.leg_id)))
        .order_by(leg.c.bank)
    )
    return view.execute(query).all()


def _is_due(view: Connection, office: Office, each: sa.Row[Any], after: int | None) -> bool:
    if after is None:
        return False
    try:
        return office.clock.now() >= due_at(view, office, each, after)
    except CalendarUnknown:
        return False  # nothing is guessed; what the run waits for says so


def _open(office: Office, found: sa.Row[Any], ready: Sequence[sa.Row[Any]]) -> bool:
    with office.store.write() as tx:
        some = [each for each in ready if _anybody(tx, each)]
        wave_id = _new_wave(tx, office, found.id) if some else None
        for each in ready:
            tx.execute(
                sa.insert(second_part).values(
                    leg_id=each.id, bank=each.bank, first_wave_id=each.wave_id,
                    due_list_id=each.due_list_id, wave_id=wave_id if each in some else None,
                )
            )  # fmt: skip
        if some:
            audit.record(
                tx, act="offset.second_wave", actor="hub", subject=f"{found.period}",
                detail={"banks": ",".join(each.bank for each in some)},
            )  # fmt: skip
    return True


def _new_wave(tx: Connection, office: Office, run_id: int) -> int:
    last = tx.scalar(sa.select(sa.func.max(wave.c.number)).where(wave.c.run_id == run_id))
    return insert_row(
        tx, wave, run_id=run_id, number=int(last or 0) + 1, state=WaveState.ASKING.value,
        last_asked=0, asks_open=0, opened_us=office.now_us(), digest="",
    )  # fmt: skip


def _anybody(view: Connection, each: sa.Row[Any]) -> bool:
    return view.execute(given_nothing(each.wave_id, each.bank).limit(1)).first() is not None


def holds_open(tx: Connection, run_id: int, each: sa.Row[Any]) -> bool:
    """Whether a leg may not close yet: its second wave is to come, or nobody has signed it."""
    part = tx.execute(
        sa.select(second_part.c.wave_id, wave.c.state)
        .outerjoin(wave, wave.c.id == second_part.c.wave_id)
        .where(second_part.c.leg_id == each.id)
    ).first()
    if part is not None:
        return part.state in [state.value for state in _UNSIGNED]
    policy_id = tx.scalar(sa.select(run.c.policy_id).where(run.c.id == run_id))
    policy = kept_policy(tx, int(policy_id or 0))
    return policy.terms(each.bank).second_wave is not None and _anybody(tx, each)


def look_at_balance(tx: Connection, wave_id: int) -> None:
    """A second plan stands, or is approved: its paying accounts are looked at anew."""
    legs = sa.select(second_part.c.leg_id).where(second_part.c.wave_id == wave_id)
    tx.execute(
        sa.update(leg)
        .where(leg.c.id.in_(legs))
        .values(funded=0, balance_next_us=database_now_us(tx))
    )


def decline(tx: Connection, run_id: int, number: int, *, actor: str, why: str) -> int:
    """A second wave is not to be paid: what the first decided stands.  Its wave's row number.

    Raises NoSuchWave, NotSecondWave.  Its plan is cleared away afterwards, by :func:`tidy`.
    """
    found = find_wave(tx, run_id, number)
    second = sa.select(second_part.c.wave_id).where(second_part.c.wave_id == found.id)
    moved = tx.execute(
        sa.update(wave)
        .where(wave.c.id == found.id, wave.c.state.in_(_MAY_DECLINE), wave.c.id.in_(second))
        .values(state=WaveState.DECLINED.value)
    )
    if moved.rowcount != 1:
        raise NotSecondWave(f"wave {number} is {found.state}")
    audit.record(
        tx, act="offset.wave_declined", actor=actor, subject=f"run {run_id} wave {number}",
        detail={"why": why[:200], "digest": found.digest[:16]},
    )  # fmt: skip
    return int(found.id)


def tidy(office: Office, wave_id: int) -> bool:
    """Take a declined plan's lines and items away, a chunk at a time; True when there were any."""
    with office.store.read() as view:
        if not plan.anything_of(view, wave_id):
            return False
    plan.clear(office.store, wave_id)
    return True


def waits(view: Connection, office: Office, found: sa.Row[Any]) -> list[str]:
    """What a run's page says of second waves that are still to come, in Chinese."""
    policy = kept_policy(view, found.policy_id)
    if not policy.has_second_wave:
        return []
    said = []
    for each in _may_come(view, found.id):
        after = policy.terms(each.bank).second_wave
        if after is None or not _anybody(view, each):
            continue
        name = office.seat(each.bank).name
        try:
            said.append(f"{name}：第二轮定于 {due_at(view, office, each, after):%m-%d %H:%M} 试算")
        except CalendarUnknown:
            said.append(f"{name}：银行工作日历不全，第二轮的日子定不下来")
    return said
