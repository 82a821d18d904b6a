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
from hub.store import among
from hub.store.prepared import Bulk, insert_of

OPEN = (ItemState.HELD, ItemState.INSTRUCTED, ItemState.UNKNOWN)
"""States in which a first final result decides; HELD too, for a result may overtake the reply."""

_WON = (Outcome.SUCCEEDED, Outcome.RETURNED)
"""What a final result has decided is told by the outcome: what failed is reconciled too."""


_DIGEST = 32
"""Characters of ``result_seen.digest``."""


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
    changes: dict[str, _Change] = {}
    frozen: set[str] = set()
    for result in ours:
        number = result.number
        found = items[number]
        if found.disputed or number in frozen:
            _after_freeze(tx, found, result, now_us)
            continue
        before = changes.get(number)
        state = ItemState(found.state if before is None else before[0])
        won = (found.outcome if before is None else before[1]) in _WON
        change = _decide(tx, found, state, won, result, now_us)
        if _freezes(found, state, won, result):
            frozen.add(number)
        if change is not None:
            changes[number] = change
    done.not_found = [r.number for r in ours if r.status is RowStatus.NOT_FOUND]
    done.changed = len(changes)
    failed = [change for change in changes.values() if change[1] == Outcome.FAILED.value]
    _WRITE_FAILED.run(tx, failed)
    if len(failed) < len(changes):
        _WRITE.run(tx, [one for one in changes.values() if one[1] != Outcome.FAILED.value])
    return done


def keep_results(
    tx: Connection, office: Office, results: Sequence[RowResult], came_by: str
) -> None:
    """Remember what was said of numbers of ours, and decide nothing."""
    items = _lock_items(tx, [result.number for result in results])
    _remember(tx, [one for one in results if one.number in items], came_by, office.now_us())


_Change = tuple[str, str, str, str, str, int | None, str, str]
"""State, outcome, reason, detail, serial, when; number and state before."""


def _lock_items(tx: Connection, numbers: Sequence[str]) -> dict[str, Row[Any]]:
    """The items as they stay until this transaction ends: what is decided of them here and what
    another result says of them meanwhile come one after the other."""
    columns = (
        item.c.number, item.c.run_id, item.c.bank, item.c.fen, item.c.due_fen, item.c.state,
        item.c.outcome, item.c.reason, item.c.batch, item.c.disputed,
    )  # fmt: skip
    query = sa.select(*columns).where(among(tx, item.c.number, set(numbers)))
    found = tx.execute(query.order_by(item.c.number).with_for_update())
    return {row.number: row for row in found}


def _decide(
    tx: Connection, found: Row[Any], state: ItemState, won: bool, result: RowResult, now_us: int
) -> _Change | None:
    match result.status:
        case RowStatus.DONE:
            return _decide_done(tx, found, state, won, result, now_us)
        case RowStatus.REFUSED:
            return _decide_refused(tx, found, state, won, result, now_us)
        case RowStatus.PROCESSING:
            if state in (ItemState.HELD, ItemState.UNKNOWN):
                return _change(found, ItemState.INSTRUCTED, Outcome.NONE, result, None)
        case RowStatus.NOT_FOUND | RowStatus.UNKNOWN:
            if state in (ItemState.HELD, ItemState.INSTRUCTED):
                return _change(found, ItemState.UNKNOWN, Outcome.UNKNOWN, result, None)
    return None


def _decide_done(
    tx: Connection, found: Row[Any], state: ItemState, won: bool, result: RowResult, now_us: int
) -> _Change | None:
    if _is_other_amount(found, result):
        _dispute(tx, found, DifferenceKind.AMOUNT, result, now_us)
        if state in OPEN:
            return _change(found, ItemState.UNKNOWN, Outcome.UNKNOWN, result, None)
        return None
    if state in OPEN:
        reason = "partial" if found.fen < found.due_fen else ""
        return _change(found, ItemState.SUCCEEDED, Outcome.SUCCEEDED, result, now_us, reason)
    if not won:
        _dispute(tx, found, DifferenceKind.CONTRADICTION, result, now_us)
    return None


