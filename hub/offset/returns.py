"""Returned payments (退票, 银行冲正) that come before the run closes, with our number on them.

The item becomes RETURNED and waits for its reversal in the core (冲账, CZBZ=02); its agreement is
suspended from the next period on, and it is never paid again by itself.  So E7 holds: what was
posted less what was reversed is what was credited less what came back.  A return without our
number leaves E7 open: a person has to find out whose it is.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub import audit
from hub.kernel.periods import Period
from hub.offset.changes import RETURNED, Ground, suspend
from hub.offset.nets import even_counts
from hub.offset.office import Office
from hub.offset.reconcile import returned_in_full
from hub.offset.tables import item
from hub.offset.words import ItemState, Outcome
from hub.store import Store

_CHUNK = 500


def take_returns(store: Store, office: Office, run_id: int, period: Period, bank: str) -> int:
    """Items whose credit came back in full are RETURNED; how many."""
    with store.read() as view:
        found = list(view.execute(returned_in_full(run_id, bank)))
    done = 0
    for start in range(0, len(found), _CHUNK):
        with store.write() as tx:
            done += _take(tx, office, period, bank, found[start : start + _CHUNK])
    return done


def _take(
    tx: Connection, office: Office, period: Period, bank: str, rows: list[Row[tuple[str]]]
) -> int:
    by_number = {row.number: row for row in rows}
    taken = list(
        tx.scalars(
            sa.update(item)
            .where(
                item.c.number.in_(sorted(by_number)), item.c.disputed == 0, item.c.asked == "",
                item.c.state.in_([ItemState.POSTED.value, ItemState.RECONCILED.value]),
                # One that failed and is reconciled was never posted: nothing is to be reversed.
                item.c.outcome == Outcome.SUCCEEDED.value,
            )
            .values(
                state=ItemState.RETURNED.value, outcome=Outcome.RETURNED.value, detail=RETURNED,
                reconciled_us=None,
            )
            .returning(item.c.number)
        )
    )  # fmt: skip
    for number in taken:  # what came back in several entries is one return
        even_counts(tx, number, paid=False)
    came = [by_number[number] for number in sorted(taken)]
    grounds = [Ground(row.agreement_id, f"{bank} {row.day} {row.serial}") for row in came]
    suspended = suspend(tx, grounds, RETURNED, found_in=period, now_us=office.now_us())
    if came:
        audit.record(
            tx, act="offset.returned", actor="hub", subject=f"{period} {bank}",
            detail={"suspended": suspended}, count=len(came), fen=sum(row.fen for row in came),
            root=audit.merkle_root([audit.digest(f"{r.number}|{r.fen}".encode()) for r in came]),
        )  # fmt: skip
    return len(came)
