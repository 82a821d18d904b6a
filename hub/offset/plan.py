"""Planning one wave (轮次): from agreements, due lists and accounts to plan lines and items.

Two passes, both streamed, so that a million agreements need neither memory nor a long lock:

1. *Classify*: agreements and due records of each bank are read side by side in the order of
   their loan contract; ``classify.judge`` decides each loan; lines are written in chunks.
2. *Share out*: candidates are read in the order of (due date, signing date, agreement number
   as bytes), across the wave's banks; each takes from what is then free; items are written.

A plan is a pure function of rows that no longer change, so one that was interrupted is cleared
away and made again, with the same result.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.offset import numbers
from hub.offset.classify import (
    Account,
    Due,
    DueClass,
    Line,
    Pledge,
    Share,
    free,
    is_in_force,
    judge,
    share,
)
from hub.offset.policy import Policy, Terms
from hub.offset.tables import (
    account_seen,
    agreement,
    due_class,
    due_record,
    item,
    leg,
    plan_line,
    wave,
)
from hub.offset.words import Decision, ItemState, Outcome, Reason, WaveState
from hub.store import Store

_T = TypeVar("_T")

_CHUNK = 4000
"""Lines of one transaction: some 100 ms of the write lock on the embedded database."""


def plan_wave(store: Store, wave_id: int, period: Period, policy: Policy) -> None:
    """Plan a wave from the beginning; what an interrupted try left behind is cleared first."""
    _clear(store, wave_id)
    with store.read() as view:
        banks = _banks(view, wave_id)
    for bank, due_list_id in banks:
        _classify_bank(store, wave_id, bank, due_list_id, period, policy.terms(bank))
    _share_out(store, wave_id, period, {bank: policy.terms(bank) for bank, _ in banks})


def _clear(store: Store, wave_id: int) -> None:
    with store.write() as tx:
        tx.execute(sa.delete(due_class).where(due_class.c.wave_id == wave_id))
    for table, key in ((item, item.c.number), (plan_line, plan_line.c.agreement_id)):
        while True:
            with store.write() as tx:
                some = sa.select(key).where(table.c.wave_id == wave_id).limit(_CHUNK * 2)
                gone = tx.execute(sa.delete(table).where(table.c.wave_id == wave_id, key.in_(some)))
            if gone.rowcount == 0:
                break


def _banks(view: Connection, wave_id: int) -> list[tuple[str, int]]:
    found = view.execute(sa.select(leg.c.bank, leg.c.due_list_id).where(leg.c.wave_id == wave_id))
    return sorted((str(row.bank), int(row.due_list_id)) for row in found)


# --- first pass -----------------------------------------------------------------------------


def _classify_bank(
    store: Store, wave_id: int, bank: str, due_list_id: int, period: Period, terms: Terms
) -> None:
    first_day = int(period.compact + "01")
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    with store.read() as view:
        loans = _loans(view, wave_id, bank, due_list_id, first_day)
        judged = (judge(pledges, dues, terms) for pledges, dues in loans)
        for lines in _chunks(_count(judged, counts)):
            with store.write() as tx:
                tx.execute(sa.insert(plan_line), [_line_row(wave_id, bank, x) for x in lines])
    with store.write() as tx:
        for name, (records, fen) in counts.items():
            tx.execute(
                sa.insert(due_class).values(
                    wave_id=wave_id, bank=bank, name=name, records=records, fen=fen
                )
            )


def _count(
    judged: Iterable[tuple[list[Line], list[DueClass]]], counts: dict[str, list[int]]
) -> Iterator[Line]:
    for lines, classes in judged:
        for found in classes:
            counts[found.name][0] += 1
            counts[found.name][1] += found.due.amount
        yield from lines


def _loans(
    view: Connection, wave_id: int, bank: str, due_list_id: int, first_day: int
) -> Iterator[tuple[list[Pledge], list[Due]]]:
    """Agreements and due records of one bank, merged by loan contract; either may be missing."""
    pledges = groupby(_pledges(view, wave_id, bank, first_day), key=lambda pair: pair[0])
    dues = groupby(_dues(view, due_list_id), key=lambda pair: pair[0])
    left = next(pledges, None)
    right = next(dues, None)
    while left is not None or right is not None:
        left_key = None if left is None else left[0].encode()
        right_key = None if right is None else right[0].encode()
        takes_left = right_key is None or (left_key is not None and left_key <= right_key)
        takes_right = left_key is None or (right_key is not None and right_key <= left_key)
        group_left = [x for _, x in left[1]] if left is not None and takes_left else []
        group_right = [x for _, x in right[1]] if right is not None and takes_right else []
        yield group_left, group_right
        if takes_left:
            left = next(pledges, None)
        if takes_right:
            right = next(dues, None)


def _pledges(
    view: Connection, wave_id: int, bank: str, first_day: int
) -> Iterator[tuple[str, Pledge]]:
    main, spouse = account_seen.alias("main"), account_seen.alias("spouse")
    joined = agreement.outerjoin(
        main,
        sa.and_(main.c.wave_id == wave_id, main.c.account_token == agreement.c.main_token),
    ).outerjoin(
        spouse,
        sa.and_(spouse.c.wave_id == wave_id, spouse.c.account_token == agreement.c.spouse_token),
    )
    a = agreement.c
    last_asked = sa.select(wave.c.cursor).where(wave.c.id == wave_id).scalar_subquery()
    query = (
        sa.select(
            a.loan_contract, a.id, a.number, a.state, a.signed_on, a.ended_on, a.repay_token,
            a.main_token, a.spouse_token, *_account_columns(main, "m"),
            *_account_columns(spouse, "s"),
        )
        .select_from(joined)
        .where(a.bank == bank, a.id <= last_asked)
        .order_by(a.loan_contract, a.id)
    )  # fmt: skip
    for row in _stream(view, query):
        yield (
            str(row.loan_contract),
            Pledge(
                id=row.id,
                number=row.number,
                in_force=is_in_force(row.state, row.ended_on, first_day),
                signed_on=row.signed_on,
                repay_token=row.repay_token,
                main_token=row.main_token,
                spouse_token=row.spouse_token,
                main=_account(row, "m", row.main_token),
                spouse=_account(row, "s", row.spouse_token),
            ),
        )


_SEEN = ("state", "balance_fen", "frozen_fen", "held_fen", "name_token", "id_token", "is_card")


def _account_columns(table: sa.FromClause, prefix: str) -> list[sa.Label[Any]]:
    return [table.c[name].label(f"{prefix}_{name}") for name in _SEEN]


def _account(row: Row[Any], prefix: str, token: str | None) -> Account | None:
    values = [getattr(row, f"{prefix}_{name}") for name in _SEEN]
    if token is None or values[0] is None:
        return None
    state, balance, frozen, held, name_token, id_token, is_card = values
    return Account(
        token, state, Fen(balance), Fen(frozen), Fen(held), name_token, id_token, bool(is_card)
    )


def _dues(view: Connection, due_list_id: int) -> Iterator[tuple[str, Due]]:
    d = due_record.c
    query = sa.select(due_record).where(d.due_list_id == due_list_id)
    for row in _stream(view, query.order_by(d.loan_contract, d.id)):
        yield (
            str(row.loan_contract),
            Due(
                id=row.id,
                repay_token=row.repay_token,
                name_token=row.name_token,
                id_token=row.id_token,
                card_token=row.card_token,
                due_on=row.due_on,
                amount=Fen(row.fen),
                settled=bool(row.settled),
                overdue=bool(row.overdue),
                flaw=row.flaw,
                obstacle=row.obstacle,
            ),
        )


def _line_row(wave_id: int, bank: str, line: Line) -> dict[str, object]:
    candidate = line.decision is Decision.CANDIDATE
    return {
        "wave_id": wave_id,
        "agreement_id": line.pledge.id,
        "bank": bank,
        "number": line.pledge.number,
        "decision": line.decision.value,
        "reason": line.reason.value,
        "notices": line.notices,
        "due_record_id": line.due.id if line.due else None,
        "due_on": line.due.due_on if line.due else 0,
        "due_fen": line.due.amount if candidate and line.due else 0,
        "signed_on": line.pledge.signed_on,
        "main_free": 0,
        "spouse_free": 0,
    }


# --- second pass ----------------------------------------------------------------------------


class _Purse:
    """What each account has given already; only accounts that may be asked twice are kept."""

    def __init__(self, view: Connection, wave_id: int) -> None:
        self._taken, self._own_holds = _taken_before(view, wave_id)
        for token in _asked_twice(view, wave_id):
            self._taken.setdefault(token, 0)

    def free(self, account: Account | None, terms: Terms) -> Fen:
        if account is None:
            return Fen(0)
        taken = self._taken.get(account.token, 0)
        return free(account, taken, self._own_holds.get(account.token, 0), terms)

    def take(self, account: Account | None, fen: Fen) -> None:
        if account is not None and account.token in self._taken:
            self._taken[account.token] += fen


def _share_out(store: Store, wave_id: int, period: Period, terms: Mapping[str, Terms]) -> None:
    with store.read() as view:
        run_id = int(
            view.execute(sa.select(wave.c.run_id).where(wave.c.id == wave_id)).scalar_one()
        )
        purse = _Purse(view, wave_id)
        for chunk in _chunks(_candidates(view, wave_id)):
            lines, items = [], []
            for row in chunk:
                shared, line = _share_one(row, purse, terms[row.bank])
                lines.append(line)
                if shared.total > 0:
                    number = numbers.item_number(period, row.bank, row.number, row.try_no)
                    items.append(_item_row(run_id, wave_id, period, row, number, shared))
            _write_shares(store, wave_id, lines, items)


def _share_one(row: Row[Any], purse: _Purse, terms: Terms) -> tuple[Share, dict[str, Any]]:
    main = _account(row, "m", row.main_token)
    spouse = _account(row, "s", row.spouse_token)
    free_main, free_spouse = purse.free(main, terms), purse.free(spouse, terms)
    shared = share(Fen(row.due_fen), free_main, free_spouse, terms)
    purse.take(main, shared.main)
    purse.take(spouse, shared.spouse)
    return shared, {
        "b_agreement": row.agreement_id,
        "decision": (Decision.PLANNED if shared.total > 0 else Decision.SKIPPED).value,
        "reason": shared.reason.value,
        "main_free": free_main,
        "spouse_free": free_spouse,
    }


def _write_shares(
    store: Store, wave_id: int, lines: list[dict[str, object]], items: list[dict[str, object]]
) -> None:
    with store.write() as tx:
        collided = _collisions(tx, items)
        for line in lines:
            if line["b_agreement"] in collided:
                line["decision"] = Decision.EXCEPTION.value
                line["reason"] = Reason.NUMBER_COLLISION.value
        tx.execute(
            sa.update(plan_line)
            .where(
                plan_line.c.wave_id == wave_id,
                plan_line.c.agreement_id == sa.bindparam("b_agreement"),
            )
            .values(
                decision=sa.bindparam("decision"),
                reason=sa.bindparam("reason"),
                main_free=sa.bindparam("main_free"),
                spouse_free=sa.bindparam("spouse_free"),
            ),
            lines,
        )
        fresh = [row for row in items if row["agreement_id"] not in collided]
        if fresh:
            tx.execute(sa.insert(item), fresh)


def _collisions(tx: Connection, items: Sequence[dict[str, object]]) -> set[object]:
    """Agreements whose number stands already for another item (see numbers.item_number)."""
    seen: set[object] = set()
    twice = set()
    for row in items:
        if row["number"] in seen:
            twice.add(row["agreement_id"])
        seen.add(row["number"])
    wanted = [str(row["number"]) for row in items]
    found = set(tx.scalars(sa.select(item.c.number).where(item.c.number.in_(wanted))))
    return twice | {row["agreement_id"] for row in items if row["number"] in found}


def _candidates(view: Connection, wave_id: int) -> Iterator[Row[Any]]:
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
            *_account_columns(main, "m"), *_account_columns(spouse, "s"),
        )
        .select_from(joined)
        .where(line.wave_id == wave_id, line.decision == Decision.CANDIDATE.value)
        .order_by(line.due_on, line.signed_on, line.number)
    )  # fmt: skip
    return _stream(view, query)


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

    What was posted has left the balance already; what was released stays counted, for money
    released in a run is not planned again in that run.
    """
    run_id = sa.select(wave.c.run_id).where(wave.c.id == wave_id).scalar_subquery()
    earlier = sa.and_(item.c.run_id == run_id, item.c.wave_id != wave_id, item.c.was_posted == 0)
    on_hold = sa.case((sa.and_(item.c.was_held == 1, item.c.was_released == 0), 1), else_=0)
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


