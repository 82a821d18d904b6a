"""购房（预售商品房）: a part of the account is withdrawn (TQYY 01) for a purchase under contract.

Whoever applies came through the platform's sign-in: the form must name a visit whose one-time key
the hall has redeemed, for this case and this person.  One account and one contract of sale are
applied for once.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases import applications, forms, machine, persons, visits
from hub.cases.attachments import Problem, problem
from hub.cases.office import CaseOffice
from hub.cases.words import CaseState, Waiting
from hub.kernel.identity import comparable_id, normal_name
from hub.kernel.money import Fen, parse_yuan
from hub.kernel.secret import mask_account
from hub.ports.case import Filing
from hub.ports.entry import UserType, Visitor
from hub.ports.registry import (
    Application,
    ApplicationKind,
    PersonAccount,
    PersonsAnswer,
    Withdrawal,
)

_PURCHASE = "01"  # TQYY 购买
_ACCOUNT = re.compile(r"[0-9]{8,30}")
_BANK_CODE = re.compile(r"([0-9]{3})?")
_AMOUNT = re.compile(r"[0-9]{1,13}\.[0-9]{2}")
_LONGEST_NAME = 120
_LONGEST_CONTRACT = 30  # GFHTBH char(30)
_NEEDED = ("house", "developer", "permit")
_JOINED = "同一份购房合同已申请，随其办理"


class HomePurchase:
    """See Kind."""

    name = "home_purchase"
    title = "购房提取（预售商品房）"

    def problems(self, filing: Filing, today: date) -> list[Problem]:
        fields = filing.fields
        found = []
        if not forms.good_id(filing.id_type, filing.id_number):
            found.append(problem("bad_id"))
        if len(filing.name) > _LONGEST_NAME:
            found.append(problem("long_name"))
        if _amount(fields.get("amount", "")) is None:
            found.append(problem("bad_amount"))
        if not 0 < len(fields.get("contract_no", "")) <= _LONGEST_CONTRACT:
            found.append(problem("bad_contract_no"))
        if not all(fields.get(one) for one in _NEEDED):
            found.append(problem("no_house"))
        if not _ACCOUNT.fullmatch(fields.get("payee_account", "")):
            found.append(problem("bad_payee_account"))
        if not fields.get("payee_bank"):
            found.append(problem("bad_payee_bank"))
        if not _BANK_CODE.fullmatch(fields.get("payee_bank_code", "")):
            found.append(problem("bad_payee_bank_code"))
        return found

    def begin(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> None:
        came = visits.redeemed(tx, office, row.interface, filing.fields.get("visit", ""))
        why = _not_let_in(came, filing)
        if why:
            machine.end(tx, office, row, CaseState.FAILED, reason=why)
            return
        row = machine.move(
            tx, office, row, state=CaseState.CHECKED, waiting=Waiting.ACCOUNT, asks=row.asks + 1
        )
        forms.ask_persons(tx, office, row, persons.paper(filing))

    def same(self, made: Application, filing: Filing) -> bool:
        if not isinstance(made, Withdrawal) or made.reason != _PURCHASE:
            return False
        said = filing.fields.get("account", "")
        return (not said or said == made.account) and made == _withdrawal(
            made.number, made.account, filing
        )

    def persons(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any],
        papers: Sequence[tuple[str, str]], answer: PersonsAnswer,
    ) -> None:  # fmt: skip
        filing = machine.form(tx, office, row)
        found = persons.theirs(tx, office, row, filing, papers, answer)
        if found:
            self._choose(tx, office, row, filing, found)

    def _choose(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing,
        theirs: Sequence[PersonAccount],
    ) -> None:  # fmt: skip
        there = [one for one in theirs if one.state in persons.OPEN_STATES]
        if not there:
            machine.end(tx, office, row, CaseState.FAILED, reason="no_open_account")
            return
        chosen = persons.meant(tx, office, row, filing, there)
        if chosen is None:
            return
        if (_amount(filing.fields["amount"]) or 0) > chosen.balance:
            machine.lack(tx, office, row, [problem("amount_too_high")])
        else:
            self._apply(tx, office, row, filing, chosen.number)

    def _apply(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing, account: str
    ) -> None:
        # Not the account's own token: a retirement of the same account is another application.
        subject = f"{account}/{filing.fields['contract_no'].upper()}"
        token = office.vault.tokens.whole("purchase", subject)
        done = applications.done_of(tx, ApplicationKind.WITHDRAWAL, [token])
        if done is not None:
            machine.end(tx, office, row, CaseState.FAILED, reason="contract_used")
            return
        live, there = applications.apply(
            tx, office, row.id, ApplicationKind.WITHDRAWAL, token=token,
            mask=mask_account(account), make=lambda number: _withdrawal(number, account, filing),
        )  # fmt: skip
        if there and not self.same(applications.content(tx, office, live), filing):
            machine.note(tx, row, problem("payee_differs"))
        machine.follow(tx, office, row, live, _JOINED if there else "")


def _not_let_in(came: Visitor | None, filing: Filing) -> str:
    """Why the applicant is not the one who came; empty when it is."""
    if came is None or came.number != filing.number:
        return "not_signed_in"
    if came.user_type is not UserType.PERSON:
        return "not_a_person"
    theirs = (came.id_type, comparable_id(came.id_number, came.id_type), normal_name(came.name))
    applicant = (*persons.paper(filing), normal_name(filing.name))
    return "" if theirs == applicant else "not_the_applicant"


def _amount(text: str) -> Fen | None:
    """What is asked for, above nothing; None for anything else."""
    if not _AMOUNT.fullmatch(text):
        return None
    return parse_yuan(text) or None


def _withdrawal(number: str, account: str, filing: Filing) -> Withdrawal:
    fields = filing.fields
    return Withdrawal(
        number, account, normal_name(filing.name), *persons.paper(filing), _PURCHASE,
        fields["payee_account"], normal_name(filing.name), fields["payee_bank"],
        fields.get("payee_bank_code", ""), _amount(fields["amount"]),
    )  # fmt: skip


KIND = HomePurchase()
