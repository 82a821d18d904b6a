"""个人退休: the account is closed by withdrawal (TQYY 03), by the one-thing door or the older item.

One person's account is applied for once, whichever door was first; who comes second follows that
application, even when it is done already.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases import applications, forms, machine, persons
from hub.cases.attachments import Problem, problem
from hub.cases.office import CaseOffice
from hub.cases.words import CaseState, Waiting
from hub.kernel.identity import normal_name
from hub.kernel.secret import mask_account
from hub.ports.case import Filing
from hub.ports.registry import (
    Application,
    ApplicationKind,
    PersonAccount,
    PersonsAnswer,
    Withdrawal,
)

_RETIRED = "03"  # TQYY 离退休
_ACCOUNT = re.compile(r"[0-9]{8,30}")
_BANK_CODE = re.compile(r"([0-9]{3})?")
_LONGEST_NAME = 120
_JOINED = "另一渠道已申请，随其办理"


class Retirement:
    """See Kind."""

    name = "retirement"
    title = "个人退休提取"

    def problems(self, filing: Filing, today: date) -> list[Problem]:
        fields = filing.fields
        found = []
        if not forms.good_id(filing.id_type, filing.id_number):
            found.append(problem("bad_id"))
        if len(filing.name) > _LONGEST_NAME:
            found.append(problem("long_name"))
        if fields.get("retired") != "1":
            found.append(problem("not_retired"))
        if not forms.past(fields.get("retired_on", ""), today):
            found.append(problem("bad_retired_on"))
        if not _ACCOUNT.fullmatch(fields.get("payee_account", "")):
            found.append(problem("bad_payee_account"))
        if not fields.get("payee_bank"):
            found.append(problem("bad_payee_bank"))
        if not _BANK_CODE.fullmatch(fields.get("payee_bank_code", "")):
            found.append(problem("bad_payee_bank_code"))
        return found

    def begin(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> None:
        row = machine.move(
            tx, office, row, state=CaseState.CHECKED, waiting=Waiting.ACCOUNT, asks=row.asks + 1
        )
        forms.ask_persons(tx, office, row, persons.paper(filing))

    def same(self, made: Application, filing: Filing) -> bool:
        if not isinstance(made, Withdrawal):
            return False
        said = filing.fields.get("account", "")
        return (not said or said == made.account) and _wanted(made) == _wanted(
            _withdrawal(made.number, made.account, filing)
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
            self._closed(tx, office, row, theirs)
            return
        chosen = persons.meant(tx, office, row, filing, there)
        if chosen is not None:
            self._apply(tx, office, row, filing, chosen.number)

    def _apply(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing, account: str
    ) -> None:
        live, there = applications.apply(
            tx, office, row.id, ApplicationKind.WITHDRAWAL,
            token=office.vault.tokens.whole("account", account), mask=mask_account(account),
            make=lambda number: _withdrawal(number, account, filing),
        )  # fmt: skip
        if there and not self.same(applications.content(tx, office, live), filing):
            machine.note(tx, row, problem("payee_differs"))
        machine.follow(tx, office, row, live, _JOINED if there else "")

    def _closed(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any],
        theirs: Sequence[PersonAccount],
    ) -> None:  # fmt: skip
        """Nothing to withdraw any more: done by the other door, or never to be done."""
        tokens = [office.vault.tokens.whole("account", one.number) for one in theirs]
        live = applications.live_for(tx, ApplicationKind.WITHDRAWAL, tokens)
        if live is not None:  # closed by it, and we have not heard yet that it is done
            applications.join(tx, row.id, live.id)
            machine.follow(tx, office, row, live, _JOINED)
            return
        done = applications.done_of(tx, ApplicationKind.WITHDRAWAL, tokens)
        if done is None:
            machine.end(tx, office, row, CaseState.FAILED, reason="no_open_account")
            return
        applications.join(tx, row.id, done.id)
        machine.end(tx, office, row, CaseState.DONE, text="另一渠道已办结",
                    principal=done.principal, interest=done.interest)  # fmt: skip


def _withdrawal(number: str, account: str, filing: Filing) -> Withdrawal:
    fields = filing.fields
    return Withdrawal(
        number, account, normal_name(filing.name), *persons.paper(filing), _RETIRED,
        fields["payee_account"], normal_name(filing.name), fields["payee_bank"],
        fields.get("payee_bank_code", ""),
    )  # fmt: skip


def _wanted(made: Withdrawal) -> tuple[str, ...]:
    return (made.account, made.name, made.id_type, made.id_number, made.payee_account,
            made.payee_bank, made.payee_bank_code)  # fmt: skip


KIND = Retirement()
