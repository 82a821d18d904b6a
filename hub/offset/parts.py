"""What a wave is made of: the banks in it, and which of their agreements it decides.

A bank's agreements are decided by its first wave.  A second wave (see ``second``) decides again
those for whom there was nothing; an agreement then counts once, with its latest decision.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset.tables import item, leg, plan_line, wave
from hub.offset.tables_month import second_part
from hub.offset.words import Decision, Reason, WaveState

NOTHING_GIVEN = (Reason.NO_BALANCE, Reason.INSUFFICIENT_BALANCE)
"""Whom a second wave looks at: an agreement that has no item, because of money alone."""


@dataclass(frozen=True, slots=True)
class Part:
    """One bank in a wave.  ``first_wave``: of a second wave, whose decisions it looks at again."""

    bank: str
    due_list_id: int
    first_wave: int | None = None


def parts_of(view: Connection, wave_id: int) -> list[Part]:
    """The banks of a wave, sorted by code."""
    first = sa.select(leg.c.bank, leg.c.due_list_id).where(leg.c.wave_id == wave_id)
    second = sa.select(
        second_part.c.bank, second_part.c.due_list_id, second_part.c.first_wave_id
    ).where(second_part.c.wave_id == wave_id)
    found = [Part(str(row.bank), int(row.due_list_id)) for row in view.execute(first)]
    found += [Part(row.bank, row.due_list_id, row.first_wave_id) for row in view.execute(second)]
    return sorted(found, key=lambda part: part.bank)


def given_nothing(first_wave: int, bank: str) -> sa.Select[tuple[int, int | None]]:
    """(agreement, due record) of those a first wave gave nothing."""
    line = plan_line.c
    return sa.select(line.agreement_id, line.due_record_id).where(
        line.wave_id == first_wave,
        line.decision == Decision.SKIPPED.value,
        line.bank == bank,
        line.reason.in_([reason.value for reason in NOTHING_GIVEN]),
    )


def counted(view: Connection, run_id: int) -> list[sa.ColumnElement[bool]]:
    """Conditions on plan_line that leave each agreement of a run its latest decision.

    None for a run without a second wave: then there is nothing to leave out.
    """
    again = sa.select(second_part.c.wave_id).join(wave, wave.c.id == second_part.c.wave_id)
    waves = list(view.scalars(again.where(wave.c.run_id == run_id)))
    if not waves:
        return []
    later = plan_line.alias("later")
    undecided = Decision.CANDIDATE.value
    decided_again = (
        sa.select(later.c.agreement_id)
        .where(later.c.wave_id.in_(waves), later.c.decision != undecided)
        .where(later.c.agreement_id == plan_line.c.agreement_id)
    )
    in_second = plan_line.c.wave_id.in_(waves)
    return [
        sa.or_(
            sa.and_(in_second, plan_line.c.decision != undecided),
            sa.and_(~in_second, ~sa.exists(decided_again)),
        )
    ]


def is_approved(run_id: sa.ColumnElement[int] | int) -> sa.ColumnElement[bool]:
    """Of item: its wave's plan is approved, without which nothing of it is ever held."""
    approved = sa.select(wave.c.id).where(
        wave.c.run_id == run_id, wave.c.state == WaveState.APPROVED.value
    )
    return item.c.wave_id.in_(approved)
