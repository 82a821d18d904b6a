"""A settlement carried out: the difference is closed, its item thawed and moved to its end."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.offset.claims import claim_entry
from hub.offset.closing import RunIsClosed
from hub.offset.differences import NoSuchDifference, note, thaw
from hub.offset.nets import BACK, even_counts
from hub.offset.office import Office
from hub.offset.reconcile import never_sent_again
from hub.offset.settling import (
    AT_REST,
    CLAIMED,
    PAID,
    REVERSED,
    TO_POST,
    TO_RELEASE,
    TO_REVERSE,
    Outlook,
    StillMoving,
)  # fmt: skip
from hub.offset.tables import agreement, difference, item, leg, run, statement_entry
from hub.offset.tables_after import adjustment
from hub.offset.words import ItemState, Outcome, Reason, RunState


def settle(tx: Connection, office: Office, seen: Outlook, how: str, by: Mapping[str, str]) -> None:
    """Carry out what two people agreed on; ``by`` has their logins (asked, confirmed)."""
    found = tx.execute(
        sa.update(difference)
        .where(difference.c.id == seen.difference, difference.c.state == "open")
        .values(
            state="settled", settled_us=office.now_us(), settlement=how[:200], way=seen.way.value,
            entry=seen.entry or None, agreed_bank_fen=seen.bank_fen, agreed_core_fen=seen.core_fen,
        )
        .returning(difference.c.number, difference.c.run_id, difference.c.bank)
    ).first()  # fmt: skip
    if found is None:
        raise NoSuchDifference(f"no difference {seen.difference} is open")
    if seen.claims and seen.item:
        claim_entry(tx, office, seen.claims, seen.item)
    elif seen.claims:
        _number(tx, office, seen.claims, found.number)
    if seen.part:
        tx.execute(
            sa.update(statement_entry)
            .where(statement_entry.c.bank == found.bank, statement_entry.c.serial == seen.entry)
            .values(part=1)
        )
    if seen.item and seen.end != CLAIMED:
        _move(tx, office, seen)
        closed = _is_closed(tx, int(found.run_id))
        even_counts(tx, seen.item, paid=seen.end in (PAID, TO_POST), closed=closed)
    thaw(tx, found.number)
    who = f"{by['asked']} 申请、{by['confirmed']} 复核：{seen.way.value} {seen.entry} {how}"
    note(tx, seen.difference, by["confirmed"], "settled", who, office.now_us())
    audit.record(
        tx, act="offset.settled", actor=by["confirmed"], subject=found.number,
        detail={key: str(value) for key, value in seen.payload().items()}, count=1,
        fen=seen.bank_fen,
    )  # fmt: skip
    look_again(tx, int(found.run_id), found.bank)


def _move(tx: Connection, office: Office, seen: Outlook) -> None:
    """The item to its end; the conductor does the rest (posting, reversal, release)."""
    ours = tx.execute(sa.select(item).where(item.c.number == seen.item).with_for_update()).one()
    paid = "partial" if ours.fen < ours.due_fen else ""
    won = {
        "outcome": Outcome.SUCCEEDED.value, "reason": paid, "was_instructed": 1,
        "live_key": _live_key(tx, ours), "was_released": 0,
    }  # fmt: skip
    lost = {"outcome": Outcome.RETURNED.value, "was_posted": 1}
    unpaid = {
        "outcome": Outcome.FAILED.value, "live_key": None,
        "reason": Reason.NOT_CREDITED.value if ours.outcome != Outcome.FAILED else ours.reason,
    }  # fmt: skip
    closed = _is_closed(tx, int(ours.run_id))
    if seen.end == PAID and ours.was_posted and not ours.was_reversed:
        return  # it is in the books already
    if seen.end == REVERSED and ours.was_reversed:
        return
    sent = ours.batch is not None  # what was withdrawn before a batch was cut is in none
    if seen.end == TO_RELEASE and sent and not never_sent_again(tx, office, str(ours.batch)):
        raise StillMoving(f"batch {ours.batch} may still be sent")
    if closed and seen.end in (TO_REVERSE, REVERSED):
        _adjust(tx, office, ours)
    values: dict[str, dict[str, Any]] = {
        PAID: {**won, "state": ItemState.POSTED.value, "was_posted": 1, "was_held": 1},
        TO_POST: {**won, "state": ItemState.SUCCEEDED.value, "was_posted": 0},
        TO_REVERSE: {**lost, "state": ItemState.RETURNED.value},
        REVERSED: {**lost, "state": ItemState.REVERSED.value, "was_reversed": 1, "live_key": None},
        TO_RELEASE: {**unpaid, "state": ItemState.FAILED.value},
        AT_REST: {},
    }
    change = values[seen.end]
    if change:
        tx.execute(
            sa.update(item)
            .where(item.c.number == seen.item)
            .values(asked="", result_us=ours.result_us or office.now_us(), **change)
        )


def _is_closed(tx: Connection, run_id: int) -> bool:
    state = tx.scalar(sa.select(run.c.state).where(run.c.id == run_id))
    return bool(state == RunState.CLOSED.value)


def _adjust(tx: Connection, office: Office, ours: sa.Row[Any]) -> None:
    """What a settlement takes back of a closed run is an adjustment too, unless it is one."""
    s = statement_entry.c
    if tx.scalar(sa.select(adjustment.c.id).where(adjustment.c.number == ours.number)) is not None:
        return
    back = tx.execute(
        sa.select(s.day, s.kind, s.serial)
        .where(s.number == ours.number, s.kind.in_(BACK))
        .order_by(s.id.desc())
        .limit(1)
    ).first()
    if back is None:
        raise RunIsClosed
    tx.execute(
        sa.insert(adjustment).values(
            run_id=ours.run_id, bank=ours.bank, number=ours.number, made_on=office.today(),
            booked_on=back.day, shape=back.kind, fen=ours.fen, serial=back.serial, state="open",
            reversal="",
        )
    )  # fmt: skip


def _number(tx: Connection, office: Office, entry_id: int, number: str) -> None:
    """The return of a credit that is not ours bears that credit's number from now on."""
    tx.execute(
        sa.update(statement_entry)
        .where(statement_entry.c.id == entry_id)
        .values(number=number, matched_us=office.now_us())
    )


def _live_key(tx: Connection, ours: sa.Row[Any]) -> str:
    """One live item for a loan and period: the database refuses a second."""
    period, loan = tx.execute(
        sa.select(run.c.period, agreement.c.loan_contract)
        .select_from(run)
        .join(agreement, agreement.c.id == ours.agreement_id)
        .where(run.c.id == ours.run_id)
    ).one()
    return str(ours.live_key or f"{period}|{ours.bank}|{loan}")


def look_again(tx: Connection, run_id: int, bank: str) -> None:
    """Have this leg read and matched at the next step.  A closed run stays closed."""
    here = sa.and_(leg.c.run_id == run_id, leg.c.bank == bank)
    state = tx.scalar(sa.select(run.c.state).where(run.c.id == run_id))
    values: dict[str, Any] = {"read_next_us": 0}
    if state != RunState.CLOSED.value:
        values |= {"matched_us": leg.c.core_seen_us, "closed_us": None}
    tx.execute(sa.update(leg).where(here).values(**values))
