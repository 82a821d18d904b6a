"""A person's accounts as the core answers them: whose they are, and which one is meant."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases import machine
from hub.cases.attachments import problem
from hub.cases.office import CaseOffice
from hub.cases.words import CaseState
from hub.kernel.identity import comparable_id, normal_name
from hub.ports.case import Filing
from hub.ports.registry import PersonAccount, PersonsAnswer

OPEN_STATES = ("01", "02")  # GRZHZT 正常, 封存


def paper(filing: Filing) -> tuple[str, str]:
    """The applicant's (ZJLX, ZJHM)."""
    return filing.id_type, comparable_id(filing.id_number, filing.id_type)


def theirs(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing,
    papers: Sequence[tuple[str, str]], answer: PersonsAnswer,
) -> list[PersonAccount]:  # fmt: skip
    """The applicant's accounts, by document and name.

    None: a newer version is about somebody else, who is being asked for, or the case has ended
    here, for there is no account or it is another person's.
    """
    if paper(filing) not in papers:
        return []
    if not answer.accounts:
        machine.end(tx, office, row, CaseState.FAILED, reason="no_account")
        return []
    name = normal_name(filing.name)
    found = [one for one in answer.accounts if normal_name(one.name) == name]
    if not found:
        machine.end(tx, office, row, CaseState.FAILED, reason="identity_mismatch")
    return found


def meant(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing,
    open_ones: Sequence[PersonAccount],
) -> PersonAccount | None:  # fmt: skip
    """The one account that is meant; None: the case has been told what is missing."""
    said = filing.fields.get("account", "")
    chosen = [one for one in open_ones if said in ("", one.number)]
    if len(chosen) == 1:
        return chosen[0]
    word = "several_accounts" if chosen else "account_not_theirs"
    machine.lack(tx, office, row, [problem(word)])
    return None
