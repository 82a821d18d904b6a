"""The plan's second pass over a wave: who gets how much.

Candidates of all the wave's banks are streamed in the order of (due date, signing date, agreement
number as bytes); each takes from what is then free, which its line keeps.  All are shared out
before the first line is written, and lines are written in their own order: those of one chunk then
lie side by side.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.offset.binding import Bound, read_bound
from hub.offset.classify import Account, free, share
from hub.offset.plan_rows import SEEN, InOrder, account_columns, account_of, chunks, stream
from hub.offset.policy import Terms
from hub.offset.tables import account_seen, agreement, item, plan_line, wave
from hub.offset.words import Decision, Reason
from hub.store import Store
from hub.store.prepared import Bulk


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


def share_out(
    store: Store, wave_id: int, period: Period, terms: Mapping[str, Terms]
) -> Iterable[int]:
    """Decide every candidate; the agreements that get something, in the order of the due list."""
    shared, planned = InOrder(width=4), InOrder(width=2)
    with store.read() as view, closing(_candidates(view, wave_id)) as candidates:
        bound = read_bound(view, period)
        purse = _Purse(view, wave_id, bound)
        for row in candidates:
            reason, free_main, free_spouse, given = _share_one(row, purse, terms[row[0]], bound)
            decided = _DECIDED.index((Decision.PLANNED if given > 0 else Decision.SKIPPED, reason))
            shared.add((row[2], decided, free_main, free_spouse))
            if given > 0:
                planned.add((row[_DUE_RECORD], row[2]))
    for lines in chunks(iter(shared)):
        _write_shares(store, wave_id, lines)
    return (agreement_id for _, agreement_id in planned)


_DECIDED = [(decision, reason) for decision in Decision for reason in Reason]
"""What a line may come to, as a number."""

_DUE_RECORD = 6
_ASKED = 7
"""Columns of a candidate before its accounts'."""


def _share_one(
    row: Row[Any], purse: _Purse, terms: Terms, bound: Bound
) -> tuple[Reason, Fen, Fen, Fen]:
    """The reason, what main and spouse had free, what both give."""
    bank, number, _, due_fen, main_token, spouse_token = row[:_DUE_RECORD]
    main = account_of(row[_ASKED : _ASKED + SEEN], main_token)
    spouse = account_of(row[_ASKED + SEEN :], spouse_token)
    free_main, free_spouse = purse.free(main, terms), purse.free(spouse, terms)
    held = bound.number(bank, number)
    if held:  # taken already, before all others
        shared = bound.share(held, Fen(due_fen), main_token, spouse_token)
    else:
        shared = share(Fen(due_fen), free_main, free_spouse, terms)
        purse.take(main, shared.main)
        purse.take(spouse, shared.spouse)
    return shared.reason, free_main, free_spouse, shared.total


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


def _write_shares(store: Store, wave_id: int, lines: list[tuple[int, ...]]) -> None:
    rows = []
    for agreement_id, decided, free_main, free_spouse in lines:
        decision, reason = _DECIDED[decided]
        rows.append((wave_id, agreement_id, decision.value, reason.value, free_main, free_spouse))
    with store.write() as tx:
        _DECIDE.run(tx, rows)


def _candidates(view: Connection, wave_id: int) -> Generator[Row[Any]]:
    main, spouse = account_seen.alias("main"), account_seen.alias("spouse")
    line, a = plan_line.c, agreement.c
    joined = (
        plan_line.join(agreement, a.id == line.agreement_id)
        .outerjoin(main, sa.and_(main.c.wave_id == wave_id, main.c.account_token == a.main_token))
        .outerjoin(
            spouse, sa.and_(spouse.c.wave_id == wave_id, spouse.c.account_token == a.spouse_token)
        )
    )
    query = (
        sa.select(
            line.bank, line.number, line.agreement_id, line.due_fen, a.main_token, a.spouse_token,
            line.due_record_id, *account_columns(main, "m"), *account_columns(spouse, "s"),
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
