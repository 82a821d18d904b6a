"""Three-way reconciliation: hub, bank statement, core.  Set-based: each rule is one query.

It runs over one bank's leg when its statement days and the core's postings have been read.
What agrees in all three ledgers becomes reconciled; what does not becomes a difference.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Verdict
from hub.offset.differences import Finding, open_difference
from hub.offset.nets import BACK, Net, nets
from hub.offset.office import Office
from hub.offset.results import OPEN
from hub.offset.tables import (
    agreement,
    batch,
    core_posting,
    difference,
    item,
    result_seen,
    statement_day,
    statement_entry,
)
from hub.offset.words import DifferenceKind, ItemState, Outcome, Reason
from hub.ports.bank import EntryKind
from hub.store import Store

_CREDIT = EntryKind.CREDIT.value
_PAID = (ItemState.POSTED.value, ItemState.RECONCILED.value)
_ENDED = (ItemState.POSTED.value, ItemState.RELEASED.value, ItemState.REVERSED.value)


def find_differences(store: Store, office: Office, run_id: int, bank: str) -> int:
    """Open a difference for everything that does not agree; how many are new."""
    with store.read() as view:
        findings = [finding for rule in _RULES for finding in rule(view, run_id, bank)]
        agreed = _agreed(view, run_id, bank) if findings else {}
        frozen = _frozen(view, run_id, bank) if findings else set()
        shown = nets(view, [finding.number for finding in findings if finding.number in agreed])
    new = 0
    for finding in findings:
        net = shown.get(finding.number, Net())
        if agreed.get(finding.number) == (net.bank, net.core):
            continue  # two people have settled exactly this
        if finding.number in frozen:
            continue  # one difference holds an item; settling it looks at all three ledgers
        frozen.add(finding.number)
        with store.write() as tx:
            again = finding.number in agreed
            new += open_difference(tx, run_id, finding, office.now_us(), again=again)
    return new


def _frozen(view: Connection, run_id: int, bank: str) -> set[str]:
    """Numbers of which a difference is open."""
    d = difference.c
    query = sa.select(d.number).where(d.run_id == run_id, d.bank == bank, d.state == "open")
    return set(view.scalars(query))


def _agreed(view: Connection, run_id: int, bank: str) -> dict[str, tuple[int, int]]:
    """By number: what bank and core are to show once its last settlement is carried out."""
    d = difference.c
    query = sa.select(d.number, d.agreed_bank_fen, d.agreed_core_fen).where(
        d.run_id == run_id, d.bank == bank, d.state == "settled", d.agreed_bank_fen.is_not(None)
    )
    return {
        number: (int(at_bank), int(at_core))
        for number, at_bank, at_core in view.execute(query.order_by(d.settled_us, d.id))
    }


def _credits(run_id: int, bank: str) -> sa.Subquery:
    """Credits by our number: how many, and their sum."""
    s = statement_entry.c
    return (
        sa.select(s.number, sa.func.count().label("times"), sa.func.sum(s.fen).label("fen"))
        .where(s.run_id == run_id, s.bank == bank, s.kind == _CREDIT, s.number != "")
        .group_by(s.number)
        .subquery()
    )


def _postings(run_id: int, bank: str) -> sa.Subquery:
    """What the core has booked by item: withdrawals less reversals."""
    p = core_posting.c
    net = sa.func.sum(sa.case((p.reversal == 1, -p.fen), else_=p.fen))
    return (
        sa.select(p.number, net.label("fen"))
        .where(p.run_id == run_id, p.bank == bank)
        .group_by(p.number)
        .subquery()
    )


def _returns(run_id: int, bank: str) -> sa.Subquery:
    """What came back by our number, as 退票 or 银行冲正: the sum, and the last entry of it."""
    s = statement_entry.c
    return (
        sa.select(s.number, sa.func.sum(s.fen).label("fen"), sa.func.max(s.id).label("entry"))
        .where(s.run_id == run_id, s.bank == bank, s.kind.in_(BACK), s.number != "")
        .group_by(s.number)
        .subquery()
    )


def _unknown_instructions(view: Connection, run_id: int, bank: str) -> Iterator[Finding]:
    s = statement_entry.c
    query = (
        sa.select(s.number, s.serial, s.fen)
        .outerjoin(item, item.c.number == s.number)
        .where(s.run_id == run_id, s.bank == bank, s.kind == _CREDIT, item.c.number.is_(None))
    )
    for row in view.execute(query):
        yield Finding(
            DifferenceKind.UNKNOWN_INSTRUCTION, bank, row.number or row.serial, 0, int(row.fen), 0,
            f"银行流水 {row.serial}：本中心没有发出过这个指令",
        )  # fmt: skip


def _wrong_credits(view: Connection, run_id: int, bank: str) -> Iterator[Finding]:
    """Credited twice, credited otherwise than instructed, or credited after a final refusal."""
    credit = _credits(run_id, bank)
    query = (
        sa.select(item.c.number, item.c.fen, item.c.outcome, credit.c.times,
                  credit.c.fen.label("bank_fen"))
        .join(credit, credit.c.number == item.c.number)
        .where(
            sa.or_(
                credit.c.times > 1,
                credit.c.fen != item.c.fen,
                item.c.outcome == Outcome.FAILED.value,
            )
        )
    )  # fmt: skip
    for row in view.execute(query):
        if row.times > 1 and row.bank_fen > row.fen:
            kind, said = DifferenceKind.DOUBLE_CREDIT, f"对账单入账 {row.times} 次"
        elif row.times > 1 or row.bank_fen != row.fen:
            kind, said = DifferenceKind.AMOUNT, "入账金额与指令不符"
        else:
            kind, said = DifferenceKind.CONTRADICTION, "已判划款失败，对账单却有入账"
        yield Finding(kind, bank, row.number, int(row.fen), int(row.bank_fen), 0, said)


def _core_differences(view: Connection, run_id: int, bank: str) -> Iterator[Finding]:
    """Postings without order or without credit; credits whose posting is not in the core."""
    yield from _wrong_postings(view, run_id, bank)
    posting, credit = _postings(run_id, bank), _credits(run_id, bank)
    lacking = (
        sa.select(item.c.number, item.c.fen, credit.c.fen.label("bank_fen"))
        .join(credit, credit.c.number == item.c.number)
        .outerjoin(posting, posting.c.number == item.c.number)
        .where(item.c.was_posted == 1, item.c.was_reversed == 0, posting.c.number.is_(None))
    )
    for row in view.execute(lacking):
        yield Finding(
            DifferenceKind.BANK_ONLY, bank, row.number, int(row.fen), int(row.bank_fen), 0,
            "银行已入账，核心没有记账",
        )  # fmt: skip


def _wrong_postings(view: Connection, run_id: int, bank: str) -> Iterator[Finding]:
    posting, credit = _postings(run_id, bank), _credits(run_id, bank)
    flaws = [
        item.c.number.is_(None),
        item.c.was_posted == 0,
        posting.c.fen != item.c.fen,
        # On an open day the credit may still come.
        sa.and_(credit.c.number.is_(None), _days_closed(run_id, bank, item.c.instructed_on)),
    ]
    query = (
        sa.select(
            posting.c.number, posting.c.fen.label("core_fen"), item.c.fen, item.c.was_posted,
            credit.c.fen.label("bank_fen"),
        )
        .outerjoin(item, item.c.number == posting.c.number)
        .outerjoin(batch, batch.c.number == item.c.batch)
        .outerjoin(credit, credit.c.number == posting.c.number)
        .where(posting.c.fen != 0, sa.or_(*flaws))
    )  # fmt: skip
    for row in view.execute(query):
        kind, said = _posting_flaw(row)
        yield Finding(
            kind, bank, row.number, int(row.fen or 0), int(row.bank_fen or 0), int(row.core_fen),
            said,
        )  # fmt: skip


def _posting_flaw(row: sa.Row[Any]) -> tuple[DifferenceKind, str]:
    if row.fen is None:
        return DifferenceKind.CORE_ONLY, "核心有记账，本中心没有这笔明细"
    if not row.was_posted:
        return DifferenceKind.CORE_ONLY, "核心有记账，本中心没有下达记账"
    if row.core_fen != row.fen:
        return DifferenceKind.AMOUNT, "核心记账金额与指令不符"
    return DifferenceKind.CORE_ONLY, "核心有记账，银行已关账日的对账单没有入账"


def _wrong_returns(view: Connection, run_id: int, bank: str) -> Iterator[Finding]:
    """More or less came back than was credited once, or something of which nothing was credited.

    What comes back after a double credit or a contradiction is those differences' correction.
    """
    back, credit = _returns(run_id, bank), _credits(run_id, bank)
    query = (
        sa.select(item.c.number, item.c.fen, item.c.outcome, back.c.fen.label("back_fen"),
                  credit.c.fen.label("bank_fen"))
        .join(back, back.c.number == item.c.number)
        .outerjoin(credit, credit.c.number == item.c.number)
        .where(item.c.disputed == 0, sa.func.coalesce(credit.c.times, 0) <= 1)
        .where(sa.or_(credit.c.number.is_(None), back.c.fen != item.c.fen))
    )  # fmt: skip
    for row in view.execute(query):
        net = int(row.bank_fen or 0) - int(row.back_fen)
        if row.bank_fen is None:
            kind, said = DifferenceKind.CONTRADICTION, "对账单有退回，却没有入账"
        else:
            kind, said = DifferenceKind.AMOUNT, "退回金额与指令不符"
        yield Finding(kind, bank, row.number, int(row.fen), net, 0, said)


_RULES = (_unknown_instructions, _wrong_credits, _wrong_returns, _core_differences)


def _days_closed(run_id: int, bank: str, first: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Of a row of ``batch``: every banking day on which it may have been booked, from ``first``
    to the day its last send settles, was read after the bank had closed it."""
    day, last = statement_day.c, batch.c.last_sent_on
    here = sa.select(day.id).where(day.run_id == run_id, day.bank == bank)
    unread = here.where(day.day >= first, day.day <= last).where(
        sa.or_(day.closed == 0, day.state != "read")
    )
    read = here.where(day.day == last, day.closed == 1, day.state == "read")
    return sa.and_(read.exists(), ~unread.exists())


