"""启封: the sealing of a unit's accounts undone, for one person who asks and another who confirms.

Opened are exactly the accounts that this case has sealed: not those the core says were sealed
before, not those opened or sealed anew since, not those that another case stands behind too.  In
chunks like the sealing, one transaction each with the next one's start; every account has an
application of its own, which keeps its outcome.  The case has ended and stays so meanwhile.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.cases import applications, feeding, machine
from hub.cases.office import CaseOffice
from hub.cases.sealing import CHUNK, say_reasons
from hub.cases.tables import application, case, link
from hub.cases.unit_tables import case_unit, case_unsealing
from hub.cases.units import set_unit, turn, unit_of
from hub.cases.words import OPEN, CaseState, Unsealing, Waiting
from hub.kernel.logs import mask_text
from hub.ports.case import Step
from hub.ports.registry import HOLD, ApplicationKind, ApplicationResult, ApplicationState

_REASON = "企业迁移登记迁出启封"
_SEALED, _DONE = "02", "03"
_CONFLICT = "conflict"
_LONGEST = 200
_LIVE = (Unsealing.ASKED.value, Unsealing.RUNNING.value, Unsealing.STAFF.value)
_BEGUN = (Unsealing.RUNNING.value, Unsealing.STAFF.value)


@dataclass(frozen=True, slots=True)
class Undoable:
    """What an undoing would find: accounts to open, sealed before this case, and left for what
    happened since or for another case."""

    mine: int
    before: int
    left: int
    last: int


def undoable(tx: Connection, case_id: int) -> Undoable:
    """As it stands at this moment."""
    a = application.c
    every = _done(case_id).with_only_columns(
        sa.func.count(), sa.func.sum(sa.case((a.was == _SEALED, 1), else_=0)), sa.func.max(a.id)
    )
    count, before, last = tx.execute(every).one()
    mine = int(tx.scalar(_mine(case_id).with_only_columns(sa.func.count())) or 0)
    return Undoable(mine, int(before or 0), int(count) - int(before or 0) - mine, int(last or 0))


def find(tx: Connection, case_id: int) -> sa.Row[Any] | None:
    """The one that is asked for or under way."""
    return tx.execute(_of(case_id, _LIVE)).one_or_none()


def begun(tx: Connection, case_id: int) -> sa.Row[Any] | None:
    """The one that is confirmed and has not come to its end."""
    return tx.execute(_of(case_id, _BEGUN)).one_or_none()


def running(tx: Connection, case_id: int) -> sa.Row[Any] | None:
    """The one that has chunks to give or waits for the core."""
    return tx.execute(_of(case_id, (Unsealing.RUNNING.value,))).one_or_none()


def of_unit(tx: Connection, unit_token: str) -> bool:
    """Whether accounts of this unit are being opened: no sealing of it begins meanwhile."""
    query = (
        sa.select(sa.func.count())
        .select_from(case_unsealing)
        .join(case_unit, case_unit.c.case_id == case_unsealing.c.case_id)
        .where(
            case_unit.c.unit_token == unit_token,
            case_unsealing.c.state == Unsealing.RUNNING.value,
        )
    )
    return bool(tx.scalar(query))


def being_sealed(tx: Connection, case_id: int) -> bool:
    """Whether another open case seals accounts of this case's unit."""
    mine, other = case_unit.alias("mine"), case_unit.alias("other")
    query = (
        sa.select(sa.func.count())
        .select_from(mine)
        .join(other, other.c.unit_token == mine.c.unit_token)
        .join(case, case.c.id == other.c.case_id)
        .where(
            mine.c.case_id == case_id, other.c.case_id != case_id,
            case.c.state.in_([one.value for one in OPEN]),
        )
    )  # fmt: skip
    return bool(tx.scalar(query))


