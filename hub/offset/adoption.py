"""Adoption by number: what bank and core hold and a restored copy lacks is taken over.

Set-based, in chunks: facts of one turn are grouped by number beside the items; the rules of
``adoption_rules`` decide; batches of which the bank has rows are marked as sent.  What has no
item here waits for the plan (``binding``), or is a difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Verdict
from hub.bus.tables import message
from hub.bus.words import MessageState
from hub.offset.adoption_rules import Adopt, Mine, Seen, Trouble, Wait, judge
from hub.offset.differences import Finding, open_difference
from hub.offset.instruct import NEVER_US
from hub.offset.office import Office
from hub.offset.restore_tables import restore_fact, restore_obstacle
from hub.offset.strangers import judge_strangers
from hub.offset.tables import batch, item, leg, run
from hub.offset.words import ItemState, Outcome, Reason, RunState
from hub.ports.bank import EntryKind, RowStatus
from hub.store import Store, database_now_us

_CHUNK = 1000
_REPLIES = tuple(status.value for status in RowStatus)
_BACK = (EntryKind.RETURN.value, EntryKind.REVERSAL.value)
_MAY_LEAVE = (
    MessageState.QUEUED, MessageState.WAITING, MessageState.PARKED, MessageState.DEAD,
    MessageState.UNKNOWN,
)  # fmt: skip


@dataclass(slots=True)
class Adopted:
    """What one turn came to."""

    count: int = 0
    fen: int = 0
    obstacles: int = 0
    touched: set[str] = field(default_factory=set)


def adopt_turn(store: Store, office: Office, turn: int, *, firm: bool) -> Adopted:
    """Judge everything seen in a turn.  Only a firm one (nothing can still be on its way) moves
    items; the others show what stands in the way so far."""
    done = Adopted()
    with store.write() as tx:
        tx.execute(sa.delete(restore_obstacle).where(restore_obstacle.c.turn <= turn))
    with store.read() as view:
        rows = list(view.execute(_items_seen(turn)))
    for start in range(0, len(rows), _CHUNK):
        with store.write() as tx:
            _take(tx, office, turn, rows[start : start + _CHUNK], done, firm=firm)
    if firm:
        _take_batches(store, office, done)
    with store.write() as tx:
        done.obstacles += judge_strangers(tx, office, turn, firm=firm)
        done.obstacles += _still_moving(tx, turn)
    return done


def _sum(*kinds: str) -> sa.Label[Any]:
    fact = restore_fact.c
    return sa.func.coalesce(
        sa.func.sum(sa.case((fact.kind.in_(kinds), fact.fen), else_=0)), 0
    ).label(f"{kinds[0]}_fen")


def seen_by_number(turn: int) -> sa.Subquery:
    """Facts of a turn, one row for each number."""
    fact = restore_fact.c
    credit = fact.kind == EntryKind.CREDIT.value
    reply = fact.kind.in_(_REPLIES)
    return (
        sa.select(
            fact.number,
            sa.func.sum(sa.case((credit, 1), else_=0)).label("credits"),
            _sum("credit"), _sum(*_BACK), _sum("hold"), _sum("posting"), _sum("unposting"),
            _sum(*_REPLIES),
            sa.func.max(sa.case((reply, fact.kind))).label("answer"),
            sa.func.max(sa.case((reply, fact.reason), else_="")).label("reason"),
            sa.func.max(sa.case((reply, fact.said), else_="")).label("said"),
            sa.func.max(sa.case((sa.or_(credit, reply), fact.serial), else_="")).label("serial"),
            sa.func.max(sa.case((credit, fact.on_day), else_=0)).label("on_day"),
            sa.func.min(fact.bank).label("bank"),
        )
        .where(fact.turn == turn, fact.kind != EntryKind.OTHER.value)
        .group_by(fact.number)
        .subquery()
    )  # fmt: skip


def _items_seen(turn: int) -> sa.Select[Any]:
    seen, i = seen_by_number(turn), item.c
    return (
        sa.select(
            seen, i.run_id, i.bank.label("my_bank"), i.state, i.fen, i.due_fen, i.batch,
            i.was_held, i.was_instructed, i.disputed,
        )
        .join(item, i.number == seen.c.number)
        .order_by(i.number)
    )  # fmt: skip


def seen_of(row: sa.Row[Any]) -> Seen:
    """A row of ``seen_by_number`` as a value."""
    return Seen(
        credits=int(row.credits), credit_fen=int(row.credit_fen), back_fen=int(row.return_fen),
        hold_fen=int(row.hold_fen), posted_fen=int(row.posting_fen),
        unposted_fen=int(row.unposting_fen),
        answer=RowStatus(row.answer) if row.answer else None, answer_fen=int(row.done_fen),
        reason=row.reason, said=row.said, serial=row.serial, day=int(row.on_day),
    )  # fmt: skip


def _take(
    tx: Connection, office: Office, turn: int, rows: list[sa.Row[Any]], done: Adopted, *,
    firm: bool,
) -> None:  # fmt: skip
    changes: list[dict[str, Any]] = []
    for row in rows:
        seen = seen_of(row)
        mine = Mine(ItemState(row.state), int(row.fen), int(row.due_fen), row.batch is not None,
                    bool(row.was_instructed))  # fmt: skip
        found = judge(mine, seen)
        if isinstance(found, Trouble):
            done.obstacles += note_trouble(tx, office, turn, row, seen, found, firm=firm)
        elif isinstance(found, Wait):
            done.obstacles += 1
            _obstacle(tx, turn, row, "not_settled", max(seen.paid_fen, row.fen), found.said)
        elif isinstance(found, Adopt) and firm and not row.disputed:
            changes.append(_change(office, row, seen, found))
        elif isinstance(found, Adopt) and not firm:
            done.obstacles += 1
            _obstacle(tx, turn, row, "not_adopted", row.fen, "在途时间过后认回")
    if changes:
        _write(tx, changes, done)


def _change(office: Office, row: sa.Row[Any], seen: Seen, found: Adopt) -> dict[str, Any]:
    now_us = office.now_us()
    final = found.outcome is not Outcome.NONE
    return {
        "b_number": row.number, "b_from": row.state, "b_state": found.state.value,
        "b_outcome": found.outcome.value, "b_reason": found.reason,
        "b_detail": seen.said[:200], "b_serial": seen.serial[:64],
        "b_held": int(found.held), "b_instructed": int(found.instructed),
        "b_withdrawn": int(found.withdrawn), "b_posted": int(found.posted),
        "b_day": seen.day or office.today(), "b_at": now_us,
        "b_result": now_us if final else None, "b_fen": row.fen,
    }  # fmt: skip


def _write(tx: Connection, changes: list[dict[str, Any]], done: Adopted) -> None:
    i = item.c
    failed = sa.bindparam("b_outcome", type_=sa.String) == Outcome.FAILED.value
    told = sa.bindparam("b_instructed", type_=sa.Integer)
    tx.execute(
        sa.update(item)
        .where(i.number == sa.bindparam("b_number"), i.state == sa.bindparam("b_from"))
        .values(
            state=sa.bindparam("b_state"), outcome=sa.bindparam("b_outcome"),
            reason=sa.case(
                (sa.bindparam("b_outcome", type_=sa.String) == "", i.reason),
                else_=sa.bindparam("b_reason", type_=sa.String),
            ),
            detail=sa.bindparam("b_detail"), bank_serial=sa.bindparam("b_serial"),
            asked="", was_held=sa.bindparam("b_held"),
            was_instructed=told, was_withdrawn=sa.bindparam("b_withdrawn"),
            was_posted=sa.bindparam("b_posted"),
            live_key=sa.case((failed, sa.null()), else_=i.live_key),
            held_us=sa.func.coalesce(i.held_us, sa.bindparam("b_at", type_=sa.BigInteger)),
            instructed_on=sa.case(
                (told == 1, sa.func.coalesce(
                    i.instructed_on, sa.bindparam("b_day", type_=sa.Integer))),
                else_=i.instructed_on,
            ),
            result_us=sa.bindparam("b_result"),
        ),
        [{k: v for k, v in c.items() if k != "b_fen"} for c in changes],
    )  # fmt: skip
    numbers = [str(change["b_number"]) for change in changes]
    fen = sum(int(change["b_fen"]) for change in changes)
    _note_moved(tx, numbers)
    done.count += len(changes)
    done.fen += fen
    done.touched.update(numbers)
    audit.record(
        tx, act="restore.adopted", actor="hub", subject="by number", count=len(changes), fen=fen,
        root=audit.merkle_root(
            [audit.digest(f"{c['b_number']}|{c['b_state']}|{c['b_fen']}".encode()) for c in changes]
        ),
    )  # fmt: skip


def _note_moved(tx: Connection, numbers: list[str]) -> None:
    """What was read for these items' legs before is stale, and a closed leg is open again."""
    moved = sa.exists().where(
        item.c.number.in_(numbers), item.c.run_id == leg.c.run_id, item.c.bank == leg.c.bank
    )
    tx.execute(sa.update(leg).where(moved).values(moved_us=database_now_us(tx), closed_us=None))