def was_settled_by_days(view: Connection, number: str) -> bool:
    """Whether each banking day on which it may be booked was read after its close."""
    found = view.execute(
        sa.select(item.c.run_id, item.c.bank, item.c.instructed_on).where(item.c.number == number)
    ).one()
    query = (
        sa.select(batch.c.number)
        .join(item, item.c.batch == batch.c.number)
        .where(item.c.number == number)
        .where(_days_closed(int(found.run_id), found.bank, item.c.instructed_on))
    )
    return view.scalar(query) is not None


def returned_in_full(run_id: int, bank: str) -> sa.Select[Any]:
    """Items paid once whose whole credit came back, with the entry that shows it."""
    credit, back, shown = _credits(run_id, bank), _returns(run_id, bank), statement_entry.c
    return (
        sa.select(item.c.number, item.c.fen, item.c.agreement_id, shown.day, shown.serial)
        .join(credit, credit.c.number == item.c.number)
        .join(back, back.c.number == item.c.number)
        .join(statement_entry, shown.id == back.c.entry)
        .where(item.c.run_id == run_id, item.c.bank == bank, item.c.disputed == 0)
        .where(item.c.state.in_(_PAID), credit.c.times == 1)
        .where(credit.c.fen == item.c.fen, back.c.fen == item.c.fen)
        .order_by(item.c.number)
    )


