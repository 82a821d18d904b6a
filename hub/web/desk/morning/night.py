"""What happened while nobody was there."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.bus.tables import alert
from hub.kernel.clocks import from_us
from hub.monitor.health import HUB, read_watched
from hub.monitor.incident_reading import list_incidents
from hub.monitor.reading import read_evidence
from hub.monitor.tables import watch_flip
from hub.offset.tables import due_list, run, statement_day
from hub.schedule.showing import read_dues
from hub.web.desk.shift import Shift
from hub.web.morning import Line

_MOST = 8
_ALERTS = 200
_GAP_US = 5 * 60_000_000
"""A restart takes a minute; a longer hole means that nobody watched."""


def lines(hub: Hub, view: Connection, shift: Shift, since_us: int, now_us: int) -> Iterator[Line]:
    """In the order of how much they matter."""
    yield from _unwatched(view, since_us, now_us)
    yield from _incidents(view, since_us)
    yield from _flips(hub, view, since_us)
    yield from _alerts(view, shift, since_us)
    yield from _jobs(view, since_us, now_us)
    yield from _files(hub, view, since_us)
    yield from _runs(view, since_us)


def _unwatched(view: Connection, since_us: int, now_us: int) -> Iterator[Line]:
    """The hub's own life: where it has no span, a quiet night proves nothing."""
    missing, at = 0, since_us
    for first, last, good in read_evidence(view, HUB, since_us, now_us):
        missing += max(first - at, 0)
        at = max(at, last + good)
    missing += max(now_us - at, 0)
    if missing > _GAP_US:
        yield Line("unwatched", "/interfaces", {"gap_span": missing}, "warn")


def _incidents(view: Connection, since_us: int) -> Iterator[Line]:
    for one in list_incidents(view, most=50):
        if one.state != "open" and max(one.opened_us, one.restored_us or 0) < since_us:
            continue
        code = {"open": "incident_open"}.get(one.state, "incident_over")
        values = {"n": one.id, "name": one.name, "level": one.level, "at_us": one.begun_us}
        yield Line(
            code, f"/incidents/{one.id}", values, "bad" if one.state == "open" else "good"
        )  # fmt: skip


def _flips(hub: Hub, view: Connection, since_us: int) -> Iterator[Line]:
    watched = read_watched(view)
    f = watch_flip.c
    counted = view.execute(
        sa.select(f.interface, sa.func.count())
        .where(f.interface.in_(sorted(watched)), f.at_us >= since_us)
        .group_by(f.interface)
        .order_by(f.interface)
    )
    for interface, count in counted:
        standing = watched[interface].standing
        adapter = hub.adapters.get(interface)
        name = adapter.manifest.partner.name if adapter else interface
        yield Line(
            "flips", f"/interfaces/{interface}",
            {"name": name, "n": int(count), "state": standing.state.value,
             "since_us": standing.since_us},
            "" if standing.state.good else "bad",
        )  # fmt: skip


def _alerts(view: Connection, shift: Shift, since_us: int) -> Iterator[Line]:
    """By kind, those that last apart; the newest numbers are read, not the table."""
    recent = sa.select(alert).order_by(alert.c.id.desc()).limit(_ALERTS)
    tally: dict[tuple[str, bool], int] = {}
    for each in view.execute(recent):
        if shift(each.begun_us) >= since_us:
            key = (each.kind, each.open_key is not None)
            tally[key] = tally.get(key, 0) + 1
    for (kind, lasts), count in sorted(tally.items(), key=lambda one: (not one[0][1], one[0][0])):
        code = "alert_lasts" if lasts else "alert_over"
        yield Line(code, "/channels", {"alert": kind, "n": count}, "warn" if lasts else "")


def _jobs(view: Connection, since_us: int, now_us: int) -> Iterator[Line]:
    """What the schedule did; what failed or was made up for, one by one."""
    dues = [
        one
        for one in read_dues(view, from_us(since_us).date(), from_us(now_us).date())
        if since_us <= one.due_us <= now_us
    ]
    bad = [one for one in dues if one.state == "failed"]
    for one in bad[:_MOST]:
        values = {"job": one.job, "at_us": one.due_us, "note": one.note}
        yield Line("job_failed", f"/schedule/{one.job}", values, "bad")
    if len(bad) > _MOST:
        yield Line("jobs_failed_more", "/schedule", {"n": len(bad) - _MOST}, "bad")
    missed, done = sum(one.missed for one in dues), sum(one.state == "done" for one in dues)
    if missed:
        yield Line("jobs_missed", "/schedule", {"n": missed}, "warn")
    if done:
        yield Line("jobs_done", "/schedule", {"n": done})


def _files(hub: Hub, view: Connection, since_us: int) -> Iterator[Line]:
    """Lists and statements that came for runs that are under way or were closed in the night."""
    of_late = (run.c.closed_us.is_(None)) | (run.c.closed_us >= since_us)
    lists = view.execute(
        sa.select(run.c.period, due_list.c.bank, due_list.c.state, due_list.c.records)
        .join(run, run.c.id == due_list.c.run_id)
        .where(of_late, due_list.c.ended_us >= since_us)
        .order_by(due_list.c.id)
    )
    for each in lists:
        code = "list_bad" if each.state == "bad" else "list_in"
        values = {"bank": hub.office.seat(each.bank).name, "n": int(each.records)}
        yield Line(code, f"/runs/{each.period}", values, "bad" if code == "list_bad" else "")
    statements = view.execute(
        sa.select(run.c.period, sa.func.count())
        .select_from(statement_day.join(run, run.c.id == statement_day.c.run_id))
        .where(of_late, statement_day.c.read_us >= since_us)
        .group_by(run.c.period)
    )
    for period, count in statements:
        yield Line("statements_in", f"/runs/{period}", {"period": period, "n": int(count)})


def _runs(view: Connection, since_us: int) -> Iterator[Line]:
    for each in view.execute(sa.select(run).order_by(run.c.period.desc()).limit(6)):
        if each.closed_us is not None and each.closed_us >= since_us:
            yield Line("run_closed", f"/runs/{each.period}", {"period": each.period}, "good")
        elif each.opened_us >= since_us:
            yield Line("run_opened", f"/runs/{each.period}", {"period": each.period})