def note_trouble(
    tx: Connection, office: Office, turn: int, row: sa.Row[Any], seen: Seen, found: Trouble, *,
    firm: bool,
) -> int:  # fmt: skip
    """A difference of the item's run, once it is certain; 1."""
    fen = max(seen.paid_fen, seen.at_core, seen.back_fen)
    if firm:
        finding = Finding(found.kind, row.my_bank, row.number, int(row.fen), seen.paid_fen,
                          seen.at_core, f"恢复后核对：{found.said}")  # fmt: skip
        open_difference(tx, row.run_id, finding, office.now_us())
    _obstacle(tx, turn, row, found.kind.value, fen, found.said)
    return 1


def _obstacle(tx: Connection, turn: int, row: sa.Row[Any], kind: str, fen: int, said: str) -> None:
    tx.execute(
        sa.insert(restore_obstacle).values(
            turn=turn, kind=kind, bank=row.my_bank, number=row.number, fen=int(fen),
            run_id=row.run_id, detail=said[:200],
        )
    )  # fmt: skip


# --- batches --------------------------------------------------------------------------------


def _take_batches(store: Store, office: Office, done: Adopted) -> None:
    """A batch of which the bank has a row was sent; one whose holds were let go never leaves."""
    b = batch.c
    query = (
        sa.select(b.number, b.message_id, message.c.maybe_sent)
        .join(run, run.c.id == b.run_id)
        .join(message, message.c.id == b.message_id)
        .where(run.c.state != RunState.CLOSED.value, b.state.in_(["cut", "unknown", "again"]))
        .where(message.c.state.in_([state.value for state in _MAY_LEAVE]))
        .order_by(b.number)
    )
    with store.read() as view:
        batches = view.execute(query).all()
    for one in batches:
        with store.write() as tx:
            rows = {r.number: r for r in tx.execute(_rows_of(one.number))}
            touched = [r for number, r in rows.items() if number in done.touched]
            if any(_reached(r) for r in rows.values()):
                _mark_sent(tx, office, one)
            elif any(r.reason in _LET_GO for r in touched):
                _never_leaves(tx, office, one, rows)


