"""Changes of agreements: each a row with who, where, why, evidence and from which period.

A change found while a period is under way counts from the next one: the agreement's own state is
the newest, and a plan asks here what it was for its period.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.errors import Refused
from hub.kernel.periods import Period
from hub.offset.tables import agreement, agreement_change, leg, run
from hub.offset.words import AgreementState

RULE = "rule"
"""``came_by`` of a change that no person ordered."""
RETURNED = "划款被退回"
"""Why an agreement is suspended whose payment came back."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Why one agreement is suspended, and what shows it (an entry's day and serial, …)."""

    agreement_id: int
    evidence: str


def state_in(period: Period) -> sa.ColumnElement[str]:
    """What an agreement's state was for a period, beside a row of ``agreement``: that from before
    the first change that counts only later, else today's.

    One look by the index on the agreement for each row, so that what is read in pages does not go
    through everybody's changes for each page.
    """
    c = agreement_change.c
    before = (
        sa.select(c.from_state)
        .where(c.agreement_id == agreement.c.id, c.first_period > str(period))
        .order_by(c.id)
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(before, agreement.c.state)


def suspend(
    tx: Connection, grounds: Sequence[Ground], why: str, *, found_in: Period, now_us: int
) -> int:
    """Suspend agreements in force, from the period after ``found_in``; how many were.

    One that is suspended or ended already stays as it is, so this may be repeated.
    """
    done = 0
    for ground in grounds:
        before = tx.scalar(
            sa.update(agreement)
            .where(
                agreement.c.id == ground.agreement_id,
                agreement.c.state == AgreementState.IN_FORCE.value,
            )
            .values(state=AgreementState.SUSPENDED.value)
            .returning(agreement.c.id)
        )
        if before is None:
            continue
        done += 1
        tx.execute(
            sa.insert(agreement_change).values(
                agreement_id=ground.agreement_id, at_us=now_us, actor="hub", came_by=RULE,
                from_state=AgreementState.IN_FORCE.value,
                to_state=AgreementState.SUSPENDED.value, why=why[:200],
                evidence=ground.evidence[:200], first_period=str(found_in.following()),
            )
        )  # fmt: skip
    return done


def first_open_period(view: Connection, bank: str, today: Period) -> Period:
    """The first period whose plan a change can still count in: this month's, or the one after the
    last period for which this bank's list has gone into a wave."""
    planned = view.scalar(
        sa.select(sa.func.max(run.c.period))
        .join(leg, leg.c.run_id == run.c.id)
        .where(leg.c.bank == bank, leg.c.wave_id.is_not(None))
    )
    if planned is None:
        return today
    following = Period.parse(planned).following()
    return max(following, today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of an agreement's state: by whom, which way, why, and from which period."""

    agreement_id: int
    before: AgreementState
    after: AgreementState
    actor: str
    came_by: str
    why: str
    first_period: Period
    evidence: str = ""


class StateMoved(Refused):
    """The agreement is in another state by now."""

    code = "agreements.state_moved"
    hint = "Look at the agreement again; somebody or a rule has changed it meanwhile."


def make_change(
    tx: Connection, change: Change, *, now_us: int, ended_on: int | None = None
) -> None:
    """Move the agreement and keep the row; a note when before and after are the same.

    ``ended_on`` (YYYYMMDD) with ENDED.  Raises StateMoved.
    """
    moved = tx.execute(
        sa.update(agreement)
        .where(agreement.c.id == change.agreement_id, agreement.c.state == change.before.value)
        .values(
            state=change.after.value,
            ended_on=agreement.c.ended_on if ended_on is None else ended_on,
        )
    )
    if moved.rowcount != 1:
        raise StateMoved
    tx.execute(
        sa.insert(agreement_change).values(
            agreement_id=change.agreement_id, at_us=now_us, actor=change.actor,
            came_by=change.came_by, from_state=change.before.value, to_state=change.after.value,
            why=change.why[:200], evidence=change.evidence[:200],
            first_period=str(change.first_period),
        )
    )  # fmt: skip
