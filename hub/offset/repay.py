"""Repaying (重付): a new item with lineage, ordered by two people; never the old instruction again.

Whatever ended FAILED with its hold released, or RETURNED and reversed, may be tried once more as
a new item: parent, try_no + 1, a number of its own.  It goes through hold, instruction and result
like every other; the order of two people (act ``item.repay``) is its approval.

Which run does it belong to?  Its own while that is open.  A closed run is never opened again, so
the repayment of one of its items is carried by the bank's next open run whose plan is approved:
that run's statement days and core readings cover the day on which the money moves.  Number and
live key still follow from the period that is owed, so the database refuses a second live payment
of that loan and period, whichever run carries it.  In E1 it stands beside the due list as
``repaid``, for no list of the carrying run asks for it.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.errors import NotFound, Refused
from hub.kernel.periods import Period
from hub.offset.numbers import item_number
from hub.offset.office import Office
from hub.offset.tables import agreement, due_list, due_record, item, leg, run, wave
from hub.offset.tables_after import repayment
from hub.offset.words import AgreementState, ItemState, Outcome, Reason, RunState, WaveState
from hub.store import database_now_us

_ENDED = (ItemState.RECONCILED.value, ItemState.RELEASED.value, ItemState.REVERSED.value,
          ItemState.REFUSED.value)  # fmt: skip
_LOST = (Outcome.FAILED.value, Outcome.RETURNED.value)


class NoSuchItem(NotFound):
    """There is no item with this number."""

    code = "offset.no_such_item"
    hint = "Search by agreement number, instruction number or the last four digits of an account."


class NotRepayable(Refused):
    """Money of this item may be moving, was paid, or is not owed any more."""

    code = "offset.not_repayable"
    hint = "Only what ended FAILED or RETURNED and is settled in all three ledgers is paid again."


class RepaidAlready(Refused):
    """This item has a second try already."""

    code = "offset.repaid_already"
    hint = "Look at the newer item; if that one ended too, repay that one."


class NoRunToCarry(Refused):
    """The item's run is closed, and no later run of its bank is under way."""

    code = "offset.no_run_to_carry"
    hint = "Plan and approve the next month; then order the repayment again."


@dataclass(frozen=True, slots=True)
class Repayment:
    """What two people agree on; amounts in 分."""

    parent: str
    number: str
    try_no: int
    period: str
    carried_by: str
    bank: str
    fen: int
    main_fen: int
    spouse_fen: int

    def payload(self) -> dict[str, str | int]:
        """As the approval keeps it."""
        return {
            "parent": self.parent, "number": self.number, "try_no": self.try_no,
            "period": self.period, "carried_by": self.carried_by, "bank": self.bank,
            "fen": self.fen, "main_fen": self.main_fen, "spouse_fen": self.spouse_fen, "items": 1,
        }  # fmt: skip


def repayment_of(view: Connection, number: str) -> Repayment:
    """What repaying this item would be.

    Raises NoSuchItem, NotRepayable, RepaidAlready, NoRunToCarry.
    """
    found = _parent(view, number)
    if view.scalar(sa.select(repayment.c.number).where(repayment.c.parent == number)) is not None:
        raise RepaidAlready
    _require_ended(found)
    carrier = _carrier(view, found)
    try_no = int(found.try_no) + 1
    period = Period.parse(found.owed)
    return Repayment(
        parent=number, number=item_number(period, found.bank, found.agreement, try_no),
        try_no=try_no, period=found.owed, carried_by=carrier.period, bank=found.bank,
        fen=int(found.fen), main_fen=int(found.main_fen), spouse_fen=int(found.spouse_fen),
    )  # fmt: skip


def _parent(view: Connection, number: str) -> sa.Row[Any]:
    """The item with its agreement and the period that is owed: its due list's."""
    owed = run.alias("owed")
    found = view.execute(
        sa.select(
            item, agreement.c.number.label("agreement"), agreement.c.loan_contract,
            agreement.c.state.label("agreement_state"), owed.c.period.label("owed"),
        )
        .join(agreement, agreement.c.id == item.c.agreement_id)
        .join(due_record, due_record.c.id == item.c.due_record_id)
        .join(due_list, due_list.c.id == due_record.c.due_list_id)
        .join(owed, owed.c.id == due_list.c.run_id)
        .where(item.c.number == number)
    ).first()  # fmt: skip
    if found is None:
        raise NoSuchItem(f"there is no item {number[:20]}")
    return found