# --- what agrees ----------------------------------------------------------------------------


def agreeing(run_id: int, bank: str) -> sa.Select[tuple[str, str]]:
    """Items, with their states, on which all three ledgers agree."""
    credit, posting, back = _credits(run_id, bank), _postings(run_id, bank), _returns(run_id, bank)
    # Once a double credit is settled by what came back of it, bank and core agree again.
    at_bank = sa.func.coalesce(credit.c.fen, 0) - sa.func.coalesce(back.c.fen, 0)
    at_core = sa.func.coalesce(posting.c.fen, 0)
    paid = sa.and_(
        item.c.state == ItemState.POSTED.value, at_bank == item.c.fen, at_core == item.c.fen
    )
    let_go = sa.and_(item.c.state != ItemState.POSTED.value, at_bank == 0, at_core == 0)
    return (
        sa.select(item.c.number, item.c.state)
        .outerjoin(credit, credit.c.number == item.c.number)
        .outerjoin(back, back.c.number == item.c.number)
        .outerjoin(posting, posting.c.number == item.c.number)
        .where(item.c.run_id == run_id, item.c.bank == bank, item.c.disputed == 0)
        .where(item.c.state.in_(_ENDED), sa.or_(paid, let_go))
    )


# --- what a closed day proves ---------------------------------------------------------------


