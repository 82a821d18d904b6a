"""Agreements as people look at them: a list by keyset, one with its changes and its periods."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.crypto import Tokens
from hub.kernel.secret import mask_account
from hub.offset.export import newest_of_line, outcome_of
from hub.offset.signing import find_agreement
from hub.offset.tables import agreement, agreement_change, item, plan_line, run, wave
from hub.offset.tables_signing import agreement_signing
from hub.offset.words import Decision, Reason

_TAIL = 4
OPEN = "OPEN"
_PERIODS = 24
REPAIR = (
    Reason.REPAYMENT_ACCOUNT_CHANGED.value, Reason.IDENTITY_MISMATCH.value,
    Reason.DUPLICATE_AGREEMENT.value, Reason.ACCOUNT_NOT_FOUND.value,
)  # fmt: skip
"""Why the last plan left an agreement out until somebody repairs it."""


@dataclass(frozen=True, slots=True)
class AgreementFilter:
    """What to look for; empty means all.  ``query``: agreement or loan contract, an account, or
    the last four digits of one.  ``repair``: only those the newest run could not plan."""

    state: str = ""
    bank: str = ""
    query: str = ""
    repair: bool = False


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """One of a list; accounts masked, days YYYYMMDD.  ``step`` and ``said``: where it is with
    its bank, and the bank's last word."""

    id: int
    number: str
    bank: str
    loan_contract: str
    state: str
    signed_on: int
    ended_on: int | None
    repayment: str
    main: str
    spouse: str
    step: str
    said: str


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """A page; ``before`` leads to the next older one, None on the last."""

    lines: tuple[AgreementLine, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """One change, newest first.  ``at_us``: business time."""

    at_us: int
    actor: str
    came_by: str
    before: str
    after: str
    why: str
    evidence: str
    first_period: str


@dataclass(frozen=True, slots=True)
class PeriodSeen:
    """What became of it in one period (``OPEN``: it is on its way or not begun); ``fen`` what was
    to be paid, 0 without an item."""

    period: str
    outcome: str
    reason: str
    fen: int
    item: str


@dataclass(frozen=True, slots=True)
class AgreementSeen:
    """One agreement whole."""

    line: AgreementLine
    changes: tuple[ChangeSeen, ...]
    periods: tuple[PeriodSeen, ...]


def _is_open(row: sa.Row[Any]) -> bool:
    """Nothing has come out yet: that is no doubt about a result, as pages mean UNKNOWN."""
    return row.decision == Decision.CANDIDATE or (
        row.decision == Decision.PLANNED and not row.outcome
    )


def list_agreements(
    view: Connection, tokens: Tokens, wanted: AgreementFilter, *, before: int | None, size: int
) -> AgreementPage:
    """Newest first."""
    query = _lines().order_by(agreement.c.id.desc()).limit(size + 1)
    if before is not None:
        query = query.where(agreement.c.id < before)
    for condition in _conditions(tokens, wanted):
        query = query.where(condition)
    rows = view.execute(query).all()
    lines = tuple(_line(row) for row in rows[:size])
    return AgreementPage(lines, lines[-1].id if len(rows) > size else None)


def see_agreement(view: Connection, number: str) -> AgreementSeen:
    """Raises NoSuchAgreement."""
    found = find_agreement(view, number)
    row = view.execute(_lines().where(agreement.c.id == found.id)).one()
    c = agreement_change.c
    changes = view.execute(
        sa.select(
            c.at_us, c.actor, c.came_by, c.from_state, c.to_state, c.why, c.evidence,
            c.first_period,
        )
        .where(c.agreement_id == found.id)
        .order_by(c.id.desc())
    )  # fmt: skip
    return AgreementSeen(
        _line(row), tuple(ChangeSeen(*each) for each in changes), _periods(view, found.id)
    )


def _lines() -> sa.Select[Any]:
    a, s = agreement.c, agreement_signing.c
    return sa.select(
        a.id, a.number, a.bank, a.loan_contract, a.state, a.signed_on, a.ended_on, a.repay_mask,
        a.main_mask, a.spouse_mask, s.step, s.said_code, s.said_text,
    ).select_from(
        agreement.outerjoin(agreement_signing, agreement_signing.c.agreement_id == agreement.c.id)
    )  # fmt: skip


def _line(row: sa.Row[Any]) -> AgreementLine:
    said = f"{row.said_text} {row.said_code}".strip() if row.said_text or row.said_code else ""
    return AgreementLine(
        row.id, row.number, row.bank, row.loan_contract, row.state, row.signed_on, row.ended_on,
        row.repay_mask, row.main_mask, row.spouse_mask, row.step or "", said,
    )  # fmt: skip


def _conditions(tokens: Tokens, wanted: AgreementFilter) -> list[sa.ColumnElement[bool]]:
    a = agreement.c
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state:
        found.append(a.state == wanted.state)
    if wanted.bank:
        found.append(a.bank == wanted.bank)
    if wanted.repair:
        newest = sa.select(sa.func.max(run.c.id)).scalar_subquery()
        found.append(
            a.id.in_(
                sa.select(plan_line.c.agreement_id)
                .join(wave, wave.c.id == plan_line.c.wave_id)
                .where(wave.c.run_id == newest, plan_line.c.reason.in_(REPAIR))
            )
        )
    query = wanted.query.strip()
    if len(query) == _TAIL and query.isdigit():
        shown = mask_account("0" * 12 + query)
        found.append(
            sa.or_(
                a.repay_tail == tokens.tail("account", query),
                a.main_mask == shown, a.spouse_mask == shown,
            )
        )  # fmt: skip
    elif query:
        whole = tokens.whole("account", query)
        found.append(
            sa.or_(
                a.number == query, a.loan_contract == query, a.repay_token == whole,
                a.main_token == whole, a.spouse_token == whole,
            )
        )  # fmt: skip
    return found


def _periods(view: Connection, agreement_id: int) -> tuple[PeriodSeen, ...]:
    line = plan_line.c
    rows = view.execute(
        sa.select(
            run.c.period, line.decision, line.reason.label("line_reason"), item.c.outcome,
            item.c.reason, item.c.fen, item.c.number,
        )
        .select_from(plan_line)
        .join(wave, wave.c.id == line.wave_id)
        .join(run, run.c.id == wave.c.run_id)
        .outerjoin(item, newest_of_line())
        .where(line.agreement_id == agreement_id)
        .order_by(run.c.period.desc())
        .limit(_PERIODS)
    ).all()  # fmt: skip
    return tuple(
        PeriodSeen(
            row.period,
            *((OPEN, "") if _is_open(row) else outcome_of(row)),
            int(row.fen or 0),
            row.number or "",
        )
        for row in rows
    )
