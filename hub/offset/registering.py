"""The bank's answers about agreements: what verification, registration and cancellation bring."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Delivery, Message
from hub.kernel.periods import Period
from hub.offset.changes import Change, first_open_period, make_change
from hub.offset.letters import ClaimOrder, unpack
from hub.offset.office import Office, day_number
from hub.offset.signing import (
    CANCEL,
    REGISTER,
    VERIFY,
    AskedAlready,
    BorrowerUnknown,
    ask_bank,
    find_agreement,
)
from hub.offset.tables import agreement_change
from hub.offset.tables_signing import agreement_signing
from hub.offset.words import AgreementState, SigningStep
from hub.ports.bank import BankPort, LoanCheck
from hub.ports.line import PartnerRefused

BANK = "bank"
"""``came_by`` of a change that follows from the bank's word."""
CLAIMS = (VERIFY, REGISTER, CANCEL)
_WORDS = {VERIFY: "核验", REGISTER: "登记", CANCEL: "解除"}


@dataclass(frozen=True, slots=True)
class _Said:
    number: str
    check: LoanCheck


class ClaimHandler:
    """Bus handler of one of ``bank.verify``, ``bank.register``, ``bank.cancel``."""

    def __init__(self, office: Office, kind: str) -> None:
        self._office = office
        self._kind = kind

    def send(self, delivery: Delivery) -> _Said:
        order = unpack(delivery.payload, ClaimOrder)
        port: BankPort = delivery.port
        call = {
            VERIFY: port.verify_loan, REGISTER: port.register_agreement,
            CANCEL: port.cancel_agreement,
        }[self._kind]  # fmt: skip
        return _Said(order.agreement, call(delivery.line, order.as_claim()))

    def apply(self, tx: Connection, message: Message, result: _Said) -> None:
        found = find_agreement(tx, result.number)
        check = result.check
        self._note(tx, found, check.matches, check.code, check.text)
        if check.matches:
            _AFTER[self._kind](tx, self._office, found, check)
        audit.record(
            tx, act=f"agreement.{self._kind.partition('.')[2]}", actor="hub",
            subject=f"agreement:{result.number}",
            detail={"matches": str(check.matches), "code": check.code}, count=1,
        )  # fmt: skip

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The bank refused the whole call for good: it said no, in its own words."""
        found = find_agreement(tx, message.key.rpartition(":")[0])
        self._note(tx, found, False, refusal.partner_code, refusal.text)

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: the bank is simply told again, by its contract that changes nothing."""

    def died(self, tx: Connection, message: Message) -> None:
        found = find_agreement(tx, message.key.rpartition(":")[0])
        self._note(tx, found, False, message.error_code, message.error_text)

    def _note(self, tx: Connection, found: sa.Row[Any], good: bool, code: str, text: str) -> None:
        after = {
            VERIFY: SigningStep.VERIFIED, REGISTER: SigningStep.REGISTERED,
            CANCEL: SigningStep.CANCELLED,
        }[self._kind]  # fmt: skip
        step = after if good else SigningStep.REFUSED
        tx.execute(
            sa.update(agreement_signing)
            .where(agreement_signing.c.agreement_id == found.id)
            .values(
                step=step.value, said_code=code[:32],
                said_text=f"{_WORDS[self._kind]}：{text}"[:120], answered_us=self._office.now_us(),
            )
        )  # fmt: skip
        if self._kind == VERIFY and _ended_in_force(tx, found):
            ask_bank(tx, self._office, found.number, SigningStep.CANCELLING)


def _ended_in_force(tx: Connection, found: sa.Row[Any]) -> bool:
    """Ended while the bank was being asked once more: it still holds the registration."""
    if found.state != AgreementState.ENDED.value:
        return False
    c = agreement_change.c
    before = sa.select(c.from_state).where(
        c.agreement_id == found.id, c.to_state == AgreementState.ENDED.value
    )
    return tx.scalar(before) != AgreementState.PENDING.value


def _verified(tx: Connection, office: Office, found: sa.Row[Any], _check: LoanCheck) -> None:
    """A new agreement goes on to its registration; for one in force the word is enough."""
    if found.state == AgreementState.PENDING.value:
        ask_bank(tx, office, found.number, SigningStep.REGISTERING)


def _registered(tx: Connection, office: Office, found: sa.Row[Any], check: LoanCheck) -> None:
    if found.state == AgreementState.ENDED.value:  # while the bank was being told
        ask_bank(tx, office, found.number, SigningStep.CANCELLING)
    if found.state != AgreementState.PENDING.value:
        return
    today = Period.of(office.clock.today())
    first = first_open_period(tx, found.bank, today)
    make_change(
        tx,
        Change(
            agreement_id=found.id, before=AgreementState.PENDING, after=AgreementState.IN_FORCE,
            actor="hub", came_by=BANK, why="银行已登记", evidence=check.code, first_period=first,
        ),
        now_us=office.now_us(),
    )  # fmt: skip
    replaces = tx.scalar(
        sa.select(agreement_signing.c.replaces).where(agreement_signing.c.agreement_id == found.id)
    )
    if replaces:
        _replace(tx, office, str(replaces), found.number, first)


def _replace(tx: Connection, office: Office, old: str, new: str, first: Period) -> None:
    before = find_agreement(tx, old)
    if before.state == AgreementState.ENDED.value:
        return
    end_agreement(
        tx, office, before, first, actor="hub", came_by=BANK, why="已由新协议取代", evidence=new
    )


def _cancelled(tx: Connection, office: Office, found: sa.Row[Any], check: LoanCheck) -> None:
    """The agreement had ended here before the bank was told."""


_AFTER = {VERIFY: _verified, REGISTER: _registered, CANCEL: _cancelled}


def end_agreement(
    tx: Connection, office: Office, found: sa.Row[Any], first: Period, *, actor: str, came_by: str,
    why: str, evidence: str = "",
) -> None:  # fmt: skip
    """终止 from ``first`` on, and tell the bank, if it can be told who it is about.

    While the bank is being asked something else, it is told once that is answered.  Raises
    StateMoved.
    """
    make_change(
        tx,
        Change(
            agreement_id=found.id, before=AgreementState(found.state), after=AgreementState.ENDED,
            actor=actor, came_by=came_by, why=why, evidence=evidence, first_period=first,
        ),
        now_us=office.now_us(),
        ended_on=day_number(first.first_day() - timedelta(days=1)),
    )  # fmt: skip
    with suppress(AskedAlready, BorrowerUnknown):
        ask_bank(tx, office, found.number, SigningStep.CANCELLING)
