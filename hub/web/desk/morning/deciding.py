"""What waits for a person, each with its age."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.bus import expiry
from hub.bus.tables import message
from hub.cases.looking import Tray, count_trays
from hub.cases.office import day_number
from hub.monitor.incident_reading import list_incidents
from hub.monitor.incident_tables import mark
from hub.offset.tables import difference, item, leg, run, wave
from hub.offset.words import ItemState, WaveState
from hub.store import database_now_us
from hub.web.desk.shift import Shift
from hub.web.morning import Line

_MOST = 6
_TRAYS = (Tray.OVERDUE, Tray.STAFF, Tray.APPLICANT, Tray.UNTOLD)


def lines(hub: Hub, view: Connection, shift: Shift, now_us: int) -> Iterator[Line]:
    """What holds up money first."""
    yield from _unknowns(view)
    yield from _plans(view)
    yield from _approvals(hub, view, shift)
    yield from _differences(view)
    yield from _dead(view, shift)
    yield from _incidents(view, now_us)
    yield from _marks(view)
    yield from _cases(hub, view)
    yield from _endings(hub, view)


def _unknowns(view: Connection) -> Iterator[Line]:
    """By (run, bank, state): the index of the items' work."""
    for each in view.execute(
        sa.select(run.c.id, run.c.period).where(run.c.closed_us.is_(None)).order_by(run.c.period)
    ).all():
        banks = list(view.scalars(sa.select(leg.c.bank).where(leg.c.run_id == each.id)))
        count, fen, oldest = view.execute(
            sa.select(
                sa.func.count(), sa.func.sum(item.c.fen), sa.func.min(item.c.instructed_us)
            ).where(
                item.c.run_id == each.id, item.c.bank.in_(banks),
                item.c.state == ItemState.UNKNOWN.value,
            )
        ).one()  # fmt: skip
        if count:
            values = {"period": each.period, "n": int(count), "fen": int(fen or 0)}
            age = {"since_age": int(oldest)} if oldest is not None else {"since_age": 0}
            href = f"/runs/{each.period}/items?outcome=UNKNOWN"
            yield Line("unknowns", href, values | age, "bad")


def _plans(view: Connection) -> Iterator[Line]:
    found = view.execute(
        sa.select(run.c.period, wave.c.number)
        .join(run, run.c.id == wave.c.run_id)
        .where(run.c.closed_us.is_(None), wave.c.state == WaveState.TRIAL.value)
        .order_by(run.c.period, wave.c.number)
    )
    for period, number in found:
        yield Line("plan_waits", f"/runs/{period}", {"period": period, "n": int(number)}, "warn")


def _approvals(hub: Hub, view: Connection, shift: Shift) -> Iterator[Line]:
    waiting = hub.approvals.open_requests(view)
    for one in waiting[:_MOST]:
        values = {
            "act": one.act, "subject": one.subject, "by": one.requested_by,
            "since_age": shift(one.requested_us),
        }  # fmt: skip
        yield Line("approval", f"/approvals/{one.id}", values, "warn")
    if len(waiting) > _MOST:
        yield Line("approvals_more", "/approvals", {"n": len(waiting) - _MOST}, "warn")


def _differences(view: Connection) -> Iterator[Line]:
    """Few rows each month, and all of them are of runs."""
    d = difference.c
    count, oldest = view.execute(
        sa.select(sa.func.count(), sa.func.min(d.opened_us)).where(d.state == "open")
    ).one()
    if count:
        nobody = view.scalar(
            sa.select(sa.func.count()).where(d.state == "open", d.owner == "")
        )  # fmt: skip
        values = {"n": int(count), "m": int(nobody or 0), "since_age": int(oldest)}
        yield Line("differences", "/differences", values, "bad" if nobody else "warn")


def _dead(view: Connection, shift: Shift) -> Iterator[Line]:
    m = message.c
    count, oldest = view.execute(
        sa.select(sa.func.count(), sa.func.min(m.ended_us)).where(m.state == "dead")
    ).one()
    if count:
        since = shift(int(oldest)) if oldest is not None else 0
        yield Line("dead", "/dead", {"n": int(count), "since_age": since}, "bad")


def _incidents(view: Connection, now_us: int) -> Iterator[Line]:
    for one in list_incidents(view, most=20):
        values = {"n": one.id, "name": one.name}
        if one.state == "open" and one.responded_us is None:
            late = now_us > one.respond_by_us
            yield Line(
                "incident_answer", f"/incidents/{one.id}", values | {"by_us": one.respond_by_us},
                "bad" if late else "warn",
            )  # fmt: skip
        elif one.state == "restored":
            yield Line("incident_resolve", f"/incidents/{one.id}", values, "warn")


def _marks(view: Connection) -> Iterator[Line]:
    count = view.scalar(sa.select(sa.func.count()).where(mark.c.answer == ""))
    if count:
        yield Line("marks", "/minutes", {"n": int(count)}, "warn")


def _cases(hub: Hub, view: Connection) -> Iterator[Line]:
    trays = count_trays(view, day_number(hub.clock.today()))
    for tray in _TRAYS:
        if trays[tray.value]:
            tone = "bad" if tray is Tray.OVERDUE else "warn"
            href = f"/cases?tray={tray.value}"
            yield Line(f"cases_{tray.value}", href, {"n": trays[tray.value]}, tone)


def _endings(hub: Hub, view: Connection) -> Iterator[Line]:
    now, most = database_now_us(view), max(hub.settings.expiry_days, default=0)
    near = [one for one in expiry.read(view) if one.expires_us and one.days(now) < most]
    for one in near[:_MOST]:
        days = one.days(now)
        values = {"interface": one.interface, "ending": one.kind, "n": max(days, 0)}
        code = "ending" if days >= 0 else "ended"
        yield Line(code, "/channels", values, "warn" if days >= 7 else "bad")
