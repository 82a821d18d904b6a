"""What people do to a case: withdraw it for the applicant, or have it checked again.

Neither moves money by itself: an application that the core has carried out cannot be withdrawn,
and what is checked again goes the way of every case.  One person is enough.  A done sealing is
undone by two, with evidence.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.act_kinds import ActKind
from hub.app.hub import Hub
from hub.bus.preview import Line, Preview
from hub.cases import CaseOffice, applications, machine, sealing, unsealing
from hub.cases.errors import NoSuchCase
from hub.cases.looking import find_case
from hub.cases.tables import case
from hub.cases.unit_tables import case_unit
from hub.cases.words import CaseState, Unsealing, Waiting
from hub.kernel.errors import Misconfigured

_AGAIN = (Waiting.MATERIALS.value, Waiting.STAFF.value)


def withdraw(_hub: Hub, tx: Connection, said: str) -> Preview:
    """撤回: what is at the core is cancelled there, unless another case stands behind it."""
    row = _row(tx, said)
    alone, shared = applications.count_live(tx, row.id)
    effects = [Line("case_cancels", {"count": alone})] if alone else [Line("case_withdraws")]
    stays = (Line("case_other_door"),) if shared else ()
    unit = _unit(tx, row.id)
    if unit is not None and unit.sealed:
        stays = (*stays, Line("case_stays_sealed", {"count": unit.sealed}))
    why_not = None
    if CaseState(row.state).ended:
        why_not = Line("case_ended", {"case_state": row.state})
    elif row.back_asked:
        why_not = Line("case_back_asked")
    return _preview("case.withdraw", row, tuple(effects), stays, why_not)


def recheck(_hub: Hub, tx: Connection, said: str) -> Preview:
    """再核验: the same form and attachments once more, by today's rules and calendar."""
    row = _row(tx, said)
    why_not = None
    if CaseState(row.state).ended:
        why_not = Line("case_ended", {"case_state": row.state})
    elif row.waiting not in _AGAIN or row.sealed is None:
        why_not = Line("case_under_way")
    return _preview("case.recheck", row, (Line("case_checks"),), (), why_not)


def approve(_hub: Hub, tx: Connection, said: str) -> Preview:
    """核准封存: as many accounts of one unit as the policy leaves to a person."""
    row = _row(tx, said)
    unit = _unit(tx, row.id)
    begun = unit is None or unit.approved or unit.cursor_token != ""
    waits = row.waiting == Waiting.STAFF.value and not begun
    why_not = None if waits else Line("case_nothing_to_approve")
    if CaseState(row.state).ended:
        why_not = Line("case_ended", {"case_state": row.state})
    effects = (Line("case_seals", {"count": 0 if unit is None else unit.wanted}),)
    return _preview("case.approve", row, effects, (), why_not)


def retry(_hub: Hub, tx: Connection, said: str) -> Preview:
    """再办: accounts that could not be sealed, or opened, once more under new numbers."""
    row = _row(tx, said)
    count, undoing = _failed(tx, row)
    why_not = None if count else Line("case_nothing_failed")
    effect = Line("case_unseals" if undoing else "case_seals", {"count": count})
    return _preview("case.retry", row, (effect,), (), why_not, count=count)


def close(_hub: Hub, tx: Connection, said: str) -> Preview:
    """按现状办结: what could not be sealed, or opened, is told with its reasons."""
    row = _row(tx, said)
    count, undoing = _failed(tx, row)
    why_not = None if count else Line("case_nothing_failed")
    effect = Line("case_leaves_sealed" if undoing else "case_leaves_open", {"count": count})
    return _preview("case.close", row, (effect,), (), why_not, count=count)


def _failed(tx: Connection, row: sa.Row[Any]) -> tuple[int, bool]:
    """How many accounts wait for people, and whether they were to be opened."""
    undoing = unsealing.begun(tx, row.id)
    if undoing is not None:
        return (undoing.failed if undoing.state == Unsealing.STAFF.value else 0), True
    unit = _unit(tx, row.id)
    if unit is None or not sealing.left_to_people(row, unit):
        return 0, False
    return unit.failed, False


def unseal(_hub: Hub, tx: Connection, said: str) -> Preview:
    """启封: exactly the accounts that this case has sealed, when it has ended."""
    row = _row(tx, said)
    stands, asked = unsealing.undoable(tx, row.id), unsealing.find(tx, row.id)
    why_not = None
    if not CaseState(row.state).ended:
        why_not = Line("case_not_ended")
    elif asked is not None and asked.state != Unsealing.ASKED.value:
        why_not = Line("case_unsealing_now")
    elif not stands.mine:
        why_not = Line("case_nothing_sealed")
    elif unsealing.being_sealed(tx, row.id):
        why_not = Line("case_unit_busy")
    stays = []
    if stands.before:
        stays.append(Line("case_sealed_before", {"count": stands.before}))
    if stands.left:
        stays.append(Line("case_left_sealed", {"count": stands.left}))
    return Preview(
        act="case.unseal", subject=str(row.id), people=2,
        binding={
            "case_id": row.id, "case": row.number, "version": str(row.version),
            "items": stands.mine, "evidence": "" if asked is None else asked.evidence,
        },
        effects=(Line("case_unseals", {"count": stands.mine}), Line("case_platform_told")),
        stays=tuple(stays), final=(Line("case_unsealed_is_final"),), why_not=why_not,
        evidence=True,
    )  # fmt: skip