def ask(tx: Connection, row: sa.Row[Any], *, by: str, why: str, evidence: str, now_us: int) -> None:
    """One person asks; asked again, the newer words count.  Nothing is opened yet."""
    said = {
        "ordered_by": by, "reason": _said(why), "evidence": _said(evidence), "asked_us": now_us,
    }  # fmt: skip
    old = find(tx, row.id)
    if old is not None:
        _set(tx, old.id, **said)
        return
    tx.execute(
        sa.insert(case_unsealing).values(
            case_id=row.id, live_key=row.id, state=Unsealing.ASKED.value, confirmed_by="",
            wanted=0, given=0, opened=0, failed=0, held=0, cursor_id=0, last_id=0, retry_id=0,
            retry_to=0, **said,
        )
    )  # fmt: skip


def begin(tx: Connection, office: CaseOffice, row: sa.Row[Any], confirmed_by: str) -> int:
    """Another person has confirmed; answers how many accounts will be opened."""
    asked, stands = find(tx, row.id), undoable(tx, row.id)
    if asked is None or asked.state != Unsealing.ASKED.value:
        raise LookupError(row.id)
    applications.unlink_failed(tx, row.id, ApplicationKind.UNSEAL)
    _set(
        tx, asked.id, state=Unsealing.RUNNING.value, confirmed_by=confirmed_by,
        wanted=stands.mine, last_id=stands.last, begun_us=office.now_us(tx),
    )  # fmt: skip
    feeding.tell(tx, office, row, Step.IN_CORE, f"启封已封存的 {stands.mine} 户，正在办理")
    turn(tx, office, row)
    return stands.mine


def chunk(tx: Connection, office: CaseOffice, row: sa.Row[Any], undoing: sa.Row[Any]) -> None:
    """The next accounts to be opened, or the next of those that failed."""
    key = f"unseal:{row.id}:{unit_of(tx, row.id).turns}"
    if undoing.retry_to:
        last, count = applications.apply_again(
            tx, office, row.id, ApplicationKind.UNSEAL, key, undoing.retry_id, undoing.retry_to,
            CHUNK,
        )  # fmt: skip
        moved = {"retry_id": last, "failed": undoing.failed - count}
    else:
        a = application.c
        found = tx.execute(
            _mine(row.id).where(a.id > undoing.cursor_id, a.id <= undoing.last_id)
            .order_by(a.id).limit(CHUNK)
        ).all()  # fmt: skip
        wishes = [
            applications.repeat(tx, office, one, reason=_REASON, on=office.today) for one in found
        ]
        if found:
            kind = ApplicationKind.UNSEAL
            applications.apply_many(tx, office, row.id, kind, key, wishes)
        count = len(found)
        moved = {"cursor_id": found[-1].id if found else 0, "given": undoing.given + count}
    if not count:
        _set(tx, undoing.id, cursor_id=undoing.last_id, retry_to=0)
        _finish(tx, office, row, undoing.id)
        return
    _set(tx, undoing.id, **moved)
    audit.record(
        tx, act="case.unsealing", actor="hub", subject=f"case:{row.id}",
        detail={"given": moved.get("given", undoing.given)}, count=count,
    )  # fmt: skip
    turn(tx, office, row)


def told(tx: Connection, office: CaseOffice, made: sa.Row[Any], said: ApplicationResult) -> None:
    """The core has said something of one account.  The cases behind it are locked."""
    for case_id in applications.cases_of(tx, made.id):
        row, undoing = machine.lock(tx, case_id), begun(tx, case_id)
        if row is None or undoing is None:
            continue
        if said.reason == HOLD:
            if not undoing.held:
                _set(tx, undoing.id, held=1)
                feeding.tell(tx, office, row, Step.WAITING, "启封：有在途对冲业务，结束后自动办理")
        elif said.settled:
            # Under a number of a time this database has forgotten nothing is concluded: whoever
            # tries again does so under the next.
            if said.reason == _CONFLICT:
                applications.update(tx, made, live_key=None, ended_us=office.now_us(tx))
            done = said.state is ApplicationState.DONE and not said.reason
            column = case_unsealing.c.opened if done else case_unsealing.c.failed
            _set(tx, undoing.id, **{column.name: column + 1})
            _finish(tx, office, row, undoing.id)


