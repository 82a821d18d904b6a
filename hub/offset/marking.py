"""What agrees in all three ledgers becomes reconciled, in chunks."""

from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset.office import Office
from hub.offset.reconcile import agreeing
from hub.offset.tables import item
from hub.offset.words import ItemState
from hub.store import Store, among

_CHUNK = 5000


def mark_reconciled(store: Store, office: Office, run_id: int, bank: str) -> int:
    """Items on which all three ledgers agree become reconciled, in chunks; how many.

    The ledgers are held against each other once, for that reads all of them; a chunk then moves
    those of its items that nothing has moved or frozen meanwhile.
    """
    # Read to the end before the first is written, packed (20 MB for 10⁶ items): a view kept open
    # beside the writing would let SQLite's log grow with every chunk.
    chunks: list[tuple[str, str]] = []
    with store.read() as view:
        found = view.execute(agreeing(run_id, bank), execution_options={"yield_per": _CHUNK})
        for some in found.partitions():
            by_state: dict[str, list[str]] = defaultdict(list)
            for number, state in some:
                by_state[state].append(number)
            chunks += [(state, " ".join(numbers)) for state, numbers in by_state.items()]
    done = 0
    for state, packed in chunks:
        with store.write() as tx:
            done += _mark(tx, office, state, packed.split())
    return done


def _mark(tx: Connection, office: Office, state: str, numbers: list[str]) -> int:
    moved = tx.execute(
        sa.update(item)
        .where(among(tx, item.c.number, numbers), item.c.state == state, item.c.disputed == 0)
        .values(state=ItemState.RECONCILED.value, reconciled_us=office.now_us())
    )
    return moved.rowcount
