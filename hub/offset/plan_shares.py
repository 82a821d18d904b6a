"""The plan's second pass over a wave: who gets how much.

Candidates of all the wave's banks are streamed in the order of (due date, signing date, agreement
number as bytes); each takes from what is then free; items are written in chunks.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.offset import numbers
from hub.offset.binding import Bound, read_bound
from hub.offset.bulk import Bulk
from hub.offset.classify import Account, Share, free, share
from hub.offset.plan_rows import SEEN, account_columns, account_of, chunks, stream
from hub.offset.policy import Terms
from hub.offset.tables import account_seen, agreement, item, plan_line, wave
from hub.offset.words import Decision, ItemState, Reason
from hub.store import Store


class _Purse:
    """What each account has given already; only accounts that may be asked twice are kept."""

    def __init__(self, view: Connection, wave_id: int, bound: Bound) -> None:
        self._taken, self._own_holds = _taken_before(view, wave_id)
        self._bound = bound
        for token, fen in bound.taken.items():
            self._taken[token] = self._taken.get(token, 0) + fen
            self._own_holds[token] = self._own_holds.get(token, 0) + bound.held[token]
        for token in _asked_twice(view, wave_id):
            self._taken.setdefault(token, 0)

    def free(self, account: Account | None, terms: Terms) -> Fen:
        if account is None:
            return Fen(0)
        taken = self._taken.get(account.token, 0)
        own_holds = self._own_holds.get(account.token, 0)
        return free(self._bound.before(account), taken, own_holds, terms)

    def take(self, account: Account | None, fen: Fen) -> None:
        if account is not None and account.token in self._taken:
            self._taken[account.token] += fen


def share_out(store: Store, wave_id: int, period: Period, terms: Mapping[str, Terms]) -> None:
    with store.read() as view, ExitStack() as open_rows:
        run_id = int(
            view.execute(sa.select(wave.c.run_id).where(wave.c.id == wave_id)).scalar_one()
        )
        bound = read_bound(view, period)
        purse = _Purse(view, wave_id, bound)
        candidates = open_rows.enter_context(closing(_candidates(view, wave_id)))
        for chunk in chunks(candidates):
            lines: list[_Shared] = []
            items = []
            for row in chunk:
                shared, line = _share_one(row, purse, terms[row.bank], bound)
                lines.append(line)
                if shared.total > 0:
                    number = numbers.item_number(period, row.bank, row.number, row.try_no)
                    items.append(_item_row(run_id, wave_id, period, row, number, shared))
            _write_shares(store, wave_id, lines, items)


_Shared = tuple[int, str, str, int, int]
"""Of one line: agreement, decision, reason, what main and spouse had free."""

_ASKED = 9
"""Columns of a candidate before its accounts'."""


def _share_one(row: Row[Any], purse: _Purse, terms: Terms, bound: Bound) -> tuple[Share, _Shared]:
    main = account_of(row[_ASKED : _ASKED + SEEN], row.main_token)
    spouse = account_of(row[_ASKED + SEEN :], row.spouse_token)
    free_main, free_spouse = purse.free(main, terms), purse.free(spouse, terms)
    held = bound.number(row.bank, row.number)
    if held:  # taken already, before all others
        shared = bound.share(held, Fen(row.due_fen), row.main_token, row.spouse_token)
    else:
        shared = share(Fen(row.due_fen), free_main, free_spouse, terms)
        purse.take(main, shared.main)
        purse.take(spouse, shared.spouse)
    decision = Decision.PLANNED if shared.total > 0 else Decision.SKIPPED
    line = (row.agreement_id, decision.value, shared.reason.value, free_main, free_spouse)
    return shared, line


_DECIDE = Bulk(
    sa.update(plan_line)
    .where(
        plan_line.c.wave_id == sa.bindparam("b_wave"),
        plan_line.c.agreement_id == sa.bindparam("b_agreement"),
    )
    .values(
        decision=sa.bindparam("b_decision"),
        reason=sa.bindparam("b_reason"),
        main_free=sa.bindparam("b_main"),
        spouse_free=sa.bindparam("b_spouse"),
    ),
    "b_wave", "b_agreement", "b_decision", "b_reason", "b_main", "b_spouse",
)  # fmt: skip


def _write_shares(
    store: Store, wave_id: int, lines: list[_Shared], items: list[tuple[Any, ...]]
) -> None:
    with store.write() as tx:
        collided = _collisions(tx, items)
        _DECIDE.run(tx, [(wave_id, *_unless_collided(line, collided)) for line in lines])
        _ADD_ITEMS.run(tx, [row for row in items if row[_AGREEMENT] not in collided])


