"""The plan's third pass over a wave: an item for each line that gets something.

Items are written in the order of the due list, in which everything after the plan takes them: what
one batch touches then lies together in the database, and not on a page for each item.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.offset import numbers
from hub.offset.binding import Bound, read_bound
from hub.offset.classify import share
from hub.offset.plan_rows import chunks
from hub.offset.policy import Terms
from hub.offset.tables import agreement, item, plan_line, wave
from hub.offset.words import Decision, ItemState, Reason
from hub.store import Store, among
from hub.store.prepared import Bulk


def write_items(
    store: Store, wave_id: int, period: Period, terms: Mapping[str, Terms], planned: Iterable[int]
) -> None:
    """What each planned line gives, from what the second pass found free for it, as an item.

    ``planned``: the agreements, in the order of the due list.
    """
    with store.read() as view:
        run_id = int(view.scalar(sa.select(wave.c.run_id).where(wave.c.id == wave_id)) or 0)
        bound = read_bound(view, period)
    for some in chunks(iter(planned)):
        with store.read() as view:
            lines = _lines(view, wave_id, some)
        items = [_item_row(run_id, wave_id, period, row, bound, terms[row[0]]) for row in lines]
        _write_items(store, wave_id, items)


def _lines(view: Connection, wave_id: int, agreements: Sequence[int]) -> list[Row[Any]]:
    """The plan lines of these agreements, in the order of the due list."""
    line, a = plan_line.c, agreement.c
    tries = (
        sa.select(sa.func.count() + 1)
        .where(item.c.agreement_id == line.agreement_id, item.c.wave_id != wave_id)
        .where(
            item.c.run_id == sa.select(wave.c.run_id).where(wave.c.id == wave_id).scalar_subquery()
        )
        .scalar_subquery()
    )
    query = (
        sa.select(
            line.bank, line.number, line.agreement_id, line.due_fen, line.due_record_id,
            line.main_free, line.spouse_free, a.loan_contract, a.main_token, a.spouse_token,
            tries.label("try_no"),
        )
        .select_from(plan_line.join(agreement, a.id == line.agreement_id))
        .where(line.wave_id == wave_id, among(view, line.agreement_id, agreements))
        .order_by(line.due_record_id)
    )  # fmt: skip
    return list(view.execute(query))


_ITEM = (
    "number", "run_id", "wave_id", "bank", "agreement_id", "try_no", "live_key", "due_record_id",
    "main_token", "spouse_token", "due_fen", "fen", "main_fen", "spouse_fen", "reason",
)  # fmt: skip
_NUMBER, _AGREEMENT = _ITEM.index("number"), _ITEM.index("agreement_id")
_NOT_YET = (
    "was_held", "was_instructed", "was_withdrawn", "was_posted", "was_released", "was_reversed",
    "disputed",
)  # fmt: skip
_BLANK = ("asked", "outcome", "detail", "bank_serial")
_ADD_ITEMS = Bulk(
    sa.insert(item).values(
        {name: sa.bindparam(name) for name in _ITEM}
        | {name: sa.literal_column("0") for name in _NOT_YET}
        | {name: sa.literal_column("''") for name in _BLANK}
        | {"state": ItemState.PLANNED.value}
    ),
    *_ITEM,
)
_COLLIDED = Bulk(
    sa.update(plan_line)
    .where(
        plan_line.c.wave_id == sa.bindparam("b_wave"),
        plan_line.c.agreement_id == sa.bindparam("b_agreement"),
    )
    .values(decision=Decision.EXCEPTION.value, reason=Reason.NUMBER_COLLISION.value),
    "b_wave", "b_agreement",
)  # fmt: skip


def _item_row(
    run_id: int, wave_id: int, period: Period, row: Row[Any], bound: Bound, terms: Terms
) -> tuple[Any, ...]:
    (
        bank, name, agreement_id, due_fen, due_record_id, main_free, spouse_free, loan, main_token,
        spouse_token, try_no,
    ) = row  # fmt: skip
    held = bound.number(bank, name)
    if held:
        shared = bound.share(held, Fen(due_fen), main_token, spouse_token)
    else:
        shared = share(Fen(due_fen), Fen(main_free), Fen(spouse_free), terms)
    return (
        numbers.item_number(period, bank, name, try_no), run_id, wave_id, bank, agreement_id,
        try_no, f"{period}|{bank}|{loan}", due_record_id, main_token, spouse_token, due_fen,
        shared.total, shared.main, shared.spouse, shared.reason.value,
    )  # fmt: skip


def _write_items(store: Store, wave_id: int, items: list[tuple[Any, ...]]) -> None:
    with store.write() as tx:
        collided = _collisions(tx, items)
        _COLLIDED.run(tx, [(wave_id, agreement_id) for agreement_id in collided])
        _ADD_ITEMS.run(tx, [row for row in items if row[_AGREEMENT] not in collided])


def _collisions(tx: Connection, items: Sequence[tuple[Any, ...]]) -> set[object]:
    """Agreements whose number stands already for another item (see numbers.item_number)."""
    seen: set[str] = set()
    twice = set()
    for row in items:
        if row[_NUMBER] in seen:
            twice.add(row[_AGREEMENT])
        seen.add(row[_NUMBER])
    found = set(tx.scalars(sa.select(item.c.number).where(among(tx, item.c.number, seen))))
    return twice | {row[_AGREEMENT] for row in items if row[_NUMBER] in found}
