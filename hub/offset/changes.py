"""Changes of agreements by rule: each a row with who, where, why, evidence and from which period.

A change found while a period is under way counts from the next one: the agreement's own state is
the newest, and a plan asks here what it was for its period.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.periods import Period
from hub.offset.tables import agreement, agreement_change
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


def states_in(view: Connection, period: Period) -> dict[int, str]:
    """Agreements whose state in this period is not today's: id → the state that held then."""
    c = agreement_change.c
    earliest = (
        sa.select(sa.func.min(c.id)).where(c.first_period > str(period)).group_by(c.agreement_id)
    )
    found = view.execute(sa.select(c.agreement_id, c.from_state).where(c.id.in_(earliest)))
    return {int(row.agreement_id): str(row.from_state) for row in found}


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
