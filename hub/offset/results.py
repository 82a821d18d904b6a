"""Results: whatever way they come, in any order, any number of times.

Applying one depends only on (number, result): a first final result decides the item, an
identical repeat is counted and changes nothing, another final result after it is a
contradiction, and an amount other than instructed is a difference and never a success.  An item
that a difference has frozen moves no more until two people have settled that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.crypto import sm3_hex
from hub.offset.differences import Finding, open_difference
from hub.offset.office import Office
from hub.offset.tables import item, result_seen
from hub.offset.words import DifferenceKind, ItemState, Outcome
from hub.ports.bank import RowResult, RowStatus

OPEN = (ItemState.HELD, ItemState.INSTRUCTED, ItemState.UNKNOWN)
"""States in which a first final result decides; HELD too, for a result may overtake the reply."""

_WON = (
    ItemState.SUCCEEDED, ItemState.POSTED, ItemState.RECONCILED, ItemState.RETURNED,
    ItemState.REVERSED,
)  # fmt: skip


@dataclass(slots=True)
class Applied:
    """What applying some results did."""

    changed: int = 0
    not_found: list[str] = field(default_factory=list)


def apply_results(
    tx: Connection, office: Office, results: Sequence[RowResult], came_by: str
) -> Applied:
    """Take results into the books, set-based; numbers the hub never gave are left alone."""
    done = Applied()
    if not results:
        return done
    now_us = office.now_us()
    items = _lock_items(tx, [result.number for result in results])
    ours = [result for result in results if result.number in items]
    _remember(tx, ours, came_by, now_us)
    changes: dict[str, dict[str, Any]] = {}
    frozen: set[str] = set()
    for result in ours:
        found = items[result.number]
        state = ItemState(changes.get(result.number, {}).get("b_state", found.state))
        if found.disputed or result.number in frozen:
            _after_freeze(tx, found, result, now_us)
            continue
        change = _decide(tx, found, state, result, now_us)
        if _is_other_amount(found, result):
            frozen.add(result.number)
        if change is not None:
            changes[result.number] = change
    done.not_found = [r.number for r in ours if r.status is RowStatus.NOT_FOUND]
    _write(tx, list(changes.values()))
    done.changed = len(changes)
    return done


def _lock_items(tx: Connection, numbers: Sequence[str]) -> dict[str, Row[Any]]:
    """The items as they stay until this transaction ends: what is decided of them here and what
    another result says of them meanwhile come one after the other."""
    columns = (
        item.c.number, item.c.run_id, item.c.bank, item.c.fen, item.c.due_fen, item.c.state,
        item.c.outcome, item.c.reason, item.c.batch, item.c.disputed,
    )  # fmt: skip
    query = sa.select(*columns).where(item.c.number.in_(sorted(set(numbers))))
    found = tx.execute(query.order_by(item.c.number).with_for_update())
    return {row.number: row for row in found}


def _decide(
    tx: Connection, found: Row[Any], state: ItemState, result: RowResult, now_us: int
) -> dict[str, Any] | None:
    match result.status:
        case RowStatus.DONE:
            return _decide_done(tx, found, state, result, now_us)
        case RowStatus.REFUSED:
            return _decide_refused(tx, found, state, result, now_us)
        case RowStatus.PROCESSING:
            if state in (ItemState.HELD, ItemState.UNKNOWN):
                return _change(found, ItemState.INSTRUCTED, Outcome.NONE, result, None)
        case RowStatus.NOT_FOUND | RowStatus.UNKNOWN:
            if state in (ItemState.HELD, ItemState.INSTRUCTED):
                return _change(found, ItemState.UNKNOWN, Outcome.UNKNOWN, result, None)
    return None


def _decide_done(
    tx: Connection, found: Row[Any], state: ItemState, result: RowResult, now_us: int
) -> dict[str, Any] | None:
    if _is_other_amount(found, result):
        _dispute(tx, found, DifferenceKind.AMOUNT, result, now_us)
        if state in OPEN:
            return _change(found, ItemState.UNKNOWN, Outcome.UNKNOWN, result, None)
        return None
    if state in OPEN:
        reason = "partial" if found.fen < found.due_fen else ""
        return _change(found, ItemState.SUCCEEDED, Outcome.SUCCEEDED, result, now_us, reason)
    if state not in _WON:
        _dispute(tx, found, DifferenceKind.CONTRADICTION, result, now_us)
    return None


def _is_other_amount(found: Row[Any], result: RowResult) -> bool:
    done = result.status is RowStatus.DONE
    return done and result.amount is not None and result.amount != found.fen


def _after_freeze(tx: Connection, found: Row[Any], result: RowResult, now_us: int) -> None:
    """A frozen item does not move; what contradicts an earlier final result is noted."""
    final = (RowStatus.DONE.value, RowStatus.REFUSED.value)
    if result.status not in final:
        return
    seen = result_seen.c
    other = sa.or_(seen.status != result.status.value, seen.fen != result.amount)
    earlier = sa.select(seen.id).where(seen.number == found.number, seen.status.in_(final), other)
    if tx.scalar(earlier.limit(1)) is not None:
        _dispute(tx, found, DifferenceKind.CONTRADICTION, result, now_us)


def _decide_refused(
    tx: Connection, found: Row[Any], state: ItemState, result: RowResult, now_us: int
) -> dict[str, Any] | None:
    if state in OPEN:
        reason = result.reason.value if result.reason else "bank_error"
        return _change(found, ItemState.FAILED, Outcome.FAILED, result, now_us, reason)
    if state in _WON:
        _dispute(tx, found, DifferenceKind.CONTRADICTION, result, now_us)
    return None


def _dispute(
    tx: Connection, found: Row[Any], kind: DifferenceKind, result: RowResult, now_us: int
) -> None:
    said = f"{result.status.value} {result.code} after {found.state}"
    bank_fen = result.amount if result.amount is not None else 0
    finding = Finding(kind, found.bank, found.number, found.fen, bank_fen, 0, said)
    open_difference(tx, found.run_id, finding, now_us)


def _change(
    found: Row[Any], state: ItemState, outcome: Outcome, result: RowResult,
    now_us: int | None, reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "b_number": found.number,
        "b_from": found.state,
        "b_state": state.value,
        "b_outcome": outcome.value,
        "b_reason": found.reason if reason is None else reason,
        "b_detail": f"{result.code} {result.text}".strip()[:200],
        "b_serial": result.bank_serial[:64],
        "b_at": now_us,
    }


def _write(tx: Connection, changes: list[dict[str, Any]]) -> None:
    if not changes:
        return
    live = sa.case(
        (sa.bindparam("b_outcome", type_=sa.String) == Outcome.FAILED.value, sa.null()),
        else_=item.c.live_key,
    )
    tx.execute(
        sa.update(item)
        .where(item.c.number == sa.bindparam("b_number"), item.c.state == sa.bindparam("b_from"))
        .values(
            state=sa.bindparam("b_state"), outcome=sa.bindparam("b_outcome"),
            reason=sa.bindparam("b_reason"), detail=sa.bindparam("b_detail"),
            bank_serial=sa.bindparam("b_serial"), result_us=sa.bindparam("b_at"),
            was_instructed=1, asked="", live_key=live,
        ),
        changes,
    )  # fmt: skip


def _remember(tx: Connection, results: Sequence[RowResult], came_by: str, now_us: int) -> None:
    """One row for each different thing said of a number, with how often it was said."""
    fresh: dict[tuple[str, str], dict[str, Any]] = {}
    numbers = {result.number for result in results}
    seen = result_seen.c
    known = {
        (row.number, row.digest): row.id
        for row in tx.execute(
            sa.select(seen.id, seen.number, seen.digest).where(seen.number.in_(numbers))
        )
    }
    again: dict[int, int] = {}
    for result in results:
        digest = _digest(result)
        key = (result.number, digest)
        if key in known:
            again[known[key]] = again.get(known[key], 0) + 1
        elif key in fresh:
            fresh[key]["times"] += 1
        else:
            fresh[key] = {
                "number": result.number, "status": result.status.value, "fen": result.amount,
                "reason": result.reason.value if result.reason else "",
                "code": result.code[:32], "text": result.text[:120],
                "bank_serial": result.bank_serial[:64], "came_by": came_by, "digest": digest,
                "times": 1, "first_us": now_us,
            }  # fmt: skip
    if fresh:
        tx.execute(sa.insert(result_seen), list(fresh.values()))
    if again:
        tx.execute(
            sa.update(result_seen)
            .where(seen.id == sa.bindparam("b_id"))
            .values(times=seen.times + sa.bindparam("b_more")),
            [{"b_id": row_id, "b_more": more} for row_id, more in again.items()],
        )


def _digest(result: RowResult) -> str:
    said = f"{result.status}|{result.amount}|{result.reason}|{result.code}"
    return sm3_hex(said.encode())[:32]
