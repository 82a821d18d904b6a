"""The plan's first pass over a bank: its agreements and due records, loan by loan.

Both are streamed side by side in the order of their loan contract; ``classify.judge`` decides each
loan; plan lines are written in chunks, and E1's classes of the due records at the end.
"""

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from hub.kernel.periods import Period
from hub.offset.binding import bind_lines, read_bound
from hub.offset.changes import state_in
from hub.offset.classify import Due, DueClass, Line, Pledge, is_in_force, judge
from hub.offset.parts import Part, given_nothing
from hub.offset.plan_rows import SEEN, account_columns, account_of, chunks, paged
from hub.offset.policy import Terms
from hub.offset.tables import account_seen, agreement, due_class, due_record, plan_line, wave
from hub.offset.words import Decision
from hub.store import Store
from hub.store.prepared import insert_of


def classify_bank(store: Store, wave_id: int, part: Part, period: Period, terms: Terms) -> None:
    bank = part.bank
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    with store.read() as view:
        bound = read_bound(view, period)
    loans = _loans(_pledges(store, wave_id, part, period), _dues(store, part))
    by_rule = (judge(pledges, dues, terms) for pledges, dues in loans)
    judged = bind_lines(by_rule, bound, bank)
    for lines in chunks(_count(judged, counts)):
        rows = [_line_row(wave_id, bank, line) for line in lines]
        with store.write() as tx:
            _ADD_LINES.run(tx, rows)
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
    signed: Iterable[tuple[str, Pledge]], listed: Iterable[tuple[str, Due]]
) -> Iterator[tuple[list[Pledge], list[Due]]]:
    """Agreements and due records of one bank, merged by loan contract; either may be missing."""
    pledges = groupby(signed, key=lambda pair: pair[0])
    dues = groupby(listed, key=lambda pair: pair[0])
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
    store: Store, wave_id: int, part: Part, period: Period
) -> Generator[tuple[str, Pledge]]:
    first_day = int(period.compact + "01")
    query, a = _signed(wave_id, part, period), agreement.c
    for row in paged(store, query, a.loan_contract, a.id):
        loan, number, name, state, signed_on, ended_on, repay, main_token, spouse_token = row[:9]
        yield (
            loan,
            Pledge(
                number, name, is_in_force(state, ended_on, first_day),
                signed_on, repay, main_token, spouse_token,
                account_of(row[9 : 9 + SEEN], main_token),
                account_of(row[9 + SEEN :], spouse_token),
            ),
        )  # fmt: skip


def _signed(wave_id: int, part: Part, period: Period) -> sa.Select[Any]:
    """The bank's agreements, each with its payers' accounts as this wave saw them."""
    main, spouse = account_seen.alias("main"), account_seen.alias("spouse")
    joined = agreement.outerjoin(
        main,
        sa.and_(main.c.wave_id == wave_id, main.c.account_token == agreement.c.main_token),
    ).outerjoin(
        spouse,
        sa.and_(spouse.c.wave_id == wave_id, spouse.c.account_token == agreement.c.spouse_token),
    )
    a = agreement.c
    last_asked = sa.select(wave.c.last_asked).where(wave.c.id == wave_id).scalar_subquery()
    return (
        sa.select(
            a.loan_contract, a.id, a.number, state_in(period), a.signed_on, a.ended_on,
            a.repay_token, a.main_token, a.spouse_token, *account_columns(main, "m"),
            *account_columns(spouse, "s"),
        )
        .select_from(joined)
        .where(a.bank == part.bank, a.id <= last_asked, *_again(part, a.id, "agreement_id"))
    )  # fmt: skip


def _again(
    part: Part, column: sa.ColumnElement[int], name: str
) -> Iterator[sa.ColumnElement[bool]]:
    """A second wave takes those alone to whom the first gave nothing."""
    if part.first_wave is not None:
        given = given_nothing(part.first_wave, part.bank).subquery()
        yield column.in_(sa.select(given.c[name]))


def _dues(store: Store, part: Part) -> Generator[tuple[str, Due]]:
    d = due_record.c
    query = sa.select(
        d.loan_contract, d.id, d.repay_token, d.name_token, d.id_token, d.card_token, d.due_on,
        d.fen, d.settled, d.overdue, d.flaw, d.obstacle,
    ).where(d.due_list_id == part.due_list_id, *_again(part, d.id, "due_record_id"))  # fmt: skip
    for row in paged(store, query, d.loan_contract, d.id):
        yield row[0], Due(*row[1:])


_ADD_LINES = insert_of(
    plan_line, "wave_id", "agreement_id", "bank", "number", "decision", "reason", "notices",
    "due_record_id", "due_on", "due_fen", "signed_on", "main_free", "spouse_free",
)  # fmt: skip


def _line_row(wave_id: int, bank: str, line: Line) -> tuple[object, ...]:
    pledge, decision, reason, due, notices = line
    due_id, due_on, due_fen = None, 0, 0
    if due is not None:
        due_id, due_on = due.id, due.due_on
        due_fen = due.amount if decision is Decision.CANDIDATE else 0
    return (
        wave_id, pledge.id, bank, pledge.number, decision.value, reason.value, notices,
        due_id, due_on, due_fen, pledge.signed_on, 0, 0,
    )  # fmt: skip
