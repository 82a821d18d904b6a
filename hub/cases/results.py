"""What the core says of applications, taken into the cases behind them.

It may come in any order, any number of times, as the answer to an application, a cancellation or
a question; what it does depends only on (number, what is said) and on where things stand.
"""

from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from hub.bus import Message
from hub.cases import applications, kinds, machine, unsealing
from hub.cases.attachments import problem
from hub.cases.office import CaseOffice
from hub.cases.words import CaseState, Waiting
from hub.ports.registry import HOLD, ApplicationKind, ApplicationResult, ApplicationState

log = structlog.get_logger(__name__)

_CANCELLED = (ApplicationState.CANCELLED, ApplicationState.BARRED)
_ENDED_BEFORE = "ended_before"
CONFLICT = "conflict"


def take(
    tx: Connection, office: CaseOffice, message: Message, results: tuple[ApplicationResult, ...]
) -> None:
    """The callback of the registry's handlers."""
    again: dict[float, list[sa.Row[Any]]] = {}
    for one in results:
        found = _take_one(tx, office, message, one)
        if found is not None:
            row, delay_s = found
            again.setdefault(delay_s, []).append(row)
    for delay_s, rows in again.items():
        applications.ask(tx, office, rows, delay_s)


def _take_one(
    tx: Connection, office: CaseOffice, message: Message, said: ApplicationResult
) -> tuple[sa.Row[Any], float] | None:
    """Answers what is to be asked about again, and after how long."""
    found = applications.find(tx, said.number)
    if found is None:
        log.error("cases.stranger", number=said.number)
        return None
    # Cases before applications, always: who files or withdraws locks in this order too.
    for case_id in applications.cases_of(tx, found.id):
        machine.lock(tx, case_id)
    row = applications.lock(tx, found.id)
    if row.ended_us is not None:
        return None
    delay_s = _follow(tx, office, row, said, newest=applications.is_newest(message, row))
    if row.kind == ApplicationKind.UNSEAL.value:
        unsealing.told(tx, office, row, said)
    return None if delay_s is None else (row, delay_s)


def _follow(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], said: ApplicationResult, *, newest: bool
) -> float | None:
    if said.reason == HOLD:
        applications.update(tx, row, reason=HOLD, code=said.code)
        for head in _following(tx, row):
            machine.hold(tx, office, head)
    elif said.state is ApplicationState.ABSENT and said.reason == "":
        return _absent(tx, office, row, newest=newest)
    elif said.reason == _ENDED_BEFORE:
        return 0  # how it ended is still to be told
    elif said.reason == CONFLICT:
        _conflict(tx, office, row, said)
    elif said.settled:
        _end(tx, office, row, said)
    else:
        _under_way(tx, office, row, said)
        return office.ask_again_s if newest else None
    return None


def _absent(tx: Connection, office: CaseOffice, row: sa.Row[Any], *, newest: bool) -> float | None:
    """Never seen there although it had been taken: the same again.  Before the core has taken it,
    its own message is still on the way."""
    if not newest or row.cancelling:
        return None
    if row.state:
        applications.send_again(tx, office, row)
    return office.ask_again_s


def _conflict(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], said: ApplicationResult
) -> None:
    """The core has another application under this number, of a time this database has forgotten.

    Nothing is concluded: which of the two is meant, a person finds out.  Withdrawing the case
    cancels the core's, for its number is this account's.
    """
    applications.update(tx, row, code=said.code, reason=CONFLICT)
    for head in _following(tx, row):
        if head.waiting != Waiting.STAFF.value:
            staffed = machine.move(tx, office, head, waiting=Waiting.STAFF)
            machine.note(tx, staffed, problem("core_conflict"))


def _under_way(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], said: ApplicationResult
) -> None:
    applications.update(tx, row, state=said.state.value, code=said.code, reason=said.reason)
    for head in _following(tx, row):
        machine.in_core(tx, office, head, held=said.held)


def _end(tx: Connection, office: CaseOffice, row: sa.Row[Any], said: ApplicationResult) -> None:
    applications.update(
        tx, row, state=said.state.value, code=said.code, reason=said.reason, live_key=None,
        was=said.was,
        ended_us=office.now_us(tx), principal=said.principal, interest=said.interest,
    )  # fmt: skip
    for head in _open_cases(tx, row):
        if kinds.takes_each(head.kind, tx, office, head, row, said):
            continue  # one of many: the case's end is not this application's
        if said.state is ApplicationState.DONE:
            text = "核心已办结，不能撤回" if head.back_asked else ""
            machine.end(tx, office, head, CaseState.DONE, text=text, principal=said.principal,
                        interest=said.interest)  # fmt: skip
        elif head.back_asked:
            machine.end(tx, office, head, CaseState.WITHDRAWN)
        elif head.state == CaseState.PARSED.value:
            applications.unlink(tx, head.id, row.id)  # a newer version is being corrected
        elif row.cancelling:  # for a newer version, which goes its own way now
            applications.unlink(tx, head.id, row.id)
            anew = machine.move(tx, office, head, waiting=Waiting.NOTHING)
            machine.begin(tx, office, anew, machine.form(tx, office, anew))
        else:
            reason = "cancelled" if said.state in _CANCELLED else said.reason or "refused"
            machine.end(tx, office, head, CaseState.FAILED, reason=reason)


def _following(tx: Connection, row: sa.Row[Any]) -> list[sa.Row[Any]]:
    """Cases that stand where the application stands: not being corrected, nor taken back."""
    return [
        head
        for head in _open_cases(tx, row)
        if head.waiting != Waiting.CANCEL.value and head.state != CaseState.PARSED.value
    ]


def _open_cases(tx: Connection, row: sa.Row[Any]) -> list[sa.Row[Any]]:
    if row.kind == ApplicationKind.UNSEAL.value:  # of cases that have ended: see unsealing.told
        return []
    found = [machine.lock(tx, case_id) for case_id in applications.cases_of(tx, row.id)]
    return [one for one in found if one is not None and not CaseState(one.state).ended]
