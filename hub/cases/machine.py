"""How a case moves: one function per event, each inside the caller's transaction.

Whoever moves a case has locked its row; every change of state goes through ``move``.
"""

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases import applications, attachments, feeding, kinds
from hub.cases.attachments import Problem
from hub.cases.office import CaseOffice, day_number
from hub.cases.tables import VAULT_KIND, case
from hub.cases.tables import problem as problem_table
from hub.cases.words import REASON_ZH, WAITING_ZH, CaseState, Waiting
from hub.kernel.typed import read_msgpack
from hub.ports.case import Filing, Step
from hub.schedule import CalendarUnknown, load_span

_SPAN = timedelta(days=120)
"""Far more than any promise in working days, with the longest holidays in it."""
_ENDS = {
    CaseState.DONE: Step.DONE,
    CaseState.FAILED: Step.FAILED,
    CaseState.WITHDRAWN: Step.WITHDRAWN,
}


def lock(tx: Connection, case_id: int) -> sa.Row[Any] | None:
    """The case's row, ours until the transaction ends."""
    return tx.execute(sa.select(case).where(case.c.id == case_id).with_for_update()).one_or_none()


def form(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> Filing:
    """The newest version's form, without its attachments, which have rows of their own."""
    opened = office.vault.open(tx, row.key_id, row.sealed)
    return read_msgpack(opened, Filing)


def move(tx: Connection, office: CaseOffice, row: sa.Row[Any], **values: Any) -> sa.Row[Any]:
    """Change a case's row; answers it as it stands then."""
    values = {name: getattr(value, "value", value) for name, value in values.items()}
    tx.execute(
        sa.update(case).where(case.c.id == row.id).values(moved_us=office.now_us(tx), **values)
    )
    return tx.execute(sa.select(case).where(case.c.id == row.id)).one()


def check(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """A version is read: is it whole?  Accepted, or told what is missing."""
    each = kinds.each_of(row.kind)
    if each is not None and each.goes_on(tx, office, row, form(tx, office, row)):
        return
    if attachments.awaited(tx, row.id, row.version):
        move(tx, office, row, state=CaseState.PARSED, waiting=Waiting.DOCUMENTS)
        return
    terms, filing = office.seat(row.interface).terms, form(tx, office, row)
    found = attachments.problems(tx, terms, row.id, row.version)
    found += kinds.find(row.kind).problems(filing, office.today)
    if found:
        lack(tx, office, row, found)
        return
    begin(tx, office, accept(tx, office, row), filing)


def accept(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> sa.Row[Any]:
    """受理: the promise runs; answers the case as it stands then."""
    days, today = office.seat(row.interface).terms.promise_days, office.today
    try:
        calendar = load_span(tx, today, today + _SPAN)
        promised = day_number(calendar.add_banking_days(today, days))
        _put_problems(tx, row.id, [])
    except CalendarUnknown:
        promised = None
        _put_problems(tx, row.id, [attachments.problem("no_promise")])
    row = move(
        tx, office, row, state=CaseState.CHECKED, waiting=Waiting.NOTHING,
        accepted_on=day_number(today), promise_on=promised,
    )  # fmt: skip
    feeding.tell(tx, office, row, Step.CHECKED, promise_days=days if promised else 0)
    return row


def begin(tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> None:
    """An accepted version goes to the core, unless an older one's application is there."""
    for live in applications.live_of(tx, row.id):
        if kinds.find(row.kind).same(applications.content(tx, office, live), filing):
            follow(tx, office, row, live)
            return
        if applications.others(tx, live.id, row.id):
            note(tx, row, attachments.problem("two_doors_differ"))
            follow(tx, office, row, live)
            return
        applications.cancel(tx, office, live)
        move(tx, office, row, state=CaseState.CHECKED, waiting=Waiting.CANCEL)
        return
    kinds.find(row.kind).begin(tx, office, row, filing)


def follow(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], live: sa.Row[Any], text: str = ""
) -> None:
    """The case stands where its application stands."""
    if live.cancelling:
        move(tx, office, row, state=CaseState.CHECKED, waiting=Waiting.CANCEL)
    elif live.reason == "conflict":
        move(tx, office, row, state=CaseState.CHECKED, waiting=Waiting.STAFF)
    elif live.reason == "hold":
        hold(tx, office, row)
    elif live.state:
        in_core(tx, office, row, text)
    else:
        move(tx, office, row, state=CaseState.CHECKED, waiting=Waiting.CORE)


def in_core(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], text: str = "", *, held: bool = False
) -> None:
    """The core has the application; told once per version."""
    waiting = Waiting.HOLD if held else Waiting.REVIEW
    if row.state == CaseState.IN_CORE.value and row.waiting == waiting.value:
        return
    fresh = row.state != CaseState.IN_CORE.value
    row = move(tx, office, row, state=CaseState.IN_CORE, waiting=waiting)
    if fresh:
        feeding.tell(tx, office, row, Step.IN_CORE, text)
    if held:
        feeding.tell(tx, office, row, Step.WAITING, WAITING_ZH[Waiting.HOLD])


def hold(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """The core does not take it while an offset holds the money; told once."""
    if row.waiting == Waiting.HOLD.value:
        return
    row = move(tx, office, row, state=CaseState.CHECKED, waiting=Waiting.HOLD)
    feeding.tell(tx, office, row, Step.WAITING, WAITING_ZH[Waiting.HOLD])


def lack(tx: Connection, office: CaseOffice, row: sa.Row[Any], found: Sequence[Problem]) -> None:
    """The applicant must correct it and the platform send it again, one version up."""
    _put_problems(tx, row.id, found)
    row = move(
        tx, office, row, state=CaseState.PARSED, waiting=Waiting.MATERIALS, accepted_on=None,
        promise_on=None,
    )  # fmt: skip
    said = [one.text for one in found]
    feeding.tell(tx, office, row, Step.LACKING, "材料或表单须补正", said)


def note(tx: Connection, row: sa.Row[Any], one: Problem) -> None:
    """Something staff should see that stops nothing."""
    last = tx.scalar(
        sa.select(sa.func.max(problem_table.c.place)).where(problem_table.c.case_id == row.id)
    )
    tx.execute(
        sa.insert(problem_table).values(
            case_id=row.id, place=(last or 0) + 1, code=one.code, text=one.text
        )
    )


def forget(tx: Connection, row: sa.Row[Any], code: str) -> None:
    """Somebody has seen to it."""
    tx.execute(
        sa.delete(problem_table).where(
            problem_table.c.case_id == row.id, problem_table.c.code == code
        )
    )


def end(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], state: CaseState, *, reason: str = "",
    text: str = "", principal: int | None = None, interest: int | None = None,
    lines: Sequence[str] = (),
) -> None:  # fmt: skip
    """Done, failed or withdrawn: this version goes no further.  ``lines``: what became of each
    part of it, told too."""
    row = move(
        tx, office, row, state=state, waiting=Waiting.NOTHING, reason=reason, back_asked=0,
        ended_us=office.now_us(tx), principal=principal, interest=interest,
    )  # fmt: skip
    feeding.tell(tx, office, row, _ENDS[state], text or REASON_ZH.get(reason, ""), lines)


def withdraw(tx: Connection, office: CaseOffice, row: sa.Row[Any], why: str) -> None:
    """The applicant, or somebody here, takes an open case back.

    An application that another case stands behind goes on; one of its own is cancelled at the
    core, and the case ends when the core has said so.
    """
    each, asked = kinds.each_of(row.kind), False
    if each is not None and each.taken_back(tx, office, row):
        return
    for live in applications.live_of(tx, row.id):
        if applications.others(tx, live.id, row.id):
            applications.unlink(tx, row.id, live.id)
            continue
        applications.cancel(tx, office, live)
        asked = True
    if asked:
        move(tx, office, row, waiting=Waiting.CANCEL, back_asked=1)
    else:
        end(tx, office, row, CaseState.WITHDRAWN, text=why)


def keep_form(tx: Connection, office: CaseOffice, filing: Filing, month: str) -> dict[str, Any]:
    """The columns that hold a form: sealed, without the files' bytes, which have rows."""
    bare = dataclasses.replace(filing, files=())
    sealed = office.vault.seal(tx, VAULT_KIND, month, msgspec.msgpack.encode(bare))
    return {"key_id": sealed.key_id, "sealed": sealed.blob}


def _put_problems(tx: Connection, case_id: int, found: Sequence[Problem]) -> None:
    tx.execute(sa.delete(problem_table).where(problem_table.c.case_id == case_id))
    for place, one in enumerate(found, 1):
        tx.execute(
            sa.insert(problem_table).values(
                case_id=case_id, place=place, code=one.code, text=one.text
            )
        )
