"""Escalation (升级): an alert that nobody answers climbs the duty list, a rung at a time.

Each step is a row that is due at a business time; taking it writes whom it told, their alerts and
the next step in one transaction.  A process killed anywhere has taken a step or not yet, and
whoever leads next takes it.  Answering or ending the incident closes what is still due.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.monitor import alerts, duty
from hub.monitor.duty import Rung
from hub.monitor.duty_tables import alert_rung
from hub.monitor.incident_tables import incident, watch_alert
from hub.monitor.ledger import MINUTE_US
from hub.monitor.policy import WatchPolicy
from hub.monitor.reaching import ReachWay, ways_to
from hub.monitor.timeline import add_line

TOLD, NONE, SAME, OVER = "told", "nobody", "same", "over"
_LEAST_US = MINUTE_US
"""Between two rungs that are told, whatever is overdue: each gets a moment to answer."""

Figures = Callable[[Connection, str, int], tuple[tuple[int, int], int] | None]
"""(interface) → money in doubt as (messages, 分) and how many messages wait; None while alarms of
it may not sound."""


def of_groups(channels: Sequence[str]) -> tuple[str, ...]:
    """The channels that many people read: all but those that only reach one."""
    return tuple(name for name in channels if name != ReachWay.SMS.value)


def said_of(tx: Connection, now_us: int) -> list[list[str]]:
    """Who is on duty, for the alert's text: the rung's word and the login, in order."""
    return [[Rung(rung).label, login] for rung, login in duty.on_duty(tx, now_us).items()]


def start(
    tx: Connection, policy: WatchPolicy, number: int, channels: Sequence[str],
    money: tuple[int, int], waiting: int, now_us: int,
) -> None:  # fmt: skip
    """Tell whoever is on duty of an incident that has just begun.  Without a duty list nothing."""
    if not duty.is_used(tx):
        return
    _put_step(tx, number, Rung.PRIMARY, now_us)
    _climb(tx, policy, number, channels, money, waiting, now_us)


def stop(tx: Connection, number: int, now_us: int) -> None:
    """Nobody further is told: it was answered, or has ended."""
    r = alert_rung.c
    tx.execute(
        sa.update(alert_rung)
        .where(r.incident_id == number, r.due_us.is_not(None))
        .values(due_us=None, taken_us=now_us, outcome=OVER)
    )


def hasten(
    tx: Connection, policy: WatchPolicy, number: int, level: str, begun_us: int, now_us: int
) -> None:
    """The incident has grown graver: the next step is due sooner, never later."""
    r = alert_rung.c
    row = tx.execute(
        sa.select(r.id, r.rung, r.due_us).where(r.incident_id == number, r.due_us.is_not(None))
    ).one_or_none()
    if row is None:
        return
    due_us = max(_due(policy, level, begun_us, row.rung), now_us)
    tx.execute(
        sa.update(alert_rung).where(r.id == row.id).values(due_us=min(int(row.due_us), due_us))
    )


def due(tx: Connection, now_us: int) -> list[tuple[int, str]]:
    """Incidents whose next step is due, with their interfaces."""
    r, i = alert_rung.c, incident.c
    query = (
        sa.select(r.incident_id, i.interface)
        .join(incident, i.id == r.incident_id)
        .where(r.due_us <= now_us)
        .order_by(r.due_us, r.id)
        .limit(100)
    )
    return [(int(row.incident_id), row.interface) for row in tx.execute(query)]


def turn(
    tx: Connection, policy: WatchPolicy, channels: Sequence[str], figures: Figures, now_us: int
) -> int:
    """Take every step that is due; how many incidents climbed."""
    count = 0
    for number, interface in due(tx, now_us):
        found = figures(tx, interface, now_us)
        if found is not None:
            _climb(tx, policy, number, channels, *found, now_us)
            count += 1
    return count


def tell_again(
    tx: Connection, row: "sa.Row[Any]", kind: str, which: int, channels: Sequence[str],
    body: Mapping[str, Any], now_us: int,
) -> None:  # fmt: skip
    """A reminder to whoever has it in hand, while nobody has to all who were told; the end to
    all who were told."""
    told = told_people(tx, row.id)
    if kind == "remind" and row.holder:
        told = [row.holder]
    for login in told:
        _tell(tx, row.id, kind, which, channels, body, login, now_us)


def told_people(tx: Connection, number: int) -> list[str]:
    """Everybody who was told of an incident, by login."""
    r, a = alert_rung.c, watch_alert.c
    steps = sa.select(r.login).where(r.incident_id == number, r.outcome == TOLD)
    texts = sa.select(a.person).where(a.incident_id == number, a.person != "")
    return sorted({*tx.scalars(steps), *tx.scalars(texts)})


def _climb(
    tx: Connection, policy: WatchPolicy, number: int, channels: Sequence[str],
    money: tuple[int, int], waiting: int, now_us: int,
) -> None:  # fmt: skip
    """Take steps until one has told somebody; a rung with nobody on it holds nothing up."""
    row = tx.execute(sa.select(incident).where(incident.c.id == number).with_for_update()).one()
    if row.open_key is None or row.responded_us is not None:
        stop(tx, number, now_us)
        return
    r = alert_rung.c
    while True:
        step = tx.execute(
            sa.select(r.id, r.rung).where(r.incident_id == number, r.due_us <= now_us)
        ).one_or_none()
        if step is None:
            return
        rung = Rung(step.rung)
        login, outcome = _take(tx, number, rung, now_us)
        tx.execute(
            sa.update(alert_rung)
            .where(r.id == step.id)
            .values(due_us=None, taken_us=now_us, login=login, outcome=outcome)
        )
        if outcome == TOLD:
            body = alerts.body_of(row, "begin", money, waiting, now_us)
            _page(tx, number, rung, channels, body, login, now_us)
        if rung < Rung.CENTRE:
            due_us = _due(policy, row.level, row.begun_us, rung + 1)
            soonest = now_us + _LEAST_US
            _put_step(
                tx, number, Rung(rung + 1), max(due_us, soonest) if outcome == TOLD else now_us
            )


def _take(tx: Connection, number: int, rung: Rung, now_us: int) -> tuple[str, str]:
    """Whom this step tells."""
    login = duty.on_duty(tx, now_us).get(rung, "")
    if not login:
        add_line(tx, number, now_us, "paged", "hub", f"第 {rung} 级 {rung.label}：无人值班")
        return "", NONE
    if login in told_people(tx, number):
        add_line(
            tx, number, now_us, "paged", "hub", f"第 {rung} 级 {rung.label}：{login}，已告知过"
        )
        return login, SAME
    return login, TOLD


def _page(
    tx: Connection, number: int, rung: Rung, channels: Sequence[str], body: dict[str, Any],
    login: str, now_us: int,
) -> None:  # fmt: skip
    """Tell one person, and from the second rung on whoever reads the channels that it climbed."""
    kind, which = ("begin", 0) if rung is Rung.PRIMARY else ("escalate", int(rung))
    body |= {"kind": kind, "rung": int(rung), "to": login, "duty": said_of(tx, now_us)}
    if kind == "escalate":
        alerts.put(tx, number, kind, which, of_groups(channels), body, now_us)
    ways = _tell(tx, number, kind, which, channels, body, login, now_us)
    by = "、".join(ways) or "群与告警目录"
    add_line(tx, number, now_us, "paged", "hub", f"第 {rung} 级 {rung.label}：{login}（{by}）")
    record(
        tx, act="incident.page", actor="hub", subject=f"incident:{number}",
        detail={"rung": int(rung), "login": login, "ways": ",".join(ways)},
    )  # fmt: skip


def _tell(
    tx: Connection, number: int, kind: str, which: int, channels: Sequence[str],
    body: Mapping[str, Any], login: str, now_us: int,
) -> tuple[str, ...]:  # fmt: skip
    ways = tuple(way for way in ways_to(tx, login) if way in channels)
    alerts.put(tx, number, kind, which, ways, body, now_us, person=login)
    return ways


def _due(policy: WatchPolicy, level: str, begun_us: int, rung: int) -> int:
    if rung == Rung.PRIMARY:
        return begun_us
    return begun_us + policy.duty.climb[level][rung - 2] * MINUTE_US


def _put_step(tx: Connection, number: int, rung: Rung, due_us: int) -> None:
    tx.execute(
        sa.insert(alert_rung).values(
            incident_id=number, rung=int(rung), due_us=due_us, taken_us=None, outcome="", login=""
        )
    )
