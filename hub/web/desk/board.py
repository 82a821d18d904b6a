"""The run board, read in one view of the database.

Pages show business time; the bus stamps the database's.  ``Shift`` turns one into the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.audit.tables import audit_entry, audit_head
from hub.bus.tables import alert, channel, drift, message
from hub.kernel.periods import Period
from hub.offset import runs, totals
from hub.offset.policy import kept_policy
from hub.offset.tables import batch, difference, due_list, item, leg, run, wave
from hub.offset.words import ItemState, WaveState
from hub.store import database_now_us
from hub.web import model

_MOST = 50


@dataclass(frozen=True, slots=True)
class Shift:
    """Database time → business time, in µs."""

    by_us: int

    @classmethod
    def now(cls, hub: Hub, view: Connection) -> "Shift":
        return cls(hub.office.now_us() - database_now_us(view))

    def __call__(self, instant: int) -> int:
        return instant + self.by_us

    def maybe(self, instant: int | None) -> int | None:
        """None stays None."""
        return None if instant is None else self(instant)


def figure(found: totals.Figure) -> model.Figure:
    """The offset's figure as the pages have it."""
    return model.Figure(found.count, found.fen)


def page_totals(found: totals.Totals) -> model.Totals:
    """All totals as the pages have them."""
    return model.Totals(**{name: figure(each) for name, each in found.items()})


def summaries(view: Connection) -> tuple[model.RunSummary, ...]:
    """All runs, newest first."""
    found = []
    for each in view.execute(sa.select(run).order_by(run.c.period.desc())):
        by_bank = totals.read_totals(view, each.id)
        whole = totals.add_up(by_bank)
        found.append(
            model.RunSummary(
                month=each.period,
                state=_state(view, each),
                banks=len(by_bank),
                agreements=whole["agreements"].count,
                planned=figure(whole["planned"]),
                succeeded=figure(whole["succeeded"]),
                unknown=figure(whole["unknown"]),
                differences=_count_differences(view, each.id),
                changed_us=each.closed_us or each.opened_us,
            )
        )
    return tuple(found)


def board(hub: Hub, view: Connection, month: str, facets: tuple[model.Facet, ...]) -> model.Board:
    """One run's board; raises NoSuchRun."""
    found = runs.find_run(view, Period.parse(month))
    shift = Shift.now(hub, view)
    by_bank = totals.read_totals(view, found.id)
    legs = view.execute(sa.select(leg).where(leg.c.run_id == found.id).order_by(leg.c.bank)).all()
    return model.Board(
        month=found.period,
        state=_state(view, found),
        as_of_us=hub.office.now_us(),
        totals=page_totals(totals.add_up(by_bank)),
        banks=tuple(_bank_row(hub, view, each, by_bank[each.bank]) for each in legs),
        equations=tuple(_equations(by_bank)),
        waves=tuple(_waves(hub, view, found, legs)),
        pending=tuple(_pending(hub, view, shift)),
        differences=tuple(_differences(view, found.id)),
        differences_total=_count_differences(view, found.id),
        unknowns=tuple(_unknowns(view, found.id, shift)),
        channels=tuple(_channels(hub, view, shift)),
        drifts=tuple(_drifts(view, shift)),
        alerts=tuple(_alerts(view, shift)),
        audit=_audit(hub, view, shift),
        closed_us=found.closed_us,
        facets=facets,
        note="；".join(f"{each.bank}：{each.trouble}" for each in legs if each.trouble),
    )


def _state(view: Connection, found: sa.Row[Any]) -> model.RunState:
    planned = view.scalar(sa.select(wave.c.id).where(wave.c.run_id == found.id).limit(1))
    return model.RunState.COLLECTING if planned is None else model.RunState(found.state)


def _equations(by_bank: Mapping[str, totals.Totals]) -> Iterator[model.Equation]:
    for each in totals.equations(by_bank):
        bank = "" if each.bank == "total" else each.bank
        yield model.Equation(
            each.name, bank, figure(each.left), figure(each.right), figure(each.remainder)
        )