def _freezes(found: Row[Any], state: ItemState, won: bool, result: RowResult) -> bool:
    """Whether this result opens a difference: what else comes with it falls on a frozen item, as
    it would if it came later."""
    if _is_other_amount(found, result):
        return True
    if state in OPEN:
        return False
    return result.status is (RowStatus.REFUSED if won else RowStatus.DONE)


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
    tx: Connection, found: Row[Any], state: ItemState, won: bool, result: RowResult, now_us: int
) -> _Change | None:
    if state in OPEN:
        reason = result.reason.value if result.reason else "bank_error"
        return _change(found, ItemState.FAILED, Outcome.FAILED, result, now_us, reason)
    if won:
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
) -> _Change:  # fmt: skip
    detail = f"{result.code} {result.text}".strip()[:200]
    return (
        state.value, outcome.value, found.reason if reason is None else reason, detail,
        result.bank_serial[:64], now_us, found.number, found.state,
    )  # fmt: skip


def _write(**more: Any) -> Bulk:
    return Bulk(
        sa.update(item)
        .where(item.c.number == sa.bindparam("b_number"), item.c.state == sa.bindparam("b_from"))
        .values(
            state=sa.bindparam("b_state"), outcome=sa.bindparam("b_outcome"),
            reason=sa.bindparam("b_reason"), detail=sa.bindparam("b_detail"),
            bank_serial=sa.bindparam("b_serial"), result_us=sa.bindparam("b_at"),
            was_instructed=1, asked="", **more,
        ),
        "b_state", "b_outcome", "b_reason", "b_detail", "b_serial", "b_at", "b_number", "b_from",
    )  # fmt: skip


# Only a refusal ends an item's life: to write a unique key anew costs as much as all the rest.
_WRITE, _WRITE_FAILED = _write(), _write(live_key=sa.null())


def _remember(tx: Connection, results: Sequence[RowResult], came_by: str, now_us: int) -> None:
    """One row for each different thing said of a number, with how often it was said."""
    numbers = {result.number for result in results}
    seen = result_seen.c
    known = {
        (number, digest): row_id
        for row_id, number, digest in tx.execute(
            sa.select(seen.id, seen.number, seen.digest).where(among(tx, seen.number, numbers))
        )
    }
    said: dict[tuple[str, str], list[RowResult]] = {}
    for result in results:
        said.setdefault((result.number, _digest(result)), []).append(result)
    _KEEP.run(
        tx,
        [
            (*_seen_row(found[0]), came_by, key[1], len(found), now_us)
            for key, found in said.items()
            if key not in known
        ],
    )
    _AGAIN.run(tx, [(known[key], len(found)) for key, found in said.items() if key in known])


_KEEP = insert_of(
    result_seen, "number", "status", "fen", "reason", "code", "text", "bank_serial", "came_by",
    "digest", "times", "first_us",
)  # fmt: skip
_AGAIN = Bulk(
    sa.update(result_seen)
    .where(result_seen.c.id == sa.bindparam("b_id"))
    .values(times=result_seen.c.times + sa.bindparam("b_more")),
    "b_id", "b_more",
)  # fmt: skip


def _seen_row(result: RowResult) -> tuple[Any, ...]:
    reason = result.reason.value if result.reason else ""
    return (
        result.number, result.status.value, result.amount, reason, result.code[:32],
        result.text[:120], result.bank_serial[:64],
    )  # fmt: skip


def _digest(result: RowResult) -> str:
    """What was said, itself where it fits the column, else as a digest: none looks like the
    other."""
    said = f"{result.status}|{result.amount}|{result.reason}|{result.code}"
    return said if len(said) <= _DIGEST else sm3_hex(said.encode())[:_DIGEST]
