"""What is due today."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.duty_acts import next_gap
from hub.app.hub import Hub
from hub.app.jobbing import Schedule
from hub.app.overview import midnight
from hub.kernel.clocks import from_us
from hub.monitor.hours import DAY_US
from hub.monitor.works import EVERY, read_works
from hub.offset.tables import run, wave
from hub.offset.timely import timeliness
from hub.offset.words import WaveState
from hub.schedule.showing import read_dues
from hub.web.morning import Line

_SOON = timedelta(days=3)


def lines(hub: Hub, view: Connection, schedule: Schedule) -> Iterator[Line]:
    """What has a last day first."""
    begins = midnight(from_us(schedule.now_us).date())
    if schedule.lacks:
        tone = "bad" if schedule.urgent else "warn"
        yield Line("calendar_lacks", "/schedule", {"year": str(schedule.lacks)}, tone)
    yield from _due_days(hub, view)
    yield from _duty(view, schedule.now_us)
    yield from _works(view, begins)
    yield from _jobs(view, schedule, begins)
    yield from _feeds(hub, schedule.now_us, begins)


def _due_days(hub: Hub, view: Connection) -> Iterator[Line]:
    """最迟到账日 of what is planned: what cannot be kept, then the next days'."""
    today = hub.clock.today()
    waves = view.execute(
        sa.select(wave.c.id, run.c.period)
        .join(run, run.c.id == wave.c.run_id)
        .where(run.c.closed_us.is_(None))
        .where(wave.c.state.in_([WaveState.TRIAL.value, WaveState.SUBMITTED.value]))
        .order_by(run.c.period, wave.c.number)
    ).all()
    for number, period in waves:
        for part in timeliness(view, hub.office, int(number)):
            name, href = hub.office.seat(part.bank).name, f"/runs/{period}"
            if part.late.count:
                values = {"bank": name, "n": part.late.count, "fen": part.late.fen}
                yield Line("too_late", href, values, "bad")
            day = part.next_latest
            if day is not None and day <= today + _SOON:
                there = [one.planned for one in part.days if one.latest_on == day and not one.late]
                values = {
                    "bank": name, "day": f"{day:%m-%d}", "n": sum(one.count for one in there),
                    "fen": sum(one.fen for one in there),
                }  # fmt: skip
                yield Line("latest_day", href, values, "warn" if day <= today else "")


def _duty(view: Connection, now_us: int) -> Iterator[Line]:
    """The next time without 值班员, if it is near."""
    gap = next_gap(view, now_us)
    if gap is not None and gap[0] < now_us + _SOON.days * DAY_US:
        tone = "bad" if gap[0] < now_us + DAY_US else "warn"
        yield Line("duty_gap", "/duty", {"from_us": gap[0], "until_us": gap[1]}, tone)


def _works(view: Connection, begins: int) -> Iterator[Line]:
    for one in read_works(view, begins, begins + DAY_US):
        if one.from_us < one.ends_us:
            code = "works_all" if one.interface == EVERY else "works"
            values = {"interface": one.interface, "from_us": one.from_us, "until_us": one.ends_us}
            yield Line(code, "/maintenance", values)


def _jobs(view: Connection, schedule: Schedule, begins: int) -> Iterator[Line]:
    """By step: how many, from when to when, how many of them are done."""
    done = {
        (one.job, one.due_us)
        for one in read_dues(view, from_us(begins).date(), from_us(begins).date())
        if one.state == "done"
    }
    at: dict[str, list[int]] = {}
    for job, due_us in done:
        at.setdefault(job.partition(".")[0], []).append(due_us)
    for one in schedule.jobs:
        if one.next_us is not None and one.next_us < begins + DAY_US and not one.parked_by:
            at.setdefault(one.code.partition(".")[0], []).append(one.next_us)
    finished: dict[str, int] = {}
    for job, _ in done:
        finished[job.partition(".")[0]] = finished.get(job.partition(".")[0], 0) + 1
    for step, times in sorted(at.items(), key=lambda each: min(each[1])):
        values = {
            "step": step, "n": len(times), "m": finished.get(step, 0),
            "from_us": min(times), "until_us": max(times),
        }  # fmt: skip
        code = "jobs_at" if min(times) == max(times) else "jobs_between"
        yield Line(code, "/schedule", values)


def _feeds(hub: Hub, now_us: int, begins: int) -> Iterator[Line]:
    """What manifests say comes by when, of the interfaces this deployment has an address of."""
    words: dict[str, list[int]] = {}
    for adapter in hub.adapters.values():
        if not hub.settings.partner(adapter.interface).endpoints:
            continue
        for word, text in adapter.manifest.schedule.items():
            hours, _, minutes = text.partition(":")
            if minutes:
                minute = int(hours) * 60 + int(minutes)
                words.setdefault(word, []).append(begins + minute * 60_000_000)
    for word, times in sorted(words.items(), key=lambda each: min(each[1])):
        values = {
            "feed": word, "n": len(times), "m": sum(one <= now_us for one in times),
            "from_us": min(times), "until_us": max(times),
        }  # fmt: skip
        yield Line(
            "feeds_at" if min(times) == max(times) else "feeds_between", "/interfaces", values
        )
