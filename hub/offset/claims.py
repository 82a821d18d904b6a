"""Entries without our number: whose they may be is a proposal, and only two people decide it.

A proposal fits by the pair (the centre's account and the payee's) and the amount: a return fits
an item that was paid and not yet returned, a credit one whose outcome is still open.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.errors import NotFound, Refused
from hub.offset.late import take_late
from hub.offset.nets import BACK
from hub.offset.office import Office
from hub.offset.tables import agreement, item, run, statement_entry
from hub.offset.words import ItemState, RunState
from hub.ports.bank import EntryKind

_PAID = (ItemState.POSTED.value, ItemState.RECONCILED.value)
_OPEN = (ItemState.INSTRUCTED.value, ItemState.UNKNOWN.value)


class NoSuchProposal(NotFound):
    """This entry has its number already, or there is no such entry."""

    code = "offset.no_such_proposal"
    hint = "`hub difference proposals` lists the entries that wait for a person."


class DoesNotFit(Refused):
    """Pair or amount differ, or the item is not in a state to which this can belong."""

    code = "offset.does_not_fit"
    hint = "`hub difference proposals` lists the items that fit."


@dataclass(frozen=True, slots=True)
class Proposal:
    """A return without our number and the items it may belong to; ``fen`` in 分."""

    entry: int
    bank: str
    day: int
    serial: str
    kind: str
    fen: int
    account: str
    items: tuple[str, ...]


def proposals(view: Connection, run_id: int) -> list[Proposal]:
    """A run's returns without our number, oldest first."""
    s = statement_entry.c
    query = sa.select(statement_entry).where(s.run_id == run_id, s.kind.in_(BACK), s.number == "")
    return [
        Proposal(
            int(e.id), e.bank, int(e.day), e.serial, e.kind, int(e.fen), e.counter_mask,
            tuple(view.scalars(_fitting(e))),
        )
        for e in view.execute(query.order_by(s.id)).all()
    ]  # fmt: skip


def _fitting(entry: sa.Row[Any]) -> sa.Select[tuple[str]]:
    states = _PAID if entry.kind in BACK else _OPEN
    return (
        sa.select(item.c.number)
        .join(agreement, agreement.c.id == item.c.agreement_id)
        .where(
            agreement.c.repay_token == entry.counter_token, item.c.bank == entry.bank,
            item.c.fen == entry.fen, item.c.state.in_(states), item.c.disputed == 0,
        )
        .order_by(item.c.number)
    )  # fmt: skip


def fits(view: Connection, entry: sa.Row[Any], number: str) -> bool:
    """Whether this entry may be this item's: pair, amount and state."""
    return view.scalar(_fitting(entry).where(item.c.number == number)) is not None


def entry_of(view: Connection, entry_id: int, number: str) -> sa.Row[Any]:
    """A return without our number that fits the item.  Raises NoSuchProposal, DoesNotFit."""
    s = statement_entry.c
    entry = view.execute(
        sa.select(statement_entry).where(s.id == entry_id, s.kind.in_(BACK), s.number == "")
    ).first()
    if entry is None:
        raise NoSuchProposal(f"no entry {entry_id} waits for its number")
    if not fits(view, entry, number):
        raise DoesNotFit(f"entry {entry_id} does not fit item {number[:20]}")
    return entry


def claim_entry(tx: Connection, office: Office, entry_id: int, number: str) -> None:
    """From now on this entry is this item's, in the item's run; after its close it is late."""
    home = tx.execute(
        sa.select(item.c.run_id, run.c.state)
        .join(run, run.c.id == item.c.run_id)
        .where(item.c.number == number)
    ).one()
    closed = home.state == RunState.CLOSED.value
    tx.execute(
        sa.update(statement_entry)
        .where(statement_entry.c.id == entry_id)
        .values(
            number=number, run_id=home.run_id, late=1 if closed else None,
            matched_us=office.now_us(),
        )
    )  # fmt: skip
    if closed:
        take_late(tx, office, [entry_id])


def claim_return(tx: Connection, office: Office, entry_id: int, number: str, actor: str) -> int:
    """Two people say whose return this is; the run it belongs to.  Raises as ``entry_of``."""
    entry = entry_of(tx, entry_id, number)
    claim_entry(tx, office, entry_id, number)
    audit.record(
        tx, act="offset.entry_claimed", actor=actor, subject=number,
        detail={"bank": entry.bank, "serial": entry.serial, "kind": EntryKind(entry.kind).value},
        count=1, fen=int(entry.fen),
    )  # fmt: skip
    return int(tx.execute(sa.select(item.c.run_id).where(item.c.number == number)).scalar_one())
