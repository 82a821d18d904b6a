"""Cases' part of the bus: which notices are taken in, which messages are sent."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from hub.bus import Handler, NoticeUser
from hub.cases import attachments, changing, feeding, intake, kinds, machine, results, roster
from hub.cases.office import CaseOffice
from hub.cases.units import ROSTER
from hub.cases.words import CaseState, Waiting
from hub.core import (
    APPLY,
    CANCEL,
    INQUIRE,
    PERSONS,
    ApplyHandler,
    CancelHandler,
    InquireHandler,
    PersonsHandler,
    PersonsLetter,
)
from hub.ports.case import FILED, TAKEN_BACK
from hub.ports.registry import PersonsAnswer


def users(office: CaseOffice) -> Mapping[str, NoticeUser]:
    """By kind of notice, for the bus's receiving side."""
    return {FILED: intake.FilingUser(office), TAKEN_BACK: intake.TakenBackUser(office)}


def handlers(office: CaseOffice) -> Mapping[str, Handler]:
    """By message kind, for the bus's workers."""
    take: Any = partial(_take, office)
    return {
        attachments.FETCH: attachments.FetchHandler(office, partial(_arrived, office)),
        feeding.FEEDBACK: feeding.FeedbackHandler(office),
        APPLY: ApplyHandler(take, office.bus, office.hold_again_s),
        CANCEL: CancelHandler(take, office.bus, office.hold_again_s),
        INQUIRE: InquireHandler(take),
        ROSTER: roster.RosterHandler(office),
        changing.UNIT: changing.UnitHandler(office),
        PERSONS: PersonsHandler(partial(_persons, office)),
    }


def _take(office: CaseOffice, tx: Connection, *said: Any) -> None:
    results.take(tx, office, *said)


def _persons(
    office: CaseOffice, tx: Connection, letter: PersonsLetter, answer: PersonsAnswer
) -> None:
    row = machine.lock(tx, letter.reference)
    if row is None or row.state != CaseState.CHECKED.value:
        return
    if row.waiting == Waiting.ACCOUNT.value:
        kinds.find(row.kind).persons(tx, office, row, letter.papers, answer)


def _arrived(office: CaseOffice, tx: Connection, case_id: int, version: int) -> None:
    """An attachment has come, or never will: with the last one the version is checked."""
    row = machine.lock(tx, case_id)
    waits = row is not None and row.waiting == Waiting.DOCUMENTS.value
    if row is not None and waits and row.version == version:
        machine.check(tx, office, row)
