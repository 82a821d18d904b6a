"""Differences (对账差异): each freezes its item, has an owner and an age, and stays until two
people settle it."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.errors import NotFound
from hub.offset.tables import difference, item
from hub.offset.words import DifferenceKind

DEFAULT_OWNER = "数据交换岗"
"""Whose desk a new difference lands on until somebody takes it [A]."""


class NoSuchDifference(NotFound):
    """There is no open difference with this number."""

    code = "offset.no_such_difference"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference as found; amounts in 分.  ``number`` is the item's, or the bank's serial
    where there is no item."""

    kind: DifferenceKind
    bank: str
    number: str
    hub_fen: int
    bank_fen: int
    core_fen: int
    detail: str


def open_difference(tx: Connection, run_id: int, finding: Finding, now_us: int) -> bool:
    """Open it and freeze its item; False when it stands already (settled ones included)."""
    same = sa.and_(
        difference.c.run_id == run_id,
        difference.c.kind == finding.kind.value,
        difference.c.number == finding.number,
    )
    if tx.scalar(sa.select(difference.c.id).where(same)) is not None:
        return False
    tx.execute(
        sa.insert(difference).values(
            run_id=run_id, bank=finding.bank, kind=finding.kind.value, number=finding.number,
            hub_fen=finding.hub_fen, bank_fen=finding.bank_fen, core_fen=finding.core_fen,
            detail=finding.detail[:200], owner=DEFAULT_OWNER, state="open", opened_us=now_us,
            settlement="",
        )
    )  # fmt: skip
    tx.execute(sa.update(item).where(item.c.number == finding.number).values(disputed=1))
    audit.record(
        tx, act="offset.difference", actor="hub", subject=finding.number,
        detail={"kind": finding.kind.value, "bank": finding.bank}, count=1, fen=finding.bank_fen,
    )  # fmt: skip
    return True


def settle_difference(tx: Connection, difference_id: int, how: str, now_us: int) -> None:
    """Close it after two people agreed how; its item is thawed.  Raises NoSuchDifference."""
    found = tx.execute(
        sa.update(difference)
        .where(difference.c.id == difference_id, difference.c.state == "open")
        .values(state="settled", settled_us=now_us, settlement=how[:200])
        .returning(difference.c.number)
    ).first()
    if found is None:
        raise NoSuchDifference
    still = sa.select(difference.c.id).where(
        difference.c.number == found.number, difference.c.state == "open"
    )
    if tx.scalar(still) is None:
        tx.execute(sa.update(item).where(item.c.number == found.number).values(disputed=0))


def count_open(tx: Connection, run_id: int) -> int:
    """How many differences of a run are open."""
    query = sa.select(sa.func.count()).where(
        difference.c.run_id == run_id, difference.c.state == "open"
    )
    return int(tx.scalar(query) or 0)