_LET_GO = (Reason.WITHDRAWN.value, Reason.NOT_CREDITED.value)


def _rows_of(number: str) -> sa.Select[Any]:
    i = item.c
    columns = (i.number, i.state, i.outcome, i.reason, i.fen, i.was_instructed)
    return sa.select(*columns).where(i.batch == number)


def _reached(row: sa.Row[Any]) -> bool:
    """Whether the bank has this row: it has a result there, or is being worked on."""
    if row.outcome == Outcome.SUCCEEDED.value or row.state == ItemState.INSTRUCTED.value:
        return True
    return bool(row.outcome == Outcome.FAILED.value and row.reason not in _LET_GO)


def _mark_sent(tx: Connection, office: Office, one: sa.Row[Any]) -> None:
    why = "恢复后核对：银行已有这个批次的明细"
    office.bus.adopt(tx, one.message_id, why)
    tx.execute(
        sa.update(batch)
        .where(batch.c.number == one.number)
        .values(state="sent", last_sent_on=office.today(), next_ask_us=database_now_us(tx))
    )
    tx.execute(
        sa.update(item)
        .where(item.c.batch == one.number, item.c.state == ItemState.HELD.value)
        .values(state=ItemState.INSTRUCTED.value, was_instructed=1, asked="")
    )


def _never_leaves(
    tx: Connection, office: Office, one: sa.Row[Any], rows: Mapping[str, sa.Row[Any]]
) -> None:
    why = "恢复后核对：核心已解除这个批次的占用"
    if one.maybe_sent:
        if office.bus.settle(tx, one.message_id, Verdict.REJECTED, why):
            tx.execute(sa.update(batch).where(batch.c.number == one.number).values(state="sent"))
        return  # rows that are still on hold wait for the statement of their closed days
    if office.bus.cancel(tx, one.message_id, "hub", why):
        held = [number for number, row in rows.items() if row.state == ItemState.HELD.value]
        tx.execute(
            sa.update(item)
            .where(item.c.number.in_(held))
            .values(
                state=ItemState.FAILED.value, outcome=Outcome.FAILED.value,
                reason=Reason.WITHDRAWN.value, was_withdrawn=1, asked="", live_key=None,
                result_us=office.now_us(),
            )
        )  # fmt: skip
        tx.execute(
            sa.update(batch)
            .where(batch.c.number == one.number)
            .values(state="withdrawn", next_ask_us=NEVER_US)
        )


def _still_moving(tx: Connection, turn: int) -> int:
    """A message with an effect that a dead worker of before holds is taken back first."""
    flying = sa.select(sa.func.count()).where(
        message.c.state == MessageState.IN_FLIGHT.value, message.c.effect != "read"
    )
    count = int(tx.scalar(flying) or 0)
    if count:
        tx.execute(
            sa.insert(restore_obstacle).values(
                turn=turn, kind="in_flight", bank="", number=f"{count}", fen=0, run_id=0,
                detail=f"{count} 条动账报文的租期未到，到期后收回",
            )
        )  # fmt: skip
    return count


def facts_of(view: Connection, turn: int, kinds: tuple[str, ...]) -> Iterator[sa.Row[Any]]:
    """Facts of some kinds of one turn, by number."""
    fact = restore_fact.c
    query = sa.select(fact.number, fact.kind, fact.account_token, fact.fen)
    return iter(
        view.execute(query.where(fact.turn == turn, fact.kind.in_(kinds)).order_by(fact.number))
    )