def _unless_collided(line: _Shared, collided: set[object]) -> _Shared:
    if line[0] not in collided:
        return line
    return line[0], Decision.EXCEPTION.value, Reason.NUMBER_COLLISION.value, *line[3:]


def _collisions(tx: Connection, items: Sequence[tuple[Any, ...]]) -> set[object]:
    """Agreements whose number stands already for another item (see numbers.item_number)."""
    seen: set[object] = set()
    twice = set()
    for row in items:
        if row[_NUMBER] in seen:
            twice.add(row[_AGREEMENT])
        seen.add(row[_NUMBER])
    found = set(tx.scalars(sa.select(item.c.number).where(item.c.number.in_(sorted(seen)))))
    return twice | {row[_AGREEMENT] for row in items if row[_NUMBER] in found}


def _candidates(view: Connection, wave_id: int) -> Generator[Row[Any]]:
    main, spouse = account_seen.alias("main"), account_seen.alias("spouse")
    line, a = plan_line.c, agreement.c
    tries = (
        sa.select(sa.func.count() + 1)
        .where(item.c.agreement_id == line.agreement_id, item.c.wave_id != wave_id)
        .where(
            item.c.run_id == sa.select(wave.c.run_id).where(wave.c.id == wave_id).scalar_subquery()
        )
        .scalar_subquery()
    )
    joined = (
        plan_line.join(agreement, a.id == line.agreement_id)
        .outerjoin(main, sa.and_(main.c.wave_id == wave_id, main.c.account_token == a.main_token))
        .outerjoin(
            spouse, sa.and_(spouse.c.wave_id == wave_id, spouse.c.account_token == a.spouse_token)
        )
    )
    query = (
        sa.select(
            line.bank, line.number, line.agreement_id, line.due_fen, line.due_record_id,
            a.loan_contract, a.main_token, a.spouse_token, tries.label("try_no"),
            *account_columns(main, "m"), *account_columns(spouse, "s"),
        )
        .select_from(joined)
        .where(line.wave_id == wave_id, line.decision == Decision.CANDIDATE.value)
        .order_by(line.due_on, line.signed_on, line.number)
    )  # fmt: skip
    return stream(view, query)


def _asked_twice(view: Connection, wave_id: int) -> Iterator[str]:
    """Accounts that more than one of this wave's candidates names."""
    named = [
        sa.select(column.label("token"))
        .select_from(plan_line.join(agreement, agreement.c.id == plan_line.c.agreement_id))
        .where(
            plan_line.c.wave_id == wave_id,
            plan_line.c.decision == Decision.CANDIDATE.value,
            column.is_not(None),
        )
        for column in (agreement.c.main_token, agreement.c.spouse_token)
    ]
    every = sa.union_all(*named).subquery()
    query = sa.select(every.c.token).group_by(every.c.token).having(sa.func.count() > 1)
    return iter(view.scalars(query))


def _taken_before(view: Connection, wave_id: int) -> tuple[dict[str, int], dict[str, int]]:
    """What this run's earlier waves took from each account, and what of it is on hold now.

    What was posted has left the balance already; what was released stays counted, and so does
    what was posted and came back, for money released in a run is not planned again in that run.
    """
    run_id = sa.select(wave.c.run_id).where(wave.c.id == wave_id).scalar_subquery()
    gone = sa.and_(item.c.was_posted == 1, item.c.was_reversed == 0)
    earlier = sa.and_(item.c.run_id == run_id, item.c.wave_id != wave_id, ~gone)
    held = sa.and_(item.c.was_held == 1, item.c.was_released == 0, item.c.was_posted == 0)
    on_hold = sa.case((held, 1), else_=0)
    taken: dict[str, int] = {}
    own: dict[str, int] = {}
    for token_column, fen in (
        (item.c.main_token, item.c.main_fen),
        (item.c.spouse_token, item.c.spouse_fen),
    ):
        query = (
            sa.select(token_column, sa.func.sum(fen), sa.func.sum(fen * on_hold))
            .where(earlier, token_column.is_not(None))
            .group_by(token_column)
        )
        for account_token, fen_taken, fen_held in view.execute(query):
            taken[account_token] = taken.get(account_token, 0) + int(fen_taken)
            own[account_token] = own.get(account_token, 0) + int(fen_held)
    return taken, own


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


def _item_row(
    run_id: int, wave_id: int, period: Period, row: Row[Any], number: str, shared: Share
) -> tuple[Any, ...]:
    return (
        number, run_id, wave_id, row.bank, row.agreement_id, row.try_no,
        f"{period}|{row.bank}|{row.loan_contract}", row.due_record_id, row.main_token,
        row.spouse_token, row.due_fen, shared.total, shared.main, shared.spouse,
        shared.reason.value,
    )  # fmt: skip