def _preview(
    act: str, row: sa.Row[Any], effects: tuple[Line, ...], stays: tuple[Line, ...],
    why_not: Line | None, **figures: int,
) -> Preview:  # fmt: skip
    return Preview(
        act=act, subject=str(row.id), people=1,
        binding={"case": row.number, "version": str(row.version), "state": row.state, **figures},
        effects=effects, stays=(*stays, Line("case_platform_told")), why_not=why_not,
    )  # fmt: skip


def _row(tx: Connection, said: str) -> sa.Row[Any]:
    return tx.execute(sa.select(case).where(case.c.id == find_case(tx, said))).one()


def _unit(tx: Connection, case_id: int) -> sa.Row[Any] | None:
    return tx.execute(sa.select(case_unit).where(case_unit.c.case_id == case_id)).one_or_none()


def _office(hub: Hub) -> CaseOffice:
    if hub.cases is None:
        raise Misconfigured("no platform files cases in this deployment")
    return hub.cases


def _locked(tx: Connection, preview: Preview) -> sa.Row[Any]:
    row = machine.lock(tx, int(preview.subject))
    if row is None:
        raise NoSuchCase
    return row


def _withdraw(hub: Hub, tx: Connection, preview: Preview, _by: str, _why: str) -> str:
    row = _locked(tx, preview)
    machine.withdraw(tx, _office(hub), row, "中心撤回")
    after = _row(tx, preview.subject)
    waits = after.waiting == Waiting.CANCEL.value
    return f"办件 {row.number} " + ("已请核心撤销，答复后即撤回" if waits else "已撤回")


def _recheck(hub: Hub, tx: Connection, preview: Preview, _by: str, _why: str) -> str:
    row = _locked(tx, preview)
    machine.check(tx, _office(hub), row)
    return f"办件 {row.number} 已再核验"


def _approve(hub: Hub, tx: Connection, preview: Preview, _by: str, _why: str) -> str:
    row = _locked(tx, preview)
    sealing.approve(tx, _office(hub), row)
    return f"办件 {row.number} 已核准，开始封存"


def _retry(hub: Hub, tx: Connection, preview: Preview, _by: str, _why: str) -> str:
    row, undoing = _locked(tx, preview), unsealing.begun(tx, int(preview.subject))
    if undoing is not None:
        unsealing.retry(tx, _office(hub), row, undoing)
    else:
        sealing.retry(tx, _office(hub), row)
    return f"办件 {row.number} 再办未成的 {preview.binding['count']} 户"


def _close(hub: Hub, tx: Connection, preview: Preview, _by: str, _why: str) -> str:
    row, undoing = _locked(tx, preview), unsealing.begun(tx, int(preview.subject))
    if undoing is not None:
        unsealing.close(tx, _office(hub), row, undoing)
    else:
        sealing.close(tx, _office(hub), row)
    return f"办件 {row.number} 按现状办结，未成 {preview.binding['count']} 户"


def _ask_unseal(
    hub: Hub, tx: Connection, preview: Preview, by: str, why: str, evidence: str
) -> None:
    row = _locked(tx, preview)
    now_us = _office(hub).now_us(tx)
    unsealing.ask(tx, row, by=by, why=why, evidence=evidence, now_us=now_us)


def _unseal(hub: Hub, tx: Connection, preview: Preview, by: str, _why: str) -> str:
    row = _locked(tx, preview)
    count = unsealing.begin(tx, _office(hub), row, by)
    return f"办件 {row.number} 启封 {count} 户，一批一批送核心"


OF_EVERY: Mapping[str, ActKind] = {
    "case.withdraw": ActKind(withdraw, _withdraw),
    "case.recheck": ActKind(recheck, _recheck),
}
OF_SEALINGS: Mapping[str, ActKind] = {
    "case.approve": ActKind(approve, _approve),
    "case.retry": ActKind(retry, _retry),
    "case.close": ActKind(close, _close),
    "case.unseal": ActKind(unseal, _unseal, "case.unseal", ask=_ask_unseal),
}
"""Shown where the case is about a unit's accounts."""
KINDS: Mapping[str, ActKind] = {**OF_EVERY, **OF_SEALINGS}
