"""Incidents as people see them, and what people do to them."""

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.errors import NotFound, Refused
from hub.kernel.logs import mask_text
from hub.monitor.incident_tables import incident, incident_line, watch_alert
from hub.monitor.incidents import add_line
from hub.monitor.policy import Card


class NoSuchIncident(NotFound):
    """There is no such incident."""

    code = "incident.none"
    hint = "`hub incident list` shows every incident's number."


class IncidentElsewhere(Refused):
    """The incident is not where this act could be done to it."""

    code = "incident.wrong_state"
    hint = "One is answered once, resolved once and only after service was restored."


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
    """One alert on one channel; ``sent_us`` None while it waits, ``tries`` failed ones."""

    kind: str
    number: int
    channel: str
    made_us: int
    sent_us: int | None
    tries: int
    error: str


@dataclass(frozen=True, slots=True)
class IncidentSeen:
    """An incident with its timeline and its alerts."""

    incident: Incident
    lines: tuple[TimeLine, ...]
    alerts: tuple[AlertSeen, ...]


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
            alert.kind, alert.number, alert.channel, alert.made_us, alert.sent_us, alert.tries,
            alert.error,
        )
        .where(alert.incident_id == number)
        .order_by(alert.id)
    )  # fmt: skip
    return IncidentSeen(
        one, tuple(TimeLine(*row) for row in lines), tuple(AlertSeen(*row) for row in told)
    )


def respond(tx: Connection, number: int, *, by: str, said: str, now_us: int) -> None:
    """Somebody has it in hand: the response clock stops.  Raises IncidentElsewhere."""
    _move(tx, number, incident.c.responded_us.is_(None), incident.c.resolved_us.is_(None),
          responded_us=now_us, responded_by=by, holder=by)  # fmt: skip
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