def _bank_row(hub: Hub, view: Connection, each: sa.Row[Any], found: totals.Totals) -> model.BankRow:
    latest = view.execute(
        sa.select(due_list)
        .where(due_list.c.run_id == each.run_id, due_list.c.bank == each.bank)
        .order_by(due_list.c.attempt.desc())
        .limit(1)
    ).first()
    state = "waiting" if latest is None else {"bad": "failed"}.get(latest.state, latest.state)
    return model.BankRow(
        code=each.bank,
        name=hub.office.seat(each.bank).name,
        totals=page_totals(found),
        due_list=state,
        wave=view.scalar(sa.select(wave.c.number).where(wave.c.id == each.wave_id)),
        due_list_us=None if latest is None else latest.ended_us or latest.begun_us,
        due_list_note="" if latest is None else latest.trouble,
    )


def _waves(
    hub: Hub, view: Connection, found: sa.Row[Any], legs: list[sa.Row[Any]] | Any
) -> Iterator[model.PlanWave]:
    policy = kept_policy(view, found.policy_id)
    asked = {
        str(each.payload.get("digest")): each for each in hub.approvals.open_requests(view)
        if each.act == "plan.approve"
    }  # fmt: skip
    states = {
        WaveState.TRIAL.value: model.PlanState.TRIAL,
        WaveState.SUBMITTED.value: model.PlanState.SUBMITTED,
        WaveState.APPROVED.value: model.PlanState.APPROVED,
    }
    query = sa.select(wave).where(wave.c.run_id == found.id).order_by(wave.c.number)
    for each in view.execute(query):
        if each.state not in states:
            continue
        request = asked.get(each.digest)
        signed = _signatures(view, found.period, each.number)
        yield model.PlanWave(
            wave=each.number,
            state=states[each.state],
            digest=each.digest,
            policy=policy.digest[:16],
            made_us=each.planned_us or each.opened_us,
            banks=tuple(
                _plan_bank(hub, view, found, part) for part in legs if part.wave_id == each.id
            ),
            approval=str(request.id) if request else "",
            submitted_by=request.requested_by if request else signed.get("request", ""),
            approved_by=signed.get("confirm", ""),
            approved_us=each.approved_us,
        )


def _signatures(view: Connection, period: str, number: int) -> dict[str, str]:
    """Who asked for and who confirmed this wave's plan, from the audit."""
    found = view.execute(
        sa.select(audit_entry.c.act, audit_entry.c.actor)
        .where(audit_entry.c.subject == f"{period} 轮次{number}")
        .order_by(audit_entry.c.id)
    )
    return {act.rsplit(".", 1)[-1]: actor for act, actor in found}


def _plan_bank(hub: Hub, view: Connection, found: sa.Row[Any], part: sa.Row[Any]) -> model.PlanBank:
    count, fen = view.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(item.c.fen), 0)).where(
            item.c.wave_id == part.wave_id, item.c.bank == part.bank
        )
    ).one()
    listed = view.execute(
        sa.select(due_list.c.version, due_list.c.digest).where(due_list.c.id == part.due_list_id)
    ).one()
    return model.PlanBank(
        code=part.bank,
        name=hub.office.seat(part.bank).name,
        planned=model.Figure(int(count), int(fen)),
        digest=listed.digest,
        due_list_version=listed.version,
        last_month=_last_month(view, found.period, part.bank),
        paying_account=part.payer_mask,
        balance_fen=part.balance_fen,
        balance_us=part.balance_us,
    )


def _last_month(view: Connection, period: str, bank: str) -> model.Figure | None:
    before = view.execute(
        sa.select(run.c.id).where(run.c.period < period).order_by(run.c.period.desc()).limit(1)
    ).first()
    if before is None:
        return None
    count, fen = view.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(item.c.fen), 0)).where(
            item.c.run_id == before.id, item.c.bank == bank
        )
    ).one()
    return model.Figure(int(count), int(fen))


def _pending(hub: Hub, view: Connection, shift: Shift) -> Iterator[model.Pending]:
    for each in hub.approvals.open_requests(view):
        if each.act != "plan.approve":
            yield model.Pending(
                approval=str(each.id), kind=each.act, subject=each.subject, reason=each.reason,
                requested_by=each.requested_by, requested_us=shift(each.requested_us),
            )  # fmt: skip


def _count_differences(view: Connection, run_id: int) -> int:
    query = sa.select(sa.func.count()).where(
        difference.c.run_id == run_id, difference.c.state == "open"
    )
    return int(view.scalar(query) or 0)


def difference_row(each: sa.Row[Any]) -> model.DifferenceRow:
    """One difference as the pages have it."""
    return model.DifferenceRow(
        number=str(each.id), kind=each.kind, bank=each.bank, item=each.number,
        fen=each.bank_fen - each.hub_fen, owner=each.owner, opened_us=each.opened_us,
        note=each.detail,
    )  # fmt: skip