def _finish(tx: Connection, office: CaseOffice, row: sa.Row[Any], number: int) -> None:
    """With the last account it ends; what could not be opened, people decide about."""
    undoing = tx.execute(sa.select(case_unsealing).where(case_unsealing.c.id == number)).one()
    given = undoing.cursor_id >= undoing.last_id and not undoing.retry_to
    if not given or undoing.opened + undoing.failed < undoing.given:
        return
    if undoing.failed:
        _set(tx, number, state=Unsealing.STAFF.value)
    else:
        _end(tx, office, row, undoing, "")


def retry(tx: Connection, office: CaseOffice, row: sa.Row[Any], undoing: sa.Row[Any]) -> None:
    """A person has those that failed tried again, under new numbers."""
    last = applications.last_failed(tx, row.id, ApplicationKind.UNSEAL)
    _set(tx, undoing.id, state=Unsealing.RUNNING.value, retry_id=0, retry_to=last)
    turn(tx, office, row)


def close(tx: Connection, office: CaseOffice, row: sa.Row[Any], undoing: sa.Row[Any]) -> None:
    """A person ends it as it stands."""
    reasons = applications.failed_reasons(tx, row.id, ApplicationKind.UNSEAL)
    _end(tx, office, row, undoing, f"（{say_reasons(reasons)}）")


def _end(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], undoing: sa.Row[Any], why: str
) -> None:
    """The case counts as withdrawn from now on, and its unit as not sealed by it: filed again, it
    begins anew.  A version that came meanwhile is checked now."""
    now, unit = office.now_us(tx), unit_of(tx, row.id)
    _set(tx, undoing.id, state=Unsealing.ENDED.value, live_key=None, ended_us=now)
    still = max(unit.sealed - undoing.opened, 0)
    set_unit(
        tx, row.id, cursor_token="", whole=0, approved=0, stopping=0, given=still, sealed=still,
        failed=0,
    )  # fmt: skip
    if row.state == CaseState.DONE.value:
        row = machine.move(tx, office, row, state=CaseState.WITHDRAWN)
    words = f"应启封 {undoing.wanted} 户，已启封 {undoing.opened} 户，未能启封 {undoing.failed} 户"
    feeding.tell(tx, office, row, Step.UNDONE, words + why)
    if row.state == CaseState.PARSED.value and row.waiting == Waiting.CANCEL.value:
        machine.check(tx, office, row)


def _done(case_id: int) -> sa.Select[Any]:
    """Sealings of this case that the core has carried out."""
    return (
        sa.select(application)
        .join(link, link.c.application_id == application.c.id)
        .where(
            link.c.case_id == case_id, link.c.live == 1, application.c.state == _DONE,
            application.c.kind == ApplicationKind.SEAL.value,
        )
    )  # fmt: skip


def _mine(case_id: int) -> sa.Select[Any]:
    """Of those what this case alone has sealed, and what is still as it left it."""
    newer, other, head = application.alias("newer"), link.alias("other"), case.alias("head")
    since = (
        sa.select(newer.c.id)
        .where(
            newer.c.subject_token == application.c.subject_token, newer.c.id > application.c.id,
            newer.c.kind.in_((ApplicationKind.SEAL.value, ApplicationKind.UNSEAL.value)),
            sa.or_(newer.c.state == _DONE, newer.c.ended_us.is_(None)),
        )
        .exists()
    )  # fmt: skip
    theirs = (
        sa.select(other.c.case_id)
        .join(head, head.c.id == other.c.case_id)
        .where(
            other.c.application_id == application.c.id, other.c.live == 1,
            other.c.case_id != case_id,
            head.c.state.in_([CaseState.DONE.value, *(one.value for one in OPEN)]),
        )
        .exists()
    )  # fmt: skip
    return _done(case_id).where(application.c.was != _SEALED, ~since, ~theirs)


def _of(case_id: int, states: tuple[str, ...]) -> sa.Select[Any]:
    return sa.select(case_unsealing).where(
        case_unsealing.c.case_id == case_id, case_unsealing.c.state.in_(states)
    )


def _set(tx: Connection, number: int, **values: Any) -> None:
    tx.execute(sa.update(case_unsealing).where(case_unsealing.c.id == number).values(**values))


def _said(text: str) -> str:
    # It stands in clear on pages and in the audit, and people type freely.
    return mask_text(" ".join(text.split()))[:_LONGEST]
