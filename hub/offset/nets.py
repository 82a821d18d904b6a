"""What bank and core show of one number, net of what came back: the facts a settlement rests on."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset.tables import core_posting, statement_entry
from hub.ports.bank import EntryKind

BACK = (EntryKind.RETURN.value, EntryKind.REVERSAL.value)


@dataclass(frozen=True, slots=True)
class Net:
    """In 分: the bank's two sums, and the core's withdrawals less its reversals."""

    credited: int = 0
    back: int = 0
    core: int = 0

    @property
    def bank(self) -> int:
        """What the bank holds as paid."""
        return self.credited - self.back


def nets(view: Connection, numbers: Collection[str]) -> dict[str, Net]:
    """By number; one of which neither ledger shows anything has none."""
    s, p = statement_entry.c, core_posting.c
    credited = sa.func.sum(sa.case((s.kind == EntryKind.CREDIT.value, s.fen), else_=0))
    back = sa.func.sum(sa.case((s.kind.in_(BACK), s.fen), else_=0))
    core = sa.func.sum(sa.case((p.reversal == 1, -p.fen), else_=p.fen))
    at_bank = sa.select(s.number, credited, back).where(s.number.in_(numbers)).group_by(s.number)
    at_core = sa.select(p.number, core).where(p.number.in_(numbers)).group_by(p.number)
    found = {n: Net(int(paid), int(came)) for n, paid, came in view.execute(at_bank)}
    for number, booked in view.execute(at_core):
        before = found.get(number, Net())
        found[number] = Net(before.credited, before.back, int(booked))
    return found


def even_counts(tx: Connection, number: str, *, paid: bool, closed: bool = False) -> None:
    """Make the entries of a number count for E7 as what they come to: one credit when it is paid,
    else none.  Of several that put one amount right the smallest only put it right (``part``):
    their amounts count, they themselves do not.  Once its run is ``closed``, that is only said of
    what came later: the closed totals stay.
    """
    s = statement_entry.c
    mine = sa.and_(
        s.number == number, s.part.is_distinct_from(1),
        s.kind.in_((EntryKind.CREDIT.value, *BACK)),
    )  # fmt: skip
    query = sa.select(s.id, s.kind.in_(BACK).label("back"), s.late).where(mine)
    rows = tx.execute(query.order_by(s.fen, s.id.desc())).all()
    over = sum(-1 if row.back else 1 for row in rows) - int(paid)
    free = [row for row in rows if bool(row.late) == closed and bool(row.back) == (over < 0)]
    parts = [row.id for row in free[: abs(over)]]
    if parts:
        tx.execute(sa.update(statement_entry).where(s.id.in_(parts)).values(part=1))