def _differences(view: Connection, run_id: int) -> Iterator[model.DifferenceRow]:
    query = (
        sa.select(difference)
        .where(difference.c.run_id == run_id, difference.c.state == "open")
        .order_by(difference.c.id)
        .limit(_MOST)
    )
    return map(difference_row, view.execute(query))


def _unknowns(view: Connection, run_id: int, shift: Shift) -> Iterator[model.UnknownRow]:
    query = (
        sa.select(
            item.c.number, item.c.bank, item.c.fen, item.c.instructed_us, item.c.detail,
            batch.c.asks, batch.c.next_ask_us,
        )
        .join(batch, batch.c.number == item.c.batch)
        .where(item.c.run_id == run_id, item.c.state == ItemState.UNKNOWN.value)
        .order_by(item.c.instructed_us)
        .limit(_MOST)
    )  # fmt: skip
    for each in view.execute(query):
        asking = each.next_ask_us < 2**61
        yield model.UnknownRow(
            item=each.number, instruction=each.number, bank=each.bank, fen=each.fen,
            since_us=each.instructed_us, inquiries=each.asks,
            next_inquiry_us=shift(each.next_ask_us) if asking else None, why=each.detail,
        )  # fmt: skip


def _channels(hub: Hub, view: Connection, shift: Shift) -> Iterator[model.ChannelRow]:
    counts: dict[tuple[str, str], int] = {}
    busy = ("queued", "waiting", "in_flight", "parked")
    query = (
        sa.select(message.c.interface, message.c.state, sa.func.count())
        .where(message.c.state.in_(busy))
        .group_by(message.c.interface, message.c.state)
    )
    for interface, state, count in view.execute(query):
        counts[interface, state] = int(count)
    for each in view.execute(sa.select(channel).order_by(channel.c.interface)):
        adapter = hub.adapters.get(each.interface)
        yield model.ChannelRow(
            interface=each.interface,
            name=adapter.manifest.partner.name if adapter else each.interface,
            money=True,
            stopped=bool(each.stopped),
            queued=counts.get((each.interface, "queued"), 0)
            + counts.get((each.interface, "waiting"), 0),
            in_flight=counts.get((each.interface, "in_flight"), 0),
            parked=counts.get((each.interface, "parked"), 0),
            reason=each.stopped_why,
            by=each.stopped_by,
            since_us=shift.maybe(each.stopped_us),
        )


def _drifts(view: Connection, shift: Shift) -> Iterator[model.DriftRow]:
    for each in view.execute(sa.select(drift).order_by(drift.c.last_us.desc()).limit(_MOST)):
        yield model.DriftRow(
            interface=each.interface, version=each.contract_version, place=each.place,
            expected=each.expected, found=each.found, times=each.seen,
            first_us=shift(each.first_us), last_us=shift(each.last_us),
        )  # fmt: skip


def _alerts(view: Connection, shift: Shift) -> Iterator[model.AlertRow]:
    dead = sa.select(message).where(message.c.state == "dead").order_by(message.c.id).limit(_MOST)
    for each in view.execute(dead):
        yield model.AlertRow(
            kind="dead_letter", at_us=shift(each.ended_us or each.queued_us),
            subject=f"#{each.id} {each.subject}", text=f"{each.error_code} {each.error_text}",
            hint=f"hub resend {each.id}", money=each.effect == "money",
        )  # fmt: skip
    begun = sa.select(alert).where(alert.c.open_key.is_not(None)).order_by(alert.c.begun_us)
    for each in view.execute(begun):
        yield model.AlertRow(
            kind=each.kind, at_us=shift(each.begun_us), subject=each.interface, text=each.detail
        )


def _audit(hub: Hub, view: Connection, shift: Shift) -> model.AuditHead | None:
    head = view.execute(sa.select(audit_head)).first()
    unsealed = view.scalar(
        sa.select(sa.func.count()).select_from(audit_entry).where(audit_entry.c.seq.is_(None))
    )
    last = hub.checkpoints.last()
    return model.AuditHead(
        sealed=0 if head is None else int(head.seq),
        digest="" if head is None else str(head.chain),
        unsealed=int(unsealed or 0),
        checkpoint_us=None if last is None else shift(last.at_us),
    )