def fail_not_credited(store: Store, office: Office, run_id: int, bank: str) -> int:
    """Open rows that the statements of closed banking days do not show were not credited.

    Every banking day from the batch's cutting to its last send must have been read after it was
    closed, and the batch must not be waiting to be sent again; how many failed so.
    """
    done = 0
    with store.read() as view:
        batches = list(_settled_batches(view, run_id, bank))
    for number in batches:
        with store.write() as tx:
            if never_sent_again(tx, office, number):
                done += _fail_rows(tx, office, number)
    return done


def never_sent_again(tx: Connection, office: Office, number: str) -> bool:
    """A send whose outcome is unknown is settled before its holds are let go: a repeat after
    that would pay what nobody holds."""
    found = tx.execute(
        sa.select(batch.c.state, batch.c.message_id)
        .where(batch.c.number == number)
        .with_for_update()
    ).one()
    if found.state == "sent":
        return True
    known = sa.select(item.c.number).where(
        item.c.batch == number, item.c.state.not_in([state.value for state in OPEN])
    )
    reached = tx.scalar(known.limit(1)) is not None
    verdict = Verdict.DELIVERED if reached else Verdict.REJECTED
    why = "the statements of its closed banking days decide"
    if not office.bus.settle(tx, found.message_id, verdict, why):
        return False
    tx.execute(sa.update(batch).where(batch.c.number == number).values(state="sent"))
    return True


def _settled_batches(view: Connection, run_id: int, bank: str) -> Iterable[str]:
    b = batch.c
    open_rows = (
        sa.select(item.c.batch, sa.func.min(item.c.instructed_on).label("first"))
        .where(item.c.run_id == run_id, item.c.bank == bank, item.c.disputed == 0)
        .where(item.c.state.in_([state.value for state in OPEN]), item.c.was_instructed == 1)
        .group_by(item.c.batch)
        .subquery()
    )
    query = (
        sa.select(b.number)
        .join(open_rows, open_rows.c.batch == b.number)
        .where(b.state.in_(["sent", "unknown", "again"]))
        .where(_days_closed(run_id, bank, open_rows.c.first))
    )
    return list(view.scalars(query))


def _fail_rows(tx: Connection, office: Office, number: str) -> int:
    known = item.alias("known")
    credited = sa.select(statement_entry.c.number).where(statement_entry.c.number == item.c.number)
    # A credit without our number, of this amount to this account, may be this item's: a person
    # has to say so, for letting the hold go would pay it out of nothing.
    stray = (
        sa.select(statement_entry.c.id)
        .join(agreement, agreement.c.repay_token == statement_entry.c.counter_token)
        .outerjoin(known, known.c.number == statement_entry.c.number)
        .where(agreement.c.id == item.c.agreement_id, known.c.number.is_(None))
        .where(statement_entry.c.kind == _CREDIT, statement_entry.c.fen == item.c.fen)
        .where(statement_entry.c.run_id == item.c.run_id)
        .correlate(item)
    )
    said_done = sa.select(result_seen.c.number).where(
        result_seen.c.number == item.c.number, result_seen.c.status == "done"
    )
    done = tx.execute(
        sa.update(item)
        .where(item.c.batch == number, item.c.disputed == 0)
        .where(item.c.state.in_([ItemState.INSTRUCTED.value, ItemState.UNKNOWN.value]))
        .where(~credited.exists(), ~said_done.exists(), ~stray.exists())
        .values(
            state=ItemState.FAILED.value, outcome=Outcome.FAILED.value,
            reason=Reason.NOT_CREDITED.value, detail="已关账日的对账单没有入账",
            result_us=office.now_us(), live_key=None, asked="",
        )
    )  # fmt: skip
    return done.rowcount
