"""Differences (对账差异): each freezes its item, has an owner and an age, and stays until two
people settle it (``settling``).  What happens to one is kept as a row of its own."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.errors import NotFound
from hub.offset.tables import difference, item
from hub.offset.tables_after import difference_act
from hub.offset.words import DifferenceKind
from hub.store import insert_row

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


def open_difference(
    tx: Connection, run_id: int, finding: Finding, now_us: int, *, again: bool = False
) -> bool:
    """Open it and freeze its item; False when it stands already.

    A settled one stands too, unless ``again`` says that this is something new after it: then it
    is open once more.
    """
    same = sa.and_(
        difference.c.run_id == run_id,
        difference.c.kind == finding.kind.value,
        difference.c.number == finding.number,
    )
    found = tx.execute(sa.select(difference.c.id, difference.c.state).where(same)).first()
    if found is not None and (found.state == "open" or not again):
        return False
    values = {
        "hub_fen": finding.hub_fen, "bank_fen": finding.bank_fen, "core_fen": finding.core_fen,
        "detail": finding.detail[:200], "owner": DEFAULT_OWNER, "state": "open",
        "opened_us": now_us, "settled_us": None, "settlement": "", "way": None, "entry": None,
        "agreed_bank_fen": None, "agreed_core_fen": None,
    }  # fmt: skip
    if found is None:
        number = insert_row(
            tx, difference, run_id=run_id, bank=finding.bank, kind=finding.kind.value,
            number=finding.number, **values,
        )  # fmt: skip
    else:
        number = int(found.id)
        tx.execute(sa.update(difference).where(difference.c.id == number).values(**values))
    note(tx, number, "hub", "found" if found is None else "found_again", finding.detail, now_us)
    tx.execute(sa.update(item).where(item.c.number == finding.number).values(disputed=1))
    audit.record(
        tx, act="offset.difference", actor="hub", subject=finding.number,
        detail={"kind": finding.kind.value, "bank": finding.bank}, count=1, fen=finding.bank_fen,
    )  # fmt: skip
    return True


def note(tx: Connection, number: int, actor: str, act: str, text: str, now_us: int) -> None:
    """One line of a difference's history."""
    tx.execute(
        sa.insert(difference_act).values(
            difference_id=number, at_us=now_us, actor=actor, act=act, text=text[:200]
        )
    )


def take_over(tx: Connection, number: int, actor: str, why: str, now_us: int) -> None:
    """An open difference is this person's from now on.  Raises NoSuchDifference."""
    taken = tx.execute(
        sa.update(difference)
        .where(difference.c.id == number, difference.c.state == "open")
        .values(owner=actor)
    )
    if taken.rowcount != 1:
        raise NoSuchDifference(f"no difference {number} is open")
    note(tx, number, actor, "taken", why, now_us)
    audit.record(
        tx, act="difference.take", actor=actor, subject=f"difference {number}",
        detail={"why": why[:200]}, count=1,
    )  # fmt: skip


def thaw(tx: Connection, number: str) -> None:
    """An item of which no difference is open any more moves again."""
    still = sa.select(difference.c.id).where(
        difference.c.number == number, difference.c.state == "open"
    )
    if tx.scalar(still.limit(1)) is None:
        tx.execute(sa.update(item).where(item.c.number == number).values(disputed=0))


def count_open(tx: Connection, run_id: int) -> int:
    """How many differences of a run are open."""
    query = sa.select(sa.func.count()).where(
        difference.c.run_id == run_id, difference.c.state == "open"
    )
    return int(tx.scalar(query) or 0)
