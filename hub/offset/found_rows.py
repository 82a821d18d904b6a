"""The rows that a search brings: items by their numbers, an agreement's periods, and what is
nobody's.  Masked; amounts are 分, days YYYYMMDD."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset.tables import agreement, due_list, due_record, item, plan_line, run, wave
from hub.offset.words import Decision
from hub.store import among

_RUNS = 36
"""How many runs back a search looks for what was left out of a plan: three years of months."""

_LEFT_OUT = (Decision.SKIPPED.value, Decision.EXCEPTION.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundItem:
    """One agreement in one period.  ``number`` is the instruction's, empty when nothing was
    planned; ``outcome`` is empty while it runs."""

    period: str
    bank: str
    agreement: str
    number: str
    try_no: int
    outcome: str
    reason: str
    state: str
    fen: int
    due_fen: int
    main: str
    spouse: str
    repayment: str

    @property
    def key(self) -> str:
        """What its page is called by: the instruction's number, else agreement and period."""
        return self.number or f"{self.agreement}@{self.period}"


@dataclass(frozen=True, slots=True)
class FoundAgreement:
    """One agreement; accounts masked."""

    number: str
    bank: str
    loan_contract: str
    state: str
    signed_on: int
    main: str
    spouse: str
    repayment: str


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """A bank's entry that is no item's: ``number`` is what the bank says it is for."""

    bank: str
    day: int
    serial: str
    kind: str
    number: str
    fen: int
    counter: str


@dataclass(frozen=True, slots=True)
class FoundDue:
    """A due record that no agreement asks for."""

    period: str
    bank: str
    loan_contract: str
    due_on: int
    fen: int


def items_by_number(view: Connection, numbers: Sequence[str]) -> list[FoundItem]:
    """Items by their own numbers."""
    return _items(view, among(view, item.c.number, numbers)) if numbers else []


def lives_of(view: Connection, agreement_ids: Collection[int]) -> list[FoundItem]:
    """Every item of these agreements, and the periods in which a plan left them out."""
    if not agreement_ids:
        return []
    ids = list(agreement_ids)
    found = _items(view, among(view, item.c.agreement_id, ids))
    had = {(one.period, one.agreement) for one in found}
    left_out = {(one.period, one.agreement): one for one in _left_out(view, ids)}
    return found + [one for key, one in left_out.items() if key not in had]


def _items(view: Connection, condition: sa.ColumnElement[bool]) -> list[FoundItem]:
    i = item.c
    query = (
        sa.select(
            run.c.period, i.bank, agreement.c.number.label("agreement_no"), i.number, i.try_no,
            i.outcome, i.reason, i.state, i.fen, i.due_fen, agreement.c.main_mask,
            agreement.c.spouse_mask, agreement.c.repay_mask,
        )
        .select_from(item)
        .join(agreement, agreement.c.id == i.agreement_id)
        .join(run, run.c.id == i.run_id)
        .where(condition)
    )  # fmt: skip
    return [_item(row, row.number) for row in view.execute(query)]


def _left_out(view: Connection, ids: list[int]) -> Iterable[FoundItem]:
    """By the key (wave, agreement), oldest wave first, so that a later decision stands."""
    newest = sa.select(run.c.id).order_by(run.c.period.desc()).limit(_RUNS).subquery()
    waves = list(view.scalars(sa.select(wave.c.id).where(wave.c.run_id.in_(sa.select(newest)))))
    line = plan_line.c
    query = (
        sa.select(
            run.c.period, line.bank, line.number.label("agreement_no"), line.reason,
            sa.func.upper(line.decision).label("outcome"), line.decision.label("state"),
            line.due_fen, sa.literal(0).label("fen"), sa.literal(1).label("try_no"),
            agreement.c.main_mask, agreement.c.spouse_mask, agreement.c.repay_mask,
        )
        .select_from(plan_line)
        .join(wave, wave.c.id == line.wave_id)
        .join(run, run.c.id == wave.c.run_id)
        .join(agreement, agreement.c.id == line.agreement_id)
        .where(among(view, line.wave_id, waves), among(view, line.agreement_id, ids))
        .where(line.decision.in_(_LEFT_OUT))
        .order_by(line.wave_id)
    )  # fmt: skip
    return (_item(row, "") for row in view.execute(query))


def _item(row: sa.Row[Any], number: str) -> FoundItem:
    return FoundItem(
        period=row.period, bank=row.bank, agreement=row.agreement_no, number=number,
        try_no=row.try_no, outcome=row.outcome, reason=row.reason, state=row.state, fen=row.fen,
        due_fen=row.due_fen, main=row.main_mask, spouse=row.spouse_mask, repayment=row.repay_mask,
    )  # fmt: skip


def agreements_of(view: Connection, ids: Collection[int]) -> tuple[FoundAgreement, ...]:
    """Newest first."""
    if not ids:
        return ()
    a = agreement.c
    query = sa.select(
        a.number, a.bank, a.loan_contract, a.state, a.signed_on, a.main_mask, a.spouse_mask,
        a.repay_mask,
    ).where(among(view, a.id, list(ids)))  # fmt: skip
    return tuple(FoundAgreement(*row) for row in view.execute(query.order_by(a.id.desc())))


def unclaimed_dues(view: Connection, loan: str, most: int) -> list[FoundDue]:
    """Due records of a loan, list by list: each bank's complete one of the last runs."""
    newest = sa.select(run.c.id).order_by(run.c.period.desc()).limit(_RUNS).subquery()
    lists = list(
        view.scalars(
            sa.select(due_list.c.id).where(
                due_list.c.run_id.in_(sa.select(newest)), due_list.c.state == "complete"
            )
        )
    )
    d = due_record.c
    query = (
        sa.select(run.c.period, due_list.c.bank, d.loan_contract, d.due_on, d.fen)
        .select_from(due_record)
        .join(due_list, due_list.c.id == d.due_list_id)
        .join(run, run.c.id == due_list.c.run_id)
        .where(among(view, d.due_list_id, lists), d.loan_contract == loan)
        .order_by(run.c.period.desc(), d.id)
        .limit(most)
    )
    return [FoundDue(*row) for row in view.execute(query)]
