"""The run board, read in one view of the database."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.app.standing import Standing
from hub.app.waiting import waits_for
from hub.kernel.periods import Period
from hub.offset import runs, totals
from hub.offset.adjustments import adjusted_equations
from hub.offset.tables import batch, difference, due_list, item, leg, run, wave
from hub.offset.words import ItemState
from hub.web import model
from hub.web.desk import watch
from hub.web.desk.plans import waves
from hub.web.desk.shift import Shift

_MOST = 50


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


def board(
    hub: Hub, view: Connection, month: str, facets: tuple[model.Facet, ...], standing: Standing
) -> model.Board:
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
        equations=tuple(_equations(totals.equations(by_bank))),
        adjusted=tuple(_equations(adjusted_equations(view, found.id, by_bank))),
        waves=tuple(waves(hub, view, found, legs, shift)),
        pending=tuple(_pending(hub, view, shift)),
        differences=tuple(_differences(view, found.id)),
        differences_total=_count_differences(view, found.id),
        unknowns=tuple(_unknowns(view, found.id, shift)),
        channels=tuple(watch.channels(hub, view, shift)),
        drifts=tuple(watch.drifts(view, shift)),
        alerts=(
            *watch.troubles(hub, standing),
            *watch.late_witness(hub, view, shift),
            *watch.alerts(view, shift),
        ),
        audit=watch.audit(hub, view, shift),
        closed_us=found.closed_us,
        facets=facets,
        note="；".join(waits_for(hub, view, found)),
    )


def _state(view: Connection, found: sa.Row[Any]) -> model.RunState:
    planned = view.scalar(sa.select(wave.c.id).where(wave.c.run_id == found.id).limit(1))
    return model.RunState.COLLECTING if planned is None else model.RunState(found.state)


def _equations(found: Sequence[totals.Equation]) -> Iterator[model.Equation]:
    for each in found:
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


def difference_rows(
    view: Connection, which: sa.ColumnElement[bool], limit: int = _MOST
) -> Iterator[model.DifferenceRow]:
    """Differences as the pages have them, oldest first."""
    query = (
        sa.select(difference, item.c.number.label("ours"))
        .outerjoin(item, item.c.number == difference.c.number)
        .where(which)
        .order_by(difference.c.id)
        .limit(limit)
    )
    for each in view.execute(query):
        yield model.DifferenceRow(
            number=str(each.id), kind=each.kind, bank=each.bank, item=each.ours or "",
            fen=each.bank_fen - each.hub_fen, owner=each.owner, opened_us=each.opened_us,
            note=each.detail, settled=each.settlement if each.state != "open" else "",
        )  # fmt: skip


def _differences(view: Connection, run_id: int) -> Iterator[model.DifferenceRow]:
    return difference_rows(
        view, sa.and_(difference.c.run_id == run_id, difference.c.state == "open")
    )


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
