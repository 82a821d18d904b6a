"""What a case does to a unit, as people look at it: accounts sealed and opened, fields changed."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases.applications import failed_reasons
from hub.cases.field_tables import case_field
from hub.cases.unit_fields import FIELDS, OPEN
from hub.cases.unit_tables import case_unit, case_unsealing
from hub.ports.registry import ApplicationKind

_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """How far the sealing of a unit's accounts is: to be sealed, given to the core, sealed, not;
    ``reasons`` as (code, how many), of its undoing too."""

    wanted: int
    given: int
    sealed: int
    failed: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class UnsealingSeen:
    """One undoing of the case's sealing; ``confirmed_by`` is empty until somebody has."""

    state: str
    ordered_by: str
    confirmed_by: str
    reason: str
    evidence: str
    wanted: int
    opened: int
    failed: int


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """One field of a unit a case wants changed; values masked.  ``waits``: for somebody here."""

    place: int
    version: int
    unit: str
    field: str
    title: str
    before: str
    core: str
    new: str
    verdict: str
    number: str
    decided_by: str
    decided_why: str
    waits: bool


def see_unit(view: Connection, case_id: int) -> UnitSeen | None:
    """The work on a unit's accounts; None for a case without any."""
    u = case_unit.c
    row = view.execute(
        sa.select(u.wanted, u.given, u.sealed, u.failed).where(u.case_id == case_id)
    ).one_or_none()
    if row is None:
        return None
    reasons: dict[str, int] = {}
    for kind in (ApplicationKind.SEAL, ApplicationKind.UNSEAL):
        for code, count in failed_reasons(view, case_id, kind).items():
            reasons[code] = reasons.get(code, 0) + count
    return UnitSeen(row.wanted, row.given, row.sealed, row.failed, tuple(sorted(reasons.items())))


def see_unsealings(view: Connection, case_id: int) -> tuple[UnsealingSeen, ...]:
    """Newest first."""
    u = case_unsealing.c
    rows = view.execute(
        sa.select(u.state, u.ordered_by, u.confirmed_by, u.reason, u.evidence, u.wanted, u.opened,
                  u.failed)
        .where(u.case_id == case_id)
        .order_by(u.id.desc())
    )  # fmt: skip
    return tuple(UnsealingSeen(*row) for row in rows)


def see_fields(view: Connection, case_id: int) -> tuple[FieldSeen, ...]:
    """Fields of units, the newest version's first."""
    f = case_field.c
    rows = view.execute(
        sa.select(case_field)
        .where(f.case_id == case_id)
        .order_by(f.version.desc(), f.place)
        .limit(_MOST_FIELDS)
    )
    return tuple(
        FieldSeen(
            row.place, row.version, row.unit_mask, row.field, FIELDS[row.field].title,
            row.before_mask, row.core_mask, row.new_mask, row.verdict, row.number, row.decided_by,
            row.decided_why, row.verdict in OPEN,
        )
        for row in rows
    )  # fmt: skip
