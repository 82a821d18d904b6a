"""封存 of every employee's account of a unit: in chunks, each with the next one's start stored.

A message of the bus (``case.roster``) asks the core whether our copy of its registry is still
whole, takes the next accounts from the copy, applies for them in one message, and is followed by
the next.  All of a chunk is one transaction, so a killed process leaves whole chunks.

Once the first chunk is given, the work goes to its end whatever versions come: it is told of the
newest one.  A withdrawal stops it, in chunks too; what is sealed by then stays sealed.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.cases import applications, machine
from hub.cases.applications import Wish
from hub.cases.attachments import problem
from hub.cases.office import CaseOffice
from hub.cases.unit_tables import case_unit
from hub.cases.units import find_unit, set_unit, turn, unit_of
from hub.cases.words import REASON_ZH, CaseState, Waiting
from hub.core.copy_tables import registry_person, registry_unit
from hub.kernel.clocks import to_us
from hub.kernel.identity import normal_uscc
from hub.kernel.secret import mask_account
from hub.kernel.typed import read_json
from hub.ports.registry import (
    ApplicationKind,
    ApplicationResult,
    ApplicationState,
    Sealing,
)

CHUNK = 100
"""Accounts of one message and one transaction."""
_TO_SEAL = ("01", "")  # GRZHZT 正常, or one we could not read: the core decides
_CLOSED_UNIT = "04"
_REASON = "企业迁移登记迁出"
FAILED = "sealing_failed"
"""The problem that people must decide about."""


def begin(tx: Connection, office: CaseOffice, row: sa.Row[Any], uscc: str) -> None:
    """The case is accepted: find the unit and its accounts.

    What an older version has sealed that was stopped for this one is counted in.
    """
    firm = office.vault.tokens.whole("uscc", normal_uscc(uscc))
    old = find_unit(tx, row.id)
    before = 0
    if old is not None and old.unit_token != firm:
        _note_left(tx, row, old)
    elif old is not None and old.cursor_token == "":
        before = old.sealed
    values = {
        "version": row.version, "unit_token": firm, "since_us": to_us(office.clock.now()),
        "cursor_token": "", "whole": 0, "approved": 0, "wanted": before, "given": before,
        "sealed": before, "failed": 0, "stopping": 0, "stop_id": 0, "retry_id": 0, "retry_to": 0,
    }  # fmt: skip
    applications.unlink_failed(tx, row.id, ApplicationKind.SEAL)
    if old is None:
        tx.execute(sa.insert(case_unit).values(case_id=row.id, turns=0, **values))
    else:
        set_unit(tx, row.id, **values)
    row = machine.move(tx, office, row, state=CaseState.CHECKED, waiting=Waiting.ACCOUNT)
    turn(tx, office, row)


def drop(tx: Connection, row: sa.Row[Any]) -> None:
    """A version that wants something else begins before any account was given to the core."""
    old = find_unit(tx, row.id)
    if old is not None:
        _note_left(tx, row, old)
        set_unit(tx, row.id, turns=old.turns + 1, cursor_token="", wanted=0, given=0, sealed=0,
             failed=0)  # fmt: skip


def _note_left(tx: Connection, row: sa.Row[Any], old: sa.Row[Any]) -> None:
    if old.sealed:
        machine.note(tx, row, problem("sealed_before", f"{old.sealed} 户"))


def goes_on(tx: Connection, office: CaseOffice, row: sa.Row[Any], uscc: str) -> bool:
    """A version meets a sealing under way, which goes on under it; ``uscc`` is empty where the
    version does not want a sealing.  False: none is under way."""
    unit = find_unit(tx, row.id)
    if unit is None or not _under_way(tx, row, unit):
        return False
    if unit.stopping:  # checked when the last is cancelled
        machine.move(tx, office, row, state=CaseState.PARSED, waiting=Waiting.CANCEL)
        return True
    row = machine.accept(tx, office, row)
    if not uscc or office.vault.tokens.whole("uscc", normal_uscc(uscc)) != unit.unit_token:
        machine.note(tx, row, problem("sealing_begun"))
    machine.in_core(tx, office, row)
    finish(tx, office, row)
    return True


def _under_way(tx: Connection, row: sa.Row[Any], unit: sa.Row[Any]) -> bool:
    if unit.cursor_token == "":
        return False
    return not unit.stopping or bool(applications.live_kind(tx, row.id, ApplicationKind.SEAL))


def take_back(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> bool:
    """Stop: nothing more is given, what is at the core is cancelled chunk by chunk.

    False: no account was given to the core.
    """
    unit = find_unit(tx, row.id)
    if unit is None or not (_under_way(tx, row, unit) or unit.given):
        return False
    row = machine.move(tx, office, row, waiting=Waiting.CANCEL, back_asked=1)
    if not unit.stopping:
        set_unit(tx, row.id, stopping=1, stop_id=0, retry_to=0)
        turn(tx, office, row)
    finish(tx, office, row)
    return True


def chunk(tx: Connection, office: CaseOffice, row: sa.Row[Any], unit: sa.Row[Any]) -> None:
    firm = tx.execute(
        sa.select(registry_unit).where(
            registry_unit.c.uscc_token == unit.unit_token,
            registry_unit.c.state != _CLOSED_UNIT,
        )
    ).first()
    if firm is None and unit.cursor_token:  # closed meanwhile: nothing more can be sealed
        set_unit(tx, row.id, whole=1)
        finish(tx, office, row)
        return
    if firm is None:
        machine.end(tx, office, row, CaseState.FAILED, reason="no_unit")
        return
    p = registry_person.c
    mine = sa.and_(p.unit_token == firm.unit_token, p.state.in_(_TO_SEAL))
    if unit.cursor_token == "":
        count = int(tx.scalar(sa.select(sa.func.count()).where(mine)) or 0)
        set_unit(tx, row.id, wanted=unit.sealed + count)
        if count > office.seat(row.interface).terms.approve_above and not unit.approved:
            staffed = machine.move(tx, office, row, waiting=Waiting.STAFF)
            machine.note(tx, staffed, problem("needs_approval"))
            return
    found = tx.execute(
        sa.select(p.account_token, p.key_id, p.sealed)
        .where(mine, p.account_token > unit.cursor_token)
        .order_by(p.account_token)
        .limit(CHUNK)
    ).all()
    if not found:
        set_unit(tx, row.id, whole=1)
        finish(tx, office, row)
        return
    wishes = [_wish(tx, office, one) for one in found]
    key = f"seal:{row.id}:{unit.turns}"
    applications.apply_many(tx, office, row.id, ApplicationKind.SEAL, key, wishes)
    set_unit(tx, row.id, cursor_token=found[-1].account_token, given=unit.given + len(found))
    audit.record(
        tx, act="case.sealing", actor="hub", subject=f"case:{row.id}",
        detail={"given": unit.given + len(found)}, count=len(found),
        root=audit.merkle_root(audit.digest(one.sealed) for one in found),
    )  # fmt: skip
    if row.waiting not in (Waiting.HOLD.value, Waiting.STAFF.value):
        machine.in_core(tx, office, row)
    turn(tx, office, row)


def cancel(tx: Connection, office: CaseOffice, row: sa.Row[Any], unit: sa.Row[Any]) -> None:
    """The next chunk of what is at the core; one that another case stands behind stays there."""
    found = applications.live_kind(tx, row.id, ApplicationKind.SEAL, unit.stop_id, CHUNK)
    theirs = [live for live in found if applications.others(tx, live.id, row.id)]
    for live in theirs:
        applications.unlink(tx, row.id, live.id)
    mine = [live for live in found if live not in theirs]
    count = applications.cancel_many(tx, office, mine, f"stop:{row.id}:{unit.turns}")
    if found:
        audit.record(
            tx, act="case.sealing_cancelled", actor="hub", subject=f"case:{row.id}",
            detail={"left": len(theirs)}, count=count,
        )  # fmt: skip
        set_unit(tx, row.id, stop_id=found[-1].id, given=unit.given - len(theirs))
        turn(tx, office, row)
    finish(tx, office, row)


def _wish(tx: Connection, office: CaseOffice, one: sa.Row[Any]) -> Wish:
    fields = read_json(office.vault.open(tx, one.key_id, one.sealed), dict[str, str])
    account, unit = fields["GRZH"].strip(), fields["DWZH"].strip()
    today = office.today
    return Wish(
        one.account_token, mask_account(account),
        lambda number: Sealing(number, account, unit, _REASON, today),
    )  # fmt: skip


def settled(tx: Connection, office: CaseOffice, head: sa.Row[Any], said: ApplicationResult) -> None:
    """One account has come to its end."""
    column = case_unit.c.sealed if said.state is ApplicationState.DONE else case_unit.c.failed
    set_unit(tx, head.id, **{column.name: column + 1})
    finish(tx, office, head)


def finish(tx: Connection, office: CaseOffice, head: sa.Row[Any]) -> None:
    """The case ends with the last account, unless some could not be sealed: then people decide.

    One taken back ends when nothing is at the core; taken back and filed again it begins anew.
    """
    unit = unit_of(tx, head.id)
    if unit.sealed + unit.failed < unit.given or unit.retry_to:
        return
    if head.back_asked:
        text = _words(unit)
        if unit.sealed:
            text += f"；已封存的 {unit.sealed} 户不自动启封，须由人办理启封"
        machine.end(tx, office, head, CaseState.WITHDRAWN, text=text)
    elif unit.stopping:
        set_unit(tx, head.id, cursor_token="", stopping=0)
        machine.check(tx, office, head)
    elif unit.whole and unit.failed:
        _leave_to_people(tx, office, head, unit.failed)
    elif unit.whole:
        machine.end(tx, office, head, CaseState.DONE, text=_words(unit))


def _words(unit: sa.Row[Any]) -> str:
    return f"应封存 {unit.wanted} 户，已封存 {unit.sealed} 户，未能封存 {unit.failed} 户"


def _leave_to_people(tx: Connection, office: CaseOffice, head: sa.Row[Any], failed: int) -> None:
    row = machine.lock(tx, head.id)
    if row is not None and row.waiting != Waiting.STAFF.value:
        staffed = machine.move(tx, office, row, waiting=Waiting.STAFF)
        machine.note(tx, staffed, problem(FAILED, f"{failed} 户"))


def left_to_people(row: sa.Row[Any], unit: sa.Row[Any] | None) -> bool:
    """Whether all is answered and some accounts could not be sealed."""
    if unit is None or row.waiting != Waiting.STAFF.value:
        return False
    return bool(unit.whole and unit.failed and unit.sealed + unit.failed >= unit.given)


def retry(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """A person has those that failed tried again, under new numbers."""
    machine.forget(tx, row, FAILED)
    last = applications.last_failed(tx, row.id, ApplicationKind.SEAL)
    set_unit(tx, row.id, retry_id=0, retry_to=last)
    row = machine.move(tx, office, row, waiting=Waiting.REVIEW)
    turn(tx, office, row)


def retry_chunk(tx: Connection, office: CaseOffice, row: sa.Row[Any], unit: sa.Row[Any]) -> None:
    """The next of those that failed."""
    key = f"seal:{row.id}:{unit.turns}"
    last, count = applications.apply_again(
        tx, office, row.id, ApplicationKind.SEAL, key, unit.retry_id, unit.retry_to, CHUNK
    )
    if not count:
        set_unit(tx, row.id, retry_to=0)
        finish(tx, office, row)
        return
    set_unit(tx, row.id, retry_id=last, failed=unit.failed - count)
    audit.record(tx, act="case.sealing_again", actor="hub", subject=f"case:{row.id}", count=count)
    turn(tx, office, row)


def close(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """A person ends it as it stands: what could not be sealed is told by its reasons."""
    reasons = applications.failed_reasons(tx, row.id, ApplicationKind.SEAL)
    text = f"{_words(unit_of(tx, row.id))}（{say_reasons(reasons)}）"
    machine.forget(tx, row, FAILED)
    machine.end(tx, office, row, CaseState.DONE, text=text)


def say_reasons(reasons: Mapping[str, int]) -> str:
    """By number, most first."""
    ordered = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    return "、".join(f"{REASON_ZH.get(code, code)} {count} 户" for code, count in ordered)


def approve(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """A person has approved the number of accounts: begin."""
    set_unit(tx, row.id, approved=1)
    row = machine.move(tx, office, row, waiting=Waiting.ACCOUNT)
    turn(tx, office, row)
