"""Incidents as people see them, and what people do to them."""

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.clocks import from_us
from hub.kernel.errors import NotFound, Refused
from hub.kernel.logs import mask_text
from hub.monitor import escalation
from hub.monitor.duty_tables import alert_rung
from hub.monitor.incident_tables import incident, incident_line, watch_alert
from hub.monitor.policy import Card
from hub.monitor.timeline import add_line


class NoSuchIncident(NotFound):
    """There is no such incident."""

    code = "incident.none"
    hint = "`hub incident list` shows every incident's number."


class IncidentElsewhere(Refused):
    """The incident is not where this act could be done to it."""

    code = "incident.wrong_state"
    hint = "One is answered once, resolved once and only after service was restored."


class AlreadyAnswered(IncidentElsewhere):
    """Somebody else was first; the message says who and when."""

    code = "incident.already_answered"
    hint = "The incident is in that person's hands; have it handed over to you, or help."

    def __init__(self, number: int, by: str, at_us: int) -> None:
        super().__init__(
            f"incident {number} was answered by {by} at {from_us(at_us):%m-%d %H:%M:%S}"
        )
        self.said = f"故障 {number} 已由 {by} 于 {from_us(at_us):%m-%d %H:%M:%S} 响应"
        """The same for whoever was second."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident; its clocks run from ``begun_us``."""

    id: int
    interface: str
    name: str
    effect: str
    level: str
    policy_version: str
    code: str
    detail: str
    begun_us: int
    opened_us: int
    respond_by_us: int
    restore_by_us: int
    responded_us: int | None
    responded_by: str
    responded_way: str
    holder: str
    restored_us: int | None
    resolved_us: int | None
    resolved_by: str
    cause: str
    card: Card

    @property
    def state(self) -> str:
        """open, restored or resolved."""
        if self.resolved_us is not None:
            return "resolved"
        return "open" if self.restored_us is None else "restored"

    def late(self, now_us: int) -> tuple[bool, bool]:
        """Whether the response came too late (or is overdue), and the restoration."""
        responded = self.responded_us if self.responded_us is not None else now_us
        restored = self.restored_us if self.restored_us is not None else now_us
        if self.responded_us is None and self.restored_us is not None:
            responded = self.restored_us  # it ended before anybody had to answer
        return responded > self.respond_by_us, restored > self.restore_by_us


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One line: when, what kind, who, what was said."""

    at_us: int
    kind: str
    actor: str
    said: str


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """One alert on one channel, for one ``person`` where it names one; ``sent_us`` None while it
    waits, ``tries`` failed ones; ``message_id`` of the bus's message that carries it."""

    kind: str
    number: int
    channel: str
    person: str
    message_id: int | None
    made_us: int
    sent_us: int | None
    tries: int
    error: str


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One step of the escalation; ``due_us`` while it is to come, ``outcome`` and ``login`` once it
    was taken: told, nobody, same (told before), over (answered or ended first)."""

    rung: int
    due_us: int | None
    taken_us: int | None
    outcome: str
    login: str


@dataclass(frozen=True, slots=True)
class IncidentSeen:
    """An incident with its timeline, its alerts and the rungs they climbed."""

    incident: Incident
    lines: tuple[TimeLine, ...]
    alerts: tuple[AlertSeen, ...]
    steps: tuple[StepSeen, ...] = ()


def list_incidents(tx: Connection, *, interface: str = "", most: int = 100) -> list[Incident]:
    """Those that last first, then what waits to be resolved, then the newest."""
    rank = sa.case(
        (incident.c.open_key.is_not(None), 0), (incident.c.resolved_us.is_(None), 1), else_=2
    )
    query = sa.select(incident).order_by(rank, incident.c.id.desc()).limit(most)
    if interface:
        query = query.where(incident.c.interface == interface)
    return [_incident(row) for row in tx.execute(query)]


def see_incident(tx: Connection, number: int) -> IncidentSeen:
    """Raises NoSuchIncident."""
    one = _incident(_row(tx, number))
    line, alert = incident_line.c, watch_alert.c
    lines = tx.execute(
        sa.select(line.at_us, line.kind, line.actor, line.said)
        .where(line.incident_id == number)
        .order_by(line.id)
    )
    told = tx.execute(
        sa.select(
            alert.kind, alert.number, alert.channel, alert.person, alert.message_id, alert.made_us,
            alert.sent_us, alert.tries, alert.error,
        )
        .where(alert.incident_id == number)
        .order_by(alert.id)
    )  # fmt: skip
    rung = alert_rung.c
    steps = tx.execute(
        sa.select(rung.rung, rung.due_us, rung.taken_us, rung.outcome, rung.login)
        .where(rung.incident_id == number)
        .order_by(rung.rung)
    )
    return IncidentSeen(
        one, tuple(TimeLine(*row) for row in lines), tuple(AlertSeen(*row) for row in told),
        tuple(StepSeen(*row) for row in steps),
    )  # fmt: skip


def respond(tx: Connection, number: int, *, by: str, said: str, now_us: int, way: str = "") -> None:
    """Somebody has it in hand: the response clock stops and nobody further is told.  ``way``: by
    which way they answered.  Raises AlreadyAnswered, IncidentElsewhere."""
    try:
        _move(tx, number, incident.c.responded_us.is_(None), incident.c.resolved_us.is_(None),
              responded_us=now_us, responded_by=by, responded_way=way, holder=by)  # fmt: skip
    except IncidentElsewhere:
        row = _row(tx, number)
        if row.responded_us is None:
            raise
        raise AlreadyAnswered(number, row.responded_by, row.responded_us) from None
    escalation.stop(tx, number, now_us)
    _note(tx, number, "responded", by, said, now_us)


def note(tx: Connection, number: int, *, by: str, said: str, now_us: int) -> None:
    """A line in the timeline.  Raises NoSuchIncident."""
    _row(tx, number)
    _note(tx, number, "note", by, said, now_us)


def hand_over(tx: Connection, number: int, *, by: str, to: str, said: str, now_us: int) -> None:
    """To another person.  Raises IncidentElsewhere."""
    _move(tx, number, incident.c.resolved_us.is_(None), holder=to)
    _note(tx, number, "handed", by, f"→ {to}：{said}", now_us)


def resolve(tx: Connection, number: int, *, by: str, cause: str, now_us: int) -> None:
    """Over, and why it happened.  Raises IncidentElsewhere."""
    _move(tx, number, incident.c.restored_us.is_not(None), incident.c.resolved_us.is_(None),
          resolved_us=now_us, resolved_by=by, cause=_clean(cause)[:400])  # fmt: skip
    _note(tx, number, "resolved", by, cause, now_us)


def _move(tx: Connection, number: int, *where: sa.ColumnElement[bool], **values: Any) -> None:
    done = tx.execute(sa.update(incident).where(incident.c.id == number, *where).values(**values))
    if not done.rowcount:
        _row(tx, number)
        raise IncidentElsewhere


def _note(tx: Connection, number: int, kind: str, by: str, said: str, now_us: int) -> None:
    clean = _clean(said)
    add_line(tx, number, now_us, kind, by, clean)
    record(
        tx, act=f"incident.{kind}", actor=by, subject=f"incident:{number}",
        detail={"said": clean[:200]},
    )  # fmt: skip


def _clean(text: str) -> str:
    return mask_text(" ".join(text.split()))


def _row(tx: Connection, number: int) -> "sa.Row[Any]":
    row = tx.execute(sa.select(incident).where(incident.c.id == number)).one_or_none()
    if row is None:
        raise NoSuchIncident(f"there is no incident {number}")
    return row


def _incident(row: "sa.Row[Any]") -> Incident:
    said = dict(row._mapping)
    for name in ("open_key", "reminded_us"):
        said.pop(name)
    return Incident(**{**said, "card": Card.of(json.loads(row.card))})