def _require_ended(found: sa.Row[Any]) -> None:
    back = found.was_reversed == 1 or found.was_posted == 0
    free = found.was_released == 1 or found.was_held == 0 or found.was_reversed == 1
    ended = found.state in _ENDED and found.outcome in _LOST and found.live_key is None
    if not (ended and back and free) or found.disputed:
        raise NotRepayable(f"item {found.number} is {found.state} {found.outcome}")
    if found.reason == Reason.LOAN_SETTLED.value:
        raise NotRepayable(f"the loan of item {found.number} is settled")
    if found.agreement_state in (AgreementState.ENDED.value, AgreementState.PENDING.value):
        raise NotRepayable(f"agreement {found.agreement} is {found.agreement_state}")


def _carrier(view: Connection, found: sa.Row[Any]) -> sa.Row[Any]:
    """The open run that carries it: its own, else the bank's next one."""
    own = sa.select(run.c.period).where(run.c.id == found.run_id).scalar_subquery()
    carrier = view.execute(
        sa.select(run.c.id, run.c.period, leg.c.id.label("leg_id"), leg.c.wave_id)
        .join(leg, leg.c.run_id == run.c.id)
        .join(wave, wave.c.id == leg.c.wave_id)
        .where(leg.c.bank == found.bank, run.c.period >= own)
        .where(run.c.state != RunState.CLOSED.value, wave.c.state == WaveState.APPROVED.value)
        .order_by(run.c.period)
        .limit(1)
    ).first()
    if carrier is None:
        raise NoRunToCarry(f"no run of {found.bank} is under way")
    return carrier


def repay(tx: Connection, office: Office, asked: Repayment, *, actor: str) -> None:
    """Carry out what two people agreed on.  Raises as ``repayment_of``."""
    if repayment_of(tx, asked.parent) != asked:
        raise NotRepayable(f"item {asked.parent} is not as it was")
    found = _parent(tx, asked.parent)
    carrier = _carrier(tx, found)
    blank = dict.fromkeys(
        ("was_held", "was_instructed", "was_withdrawn", "was_posted", "was_released",
         "was_reversed", "disputed"), 0,
    )  # fmt: skip
    tx.execute(
        sa.insert(item).values(
            number=asked.number, run_id=carrier.id, wave_id=carrier.wave_id, bank=asked.bank,
            agreement_id=found.agreement_id, try_no=asked.try_no, parent=asked.parent,
            live_key=f"{asked.period}|{asked.bank}|{found.loan_contract}",
            due_record_id=found.due_record_id, main_token=found.main_token,
            spouse_token=found.spouse_token, due_fen=found.due_fen, fen=asked.fen,
            main_fen=asked.main_fen, spouse_fen=asked.spouse_fen, state=ItemState.PLANNED.value,
            asked="", outcome=Outcome.NONE.value,
            reason=Reason.PARTIAL.value if asked.fen < found.due_fen else "", detail="",
            bank_serial="", **blank,
        )
    )  # fmt: skip
    tx.execute(
        sa.insert(repayment).values(
            parent=asked.parent, number=asked.number, parent_run_id=found.run_id,
            run_id=carrier.id, ordered_us=office.now_us(), ordered_by=actor,
        )
    )  # fmt: skip
    # The paying account is looked at again before anything is sent, and the leg is not done.
    tx.execute(
        sa.update(leg)
        .where(leg.c.id == carrier.leg_id)
        .values(
            funded=0,
            balance_next_us=database_now_us(tx),
            closed_us=None,
            read_next_us=0,
            matched_us=leg.c.core_seen_us,
        )
    )
    audit.record(
        tx, act="offset.repaid", actor=actor, subject=asked.number,
        detail={"parent": asked.parent, "carried_by": asked.carried_by}, count=1, fen=asked.fen,
    )  # fmt: skip
