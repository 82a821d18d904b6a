"""Planned maintenance: rows, planned before they begin; cancelling ends them from then on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.errors import BadInput, NotFound
from hub.monitor.incident_tables import works
from hub.monitor.ledger import Span
from hub.store import insert_row

EVERY = "*"
LONGEST_US = 7 * 86_400_000_000


class BadMaintenance(BadInput):
    """This maintenance cannot be planned."""

    code = "watch.bad_maintenance"
    hint = "It must begin in the future, end after it begins and last a week at most; say why."


class NoSuchMaintenance(NotFound):
    """There is no such maintenance, or it is over or cancelled already."""

    code = "watch.no_such_maintenance"
    hint = "`hub maintenance list` shows what is planned."


@dataclass(frozen=True, slots=True)
class Works:
    """One maintenance.  ``ends_us``: when it ends or was cancelled."""

    id: int
    interface: str
    from_us: int
    until_us: int
    why: str
    planned_by: str
    planned_us: int
    cancelled_us: int | None
    cancelled_by: str

    @property
    def ends_us(self) -> int:
        return self.until_us if self.cancelled_us is None else min(self.until_us, self.cancelled_us)

    def holds(self, interface: str) -> bool:
        """Whether it is of this interface."""
        return self.interface in (EVERY, interface)


def require_ahead(from_us: int, until_us: int, now_us: int) -> None:
    """What has begun already is an incident.  Raises BadMaintenance."""
    if from_us < now_us or not from_us < until_us <= from_us + LONGEST_US:
        raise BadMaintenance


def plan(
    tx: Connection, interface: str, from_us: int, until_us: int, *, why: str, by: str, now_us: int
) -> int:
    """Plan it; its number.  What has begun already is an incident and cannot be planned away.

    Raises BadMaintenance.
    """
    require_ahead(from_us, until_us, now_us)
    if not why.strip():
        raise BadMaintenance
    number = insert_row(
        tx, works, interface=interface, from_us=from_us, until_us=until_us, why=why.strip()[:200],
        planned_by=by, planned_us=now_us, cancelled_us=None, cancelled_by="",
    )  # fmt: skip
    record(
        tx, act="maintenance.plan", actor=by, subject=f"interface:{interface}",
        detail={"number": number, "from_us": from_us, "until_us": until_us, "reason": why[:200]},
    )  # fmt: skip
    return number


def cancel(tx: Connection, number: int, *, by: str, now_us: int, why: str) -> None:
    """Cancel what is planned, or end what is under way.  Raises NoSuchMaintenance."""
    done = tx.execute(
        sa.update(works)
        .where(works.c.id == number, works.c.cancelled_us.is_(None), works.c.until_us > now_us)
        .values(cancelled_us=now_us, cancelled_by=by)
    )
    if not done.rowcount:
        raise NoSuchMaintenance(f"maintenance {number}")
    record(
        tx, act="maintenance.cancel", actor=by, subject=f"maintenance:{number}",
        detail={"reason": why[:200]},
    )  # fmt: skip


def find_works(tx: Connection, number: int, now_us: int) -> Works:
    """One that can still be cancelled.  Raises NoSuchMaintenance."""
    query = sa.select(works).where(
        works.c.id == number, works.c.cancelled_us.is_(None), works.c.until_us > now_us
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NoSuchMaintenance(f"maintenance {number}")
    return _works(row)


def read_works(tx: Connection, from_us: int, until_us: int) -> list[Works]:
    """All that touch a time, in order of their beginning."""
    query = (
        sa.select(works)
        .where(works.c.until_us > from_us, works.c.from_us < until_us)
        .order_by(works.c.from_us, works.c.id)
    )
    return [_works(row) for row in tx.execute(query)]


def spans_of(found: Sequence[Works], interface: str) -> list[Span]:
    """The times of an interface that are maintenance."""
    return [
        (one.from_us, one.ends_us)
        for one in found
        if one.holds(interface) and one.from_us < one.ends_us
    ]


def _works(row: "sa.Row[Any]") -> Works:
    return Works(**row._mapping)
