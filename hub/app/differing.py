"""One difference with all that is known of it: what the three ledgers say, entries, history."""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.offset.differences import NoSuchDifference
from hub.offset.nets import Net, nets
from hub.offset.tables import agreement, core_posting, difference, item, run, statement_entry
from hub.offset.tables_after import difference_act

_MOST = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the bank (``bank``) or of the core (``core``); ``fen`` in 分."""

    ledger: str
    day: int
    serial: str
    kind: str
    fen: int
    number: str


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the history; business time in µs UTC."""

    at_us: int
    actor: str
    act: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """``hub_fen`` is what was instructed; bank and core are net of what came back.  ``near`` are
    entries without our number that have its payee: a correction may be among them."""

    number: int
    month: str
    kind: str
    bank: str
    item: str
    key: str
    item_state: str
    outcome: str
    owner: str
    state: str
    opened_us: int
    detail: str
    hub_fen: int
    bank_fen: int
    core_fen: int
    settlement: str
    way: str
    entry: str
    entries: tuple[Entry, ...]
    near: tuple[Entry, ...]
    acts: tuple[Act, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def read_difference(hub: Hub, number: int) -> Difference:
    """Raises NoSuchDifference."""
    with hub.store.read() as view:
        found = view.execute(
            sa.select(difference, run.c.period)
            .join(run, run.c.id == difference.c.run_id)
            .where(difference.c.id == number)
        ).first()
        if found is None:
            raise NoSuchDifference(f"there is no difference {number}")
        return _read(view, found)


def _read(view: Connection, found: sa.Row[Any]) -> Difference:
    ours = view.execute(sa.select(item).where(item.c.number == found.number)).first()
    net = nets(view, [found.number]).get(found.number, Net())
    bank_fen = net.bank if ours is not None or net != Net() else int(found.bank_fen)
    return Difference(
        number=int(found.id), month=found.period, kind=found.kind, bank=found.bank,
        item="" if ours is None else ours.number, key=found.number,
        item_state="" if ours is None else ours.state,
        outcome="" if ours is None else ours.outcome, owner=found.owner, state=found.state,
        opened_us=int(found.opened_us), detail=found.detail,
        hub_fen=0 if ours is None else int(ours.fen), bank_fen=bank_fen, core_fen=net.core,
        settlement=found.settlement, way=found.way or "", entry=found.entry or "",
        entries=tuple(_entries(view, found)), near=tuple(_near(view, found, ours)),
        acts=tuple(_acts(view, int(found.id))),
    )  # fmt: skip


def _entries(view: Connection, found: sa.Row[Any]) -> list[Entry]:
    s, p = statement_entry.c, core_posting.c
    at_bank = sa.select(s.day, s.serial, s.kind, s.fen, s.number).where(
        s.bank == found.bank, sa.or_(s.number == found.number, s.serial == found.number)
    )
    at_core = sa.select(p.booked_on, p.serial, p.reversal, p.fen, p.number).where(
        p.number == found.number
    )
    rows = [Entry("bank", *row) for row in view.execute(at_bank.order_by(s.id).limit(_MOST))]
    return rows + [
        Entry("core", day, serial, "reversal" if back else "posting", fen, number)
        for day, serial, back, fen, number in view.execute(at_core.order_by(p.id).limit(_MOST))
    ]


def _near(view: Connection, found: sa.Row[Any], ours: sa.Row[Any] | None) -> list[Entry]:
    """Entries without a number to or from the same account."""
    s = statement_entry.c
    if ours is not None:
        query = sa.select(agreement.c.repay_token).where(agreement.c.id == ours.agreement_id)
    else:
        query = sa.select(s.counter_token).where(
            s.bank == found.bank, sa.or_(s.number == found.number, s.serial == found.number)
        )
    token = view.scalar(query.limit(1))
    if token is None:
        return []
    near = sa.select(s.day, s.serial, s.kind, s.fen, s.number).where(
        s.bank == found.bank, s.run_id == found.run_id, s.number == "", s.counter_token == token,
        s.serial != found.number,
    )  # fmt: skip
    return [Entry("bank", *row) for row in view.execute(near.order_by(s.id).limit(_MOST))]


def _acts(view: Connection, number: int) -> list[Act]:
    a = difference_act.c
    query = sa.select(a.at_us, a.actor, a.act, a.text).where(a.difference_id == number)
    return [Act(*row) for row in view.execute(query.order_by(a.id))]