def _item_row(
    run_id: int, wave_id: int, period: Period, row: Row[Any], number: str, shared: Share
) -> dict[str, object]:
    blank = dict.fromkeys(
        ("was_held", "was_instructed", "was_withdrawn", "was_posted", "was_released",
         "was_reversed", "disputed"), 0,
    )  # fmt: skip
    return {
        "number": number,
        "run_id": run_id,
        "wave_id": wave_id,
        "bank": row.bank,
        "agreement_id": row.agreement_id,
        "try_no": row.try_no,
        "live_key": f"{period}|{row.bank}|{row.loan_contract}",
        "due_record_id": row.due_record_id,
        "main_token": row.main_token,
        "spouse_token": row.spouse_token,
        "due_fen": row.due_fen,
        "fen": shared.total,
        "main_fen": shared.main,
        "spouse_fen": shared.spouse,
        "state": ItemState.PLANNED.value,
        "asked": "",
        "outcome": Outcome.NONE.value,
        "reason": shared.reason.value,
        "detail": "",
        "bank_serial": "",
        **blank,
    }


# --- finishing ------------------------------------------------------------------------------


def finish_plan(tx: Connection, wave_id: int, now_us: int, digest: str) -> None:
    """The plan stands: fix its digest and each bank's total, open it as a trial (试算)."""
    for bank, fen in tx.execute(
        sa.select(item.c.bank, sa.func.sum(item.c.fen))
        .where(item.c.wave_id == wave_id)
        .group_by(item.c.bank)
    ).all():
        tx.execute(
            sa.update(leg)
            .where(leg.c.wave_id == wave_id, leg.c.bank == bank)
            .values(planned_fen=int(fen))
        )
    tx.execute(
        sa.update(wave)
        .where(wave.c.id == wave_id, wave.c.state == WaveState.PLANNING.value)
        .values(state=WaveState.TRIAL.value, planned_us=now_us, digest=digest)
    )


def _stream(view: Connection, query: sa.Select[Any]) -> Iterator[Row[Any]]:
    return iter(view.execute(query, execution_options={"yield_per": 2000}))


def _chunks(rows: Iterator[_T]) -> Iterator[list[_T]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
