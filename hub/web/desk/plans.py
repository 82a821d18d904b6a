"""The waves' plans as the approver must see them: figures, paying account, and who signed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.offset import totals
from hub.offset.parts import Part, parts_of
from hub.offset.policy import kept_policy
from hub.offset.tables import due_list, item, run, wave
from hub.offset.timely import Timeliness, timeliness
from hub.offset.words import WaveState
from hub.people import ApprovalState
from hub.people.tables import approval
from hub.store import database_now_us
from hub.web import model
from hub.web.desk.shift import Shift

_SHOWN = (WaveState.TRIAL.value, WaveState.SUBMITTED.value, WaveState.APPROVED.value)


@dataclass(frozen=True, slots=True)
class _Request:
    """The last request for a plan; ``is_open`` while it can be confirmed."""

    row: Any
    is_open: bool


def waves(
    hub: Hub, view: Connection, found: sa.Row[Any], legs: Sequence[sa.Row[Any]], shift: Shift
) -> Iterator[model.PlanWave]:
    """The plans of a run, by wave."""
    policy = kept_policy(view, found.policy_id)
    by_bank = {one.bank: one for one in legs}
    query = sa.select(wave).where(wave.c.run_id == found.id, wave.c.state.in_(_SHOWN))
    for each in view.execute(query.order_by(wave.c.number)):
        in_time = {part.bank: part for part in timeliness(view, hub.office, each.id)}
        asked = _request(view, f"{found.period} 轮次{each.number}", each.digest)
        yield model.PlanWave(
            wave=each.number,
            digest=each.digest,
            policy=policy.digest[:16],
            made_us=each.planned_us or each.opened_us,
            banks=tuple(
                _plan_bank(hub, view, found, by_bank[part.bank], each.id, part, in_time)
                for part in parts_of(view, each.id)
            ),
            approved_us=each.approved_us,
            **_signed(each, asked, shift),
        )


def _request(view: Connection, subject: str, digest: str) -> _Request | None:
    query = (
        sa.select(approval)
        .where(approval.c.act == "plan.approve", approval.c.subject == subject)
        .order_by(approval.c.id.desc())
        .limit(1)
    )
    row = view.execute(query).first()
    if row is None or json.loads(row.body).get("digest") != digest:
        return None
    fresh = row.expires_us > database_now_us(view)
    return _Request(row, row.state == ApprovalState.REQUESTED and fresh)


def _signed(each: sa.Row[Any], asked: _Request | None, shift: Shift) -> dict[str, Any]:
    """Who submitted and who approved.  A submitted plan whose request was refused, withdrawn or
    grew too old is a trial again: somebody has to submit it anew."""
    if each.state == WaveState.TRIAL.value or asked is None:
        approved = each.state == WaveState.APPROVED.value
        return {"state": model.PlanState.APPROVED if approved else model.PlanState.TRIAL}
    by = {
        "submitted_by": asked.row.requested_by,
        "submitted_us": shift(asked.row.requested_us),
    }
    if each.state == WaveState.APPROVED.value:
        return {**by, "state": model.PlanState.APPROVED, "approved_by": asked.row.ended_by}
    if asked.is_open:
        return {**by, "state": model.PlanState.SUBMITTED, "approval": str(asked.row.id)}
    return {"state": model.PlanState.TRIAL}


def _plan_bank(
    hub: Hub, view: Connection, found: sa.Row[Any], here: sa.Row[Any], wave_id: int, part: Part,
    in_time: Mapping[str, Timeliness],
) -> model.PlanBank:  # fmt: skip
    in_wave = sa.and_(item.c.wave_id == wave_id, item.c.bank == part.bank)
    listed = view.execute(
        sa.select(due_list.c.version, due_list.c.digest).where(due_list.c.id == part.due_list_id)
    ).one()
    return model.PlanBank(
        code=part.bank,
        name=hub.office.seat(part.bank).name,
        planned=_sum(view, in_wave),
        digest=listed.digest,
        due_list_version=listed.version,
        last_month=None if part.first_wave else _last_month(view, found.period, part.bank),
        paying_account=here.payer_mask,
        balance_fen=here.balance_fen,
        balance_us=here.balance_us,
        **_in_time(in_time.get(part.bank)),
    )


def _in_time(found: Timeliness | None) -> dict[str, Any]:
    if found is None:  # nothing is planned here
        return {}
    return {
        "arrives_on": _day(found.arrives_on),
        "next_latest": _day(found.next_latest),
        "late": _figure(found.late),
        "late_days": tuple(
            model.LateDay(_day(day.due_on), _day(day.latest_on), _figure(day.planned))
            for day in found.days
            if day.late
        ),
    }


def _figure(found: totals.Figure) -> model.Figure:
    return model.Figure(found.count, found.fen)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _last_month(view: Connection, period: str, bank: str) -> model.Figure | None:
    before = view.scalar(
        sa.select(run.c.id).where(run.c.period < period).order_by(run.c.period.desc()).limit(1)
    )
    if before is None:
        return None
    return _sum(view, sa.and_(item.c.run_id == before, item.c.bank == bank))


def _sum(view: Connection, which: sa.ColumnElement[bool]) -> model.Figure:
    count, fen = view.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(item.c.fen), 0)).where(which)
    ).one()
    return model.Figure(int(count), int(fen))
