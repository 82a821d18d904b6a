"""What people do to an agreement: suspend it (one person), resume or end it (two), ask the bank.

A change counts from the first period whose plan does not stand yet; a plan that stands is never
altered by one.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.act_kinds import ActKind
from hub.app.hub import Hub
from hub.bus.preview import Line, Preview
from hub.kernel.periods import Period
from hub.offset.changes import Change, first_open_period, make_change
from hub.offset.registering import end_agreement
from hub.offset.signing import AskedAlready, BorrowerUnknown, ask_bank, borrower_of, find_agreement
from hub.offset.tables import item, run
from hub.offset.tables_signing import agreement_signing
from hub.offset.words import AgreementState, RunState, SigningStep

PERSON = "person"
"""``came_by`` of a change that a person ordered."""
S = AgreementState


def _about(
    hub: Hub, tx: Connection, act: str, number: str, people: int, allowed: tuple[S, ...],
    *effects: Line, **more: Any,
) -> Preview:  # fmt: skip
    found = find_agreement(tx, number)
    first = _first(hub, tx, found)
    moving = _moving(tx, found.id)
    stays = (Line("agreement_moving", {"count": moving}),) if moving else ()
    state = S(found.state)
    return Preview(
        act=act, subject=number, people=people,
        binding={"agreement": number, "state": state.value, "first_period": str(first)},
        effects=(*effects, Line("agreement_from", {"period": str(first)})),
        stays=(*stays, Line("agreement_plan_stays")),
        final=more.get("final", ()),
        why_not=None if state in allowed else Line("agreement_state", {"agreement_state": state}),
    )  # fmt: skip


def _first(hub: Hub, tx: Connection, found: sa.Row[Any]) -> Period:
    return first_open_period(tx, found.bank, Period.of(hub.clock.today()))


def _moving(tx: Connection, agreement_id: int) -> int:
    """Items of this agreement in runs that are not closed."""
    query = (
        sa.select(sa.func.count())
        .select_from(item)
        .join(run, run.c.id == item.c.run_id)
        .where(item.c.agreement_id == agreement_id, run.c.state != RunState.CLOSED.value)
    )
    return int(tx.scalar(query) or 0)


def suspend(hub: Hub, tx: Connection, number: str) -> Preview:
    """暂停: one person, for it only ever makes things safer."""
    effects = (Line("agreement_suspends"),)
    return _about(hub, tx, "agreement.suspend", number, 1, (S.IN_FORCE,), *effects)


def resume(hub: Hub, tx: Connection, number: str) -> Preview:
    """恢复: money moves again, so two people."""
    effects = (Line("agreement_resumes"),)
    return _about(hub, tx, "agreement.resume", number, 2, (S.SUSPENDED,), *effects)


def end(hub: Hub, tx: Connection, number: str) -> Preview:
    """终止: for good; the bank is told, if it can be told who it is about."""
    found = find_agreement(tx, number)
    told = Line("agreement_bank_told") if _can_tell(hub, tx, found) else Line("agreement_untold")
    allowed = (S.PENDING, S.IN_FORCE, S.SUSPENDED)
    return _about(
        hub, tx, "agreement.end", number, 2, allowed, Line("agreement_ends"), told,
        final=(Line("agreement_final"),),
    )  # fmt: skip


def verify(hub: Hub, tx: Connection, number: str) -> Preview:
    """再核验: a question to the bank; of a pending agreement its signing goes on by itself."""
    found = find_agreement(tx, number)
    step = tx.scalar(
        sa.select(agreement_signing.c.step).where(agreement_signing.c.agreement_id == found.id)
    )
    why_not = None
    if step in (SigningStep.VERIFYING, SigningStep.REGISTERING, SigningStep.CANCELLING):
        why_not = Line("agreement_asked")
    elif not _can_tell(hub, tx, found):
        why_not = Line("agreement_nobody")
    elif found.state == S.ENDED:
        why_not = Line("agreement_state", {"agreement_state": S.ENDED})
    goes_on = (Line("agreement_goes_on"),) if found.state == S.PENDING else ()
    return Preview(
        act="agreement.verify", subject=number, people=1,
        binding={"agreement": number, "state": str(found.state)},
        effects=(Line("agreement_asks", {"bank": found.bank}), *goes_on),
        stays=() if goes_on else (Line("agreement_state_stays"),),
        final=(), why_not=why_not,
    )  # fmt: skip


def _can_tell(hub: Hub, tx: Connection, found: sa.Row[Any]) -> bool:
    try:
        borrower_of(tx, hub.office, found)
    except BorrowerUnknown:
        return False
    return True


# --- what each does ---


def _suspend(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    return _change(hub, tx, preview, by, why, S.SUSPENDED)


def _resume(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    return _change(hub, tx, preview, by, why, S.IN_FORCE)


def _change(hub: Hub, tx: Connection, preview: Preview, by: str, why: str, after: S) -> str:
    found = find_agreement(tx, preview.subject)
    first = _first(hub, tx, found)
    make_change(
        tx,
        Change(
            agreement_id=found.id, before=S(found.state), after=after, actor=by, came_by=PERSON,
            why=why, first_period=first,
        ),
        now_us=hub.office.now_us(),
    )  # fmt: skip
    word = {S.SUSPENDED: "已暂停", S.IN_FORCE: "已恢复"}[after]
    return f"协议 {preview.subject} {word}，自 {first} 期起"


def _end(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    found = find_agreement(tx, preview.subject)
    first = _first(hub, tx, found)
    end_agreement(tx, hub.office, found, first, actor=by, came_by=PERSON, why=why)
    return f"协议 {preview.subject} 已终止，自 {first} 期起"


def _verify(hub: Hub, tx: Connection, preview: Preview, _by: str, _why: str) -> str:
    try:
        number = ask_bank(tx, hub.office, preview.subject, SigningStep.VERIFYING)
    except AskedAlready:
        return "银行还没有答复上一次"
    return f"已请银行核验：报文 {number}"


KINDS: Mapping[str, ActKind] = {
    "agreement.suspend": ActKind(suspend, _suspend),
    "agreement.resume": ActKind(resume, _resume, "agreement.resume"),
    "agreement.end": ActKind(end, _end, "agreement.end"),
    "agreement.verify": ActKind(verify, _verify),
}
