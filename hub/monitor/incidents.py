"""Incidents (故障): opened, followed and ended by the state of their interface.

``attend`` is called in the transaction of every flip and again every few seconds: it makes the
incident what the state says it should be, so nothing depends on one call having been made.  The
alert's rows are written in the same transaction: what is told is what has happened.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.audit import record
from hub.kernel.money import show_yuan
from hub.monitor import alerts, escalation
from hub.monitor.hours import ServiceHours
from hub.monitor.incident_tables import incident
from hub.monitor.ledger import MINUTE_US, Span
from hub.monitor.policy import LEVELS, Card, WatchPolicy
from hub.monitor.samples import Standing
from hub.monitor.telling import EFFECT_WORDS
from hub.monitor.timeline import add_line
from hub.store import insert_row


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of an interface when its incident is attended to.

    ``money``: (messages, 分) in flight or unknown; ``next_due``: its schedule's next word and
    when; ``channels``: by which ways alerts go out.
    """

    interface: str
    name: str
    owner: str
    hours: ServiceHours
    works: tuple[Span, ...] = ()
    money: tuple[int, int] = (0, 0)
    waiting: int = 0
    next_due: tuple[str, int] | None = None
    channels: tuple[str, ...] = field(default=(alerts.SPOOL,))

    def quiet_since(self, at_us: int) -> int | None:
        """None while alarms may sound; else since when they may not."""
        for begins, ends in self.works:
            if begins <= at_us < ends:
                return begins
        return None if self.hours.is_open(at_us) else at_us

    def loud_since(self, at_us: int) -> int:
        """Since when trouble counts, at a moment at which it does."""
        opened = self.hours.opened_us(at_us)
        return max([opened, *(ends for _, ends in self.works if ends <= at_us)])


def read_open(tx: Connection) -> dict[str, "sa.Row[Any]"]:
    """Incidents of an interface's state that last, by interface."""
    query = sa.select(incident).where(incident.c.open_key == incident.c.interface)
    return {row.interface: row for row in tx.execute(query)}


def read_keys(tx: Connection, kind: str) -> dict[str, int]:
    """Numbers of the incidents that last and are no interface's state (``meter:``, ``feed:``)."""
    c = incident.c
    query = sa.select(c.open_key, c.id).where(c.open_key.like(f"{kind}%"))
    return {row.open_key: int(row.id) for row in tx.execute(query)}


def attend(
    tx: Connection, policy: WatchPolicy, subject: Subject, standing: Standing, now_us: int
) -> str:
    """Open, follow or end the interface's incident; what was done: opened, changed, reminded,
    restored, or nothing."""
    found = tx.execute(
        sa.select(incident).where(incident.c.open_key == subject.interface)
    ).one_or_none()
    if standing.state.good:
        restored_us = standing.since_us
        return "" if found is None else end(tx, subject, found, restored_us, now_us)
    quiet = subject.quiet_since(now_us) is not None
    if quiet or found is None:
        return "" if quiet else _open(tx, policy, subject, standing, now_us)
    if found.effect != standing.state.value:
        return _change(tx, policy, subject, found, standing, now_us)
    if is_reminder_due(policy, found, now_us):
        return remind(tx, subject, found, now_us)
    return ""


def _open(
    tx: Connection, policy: WatchPolicy, subject: Subject, standing: Standing, now_us: int
) -> str:
    begun_us = min(max(standing.since_us, subject.loud_since(now_us)), now_us)
    level = policy.level_of(subject.interface, standing.state, begun_us, money=subject.money[0] > 0)
    trouble = Trouble(
        key=subject.interface, effect=standing.state.value, level=level, code=standing.code,
        detail=standing.detail, begun_us=begun_us, card=make_card(policy, subject),
    )  # fmt: skip
    return "opened" if begin(tx, policy, subject, trouble, now_us) else ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an incident is opened for.  ``key``: only one of it lasts at a time (40 characters)."""

    key: str
    effect: str
    level: str
    code: str
    detail: str
    begun_us: int
    card: Card


def begin(
    tx: Connection, policy: WatchPolicy, subject: Subject, trouble: Trouble, now_us: int
) -> int | None:
    """Open an incident and tell of it; its number, None when another process was first."""
    clocks, begun_us = policy.levels[trouble.level], trouble.begun_us
    row = {
        "interface": subject.interface, "name": subject.name[:80], "open_key": trouble.key,
        "effect": trouble.effect, "level": trouble.level, "policy_version": policy.version,
        "code": trouble.code[:60], "detail": trouble.detail[:200],
        "begun_us": begun_us, "opened_us": now_us,
        "respond_by_us": begun_us + clocks.respond_minutes * MINUTE_US,
        "restore_by_us": begun_us + clocks.restore_minutes * MINUTE_US, "reminded_us": now_us,
        "responded_us": None, "responded_by": "", "responded_way": "", "holder": "",
        "restored_us": None,
        "resolved_us": None, "resolved_by": "", "cause": "",
        "card": json.dumps(trouble.card.as_dict(), ensure_ascii=False),
    }  # fmt: skip
    try:
        with tx.begin_nested():
            number = insert_row(tx, incident, **row)
    except IntegrityError:
        return None  # another process saw it first
    add_line(tx, number, begun_us, "begun", "hub", f"{trouble.code} {trouble.detail}".strip())
    add_line(tx, number, now_us, "opened", "hub", _figures(subject))
    _tell(tx, number, "begin", 0, subject, now_us)
    escalation.start(tx, policy, number, subject.channels, subject.money, subject.waiting, now_us)
    record(
        tx, act="incident.open", actor="hub", subject=f"incident:{number}",
        detail={"interface": subject.interface, "level": trouble.level, "begun_us": begun_us},
        count=subject.money[0], fen=subject.money[1],
    )  # fmt: skip
    return number


def _change(
    tx: Connection, policy: WatchPolicy, subject: Subject, found: "sa.Row[Any]",
    standing: Standing, now_us: int,
) -> str:  # fmt: skip
    """Another kind of trouble; an incident grows graver by it, never less grave."""
    fresh = policy.level_of(
        subject.interface, standing.state, found.begun_us, money=subject.money[0] > 0
    )
    level = min(found.level, fresh, key=LEVELS.index)
    clocks = policy.levels[level]
    tx.execute(
        sa.update(incident)
        .where(incident.c.id == found.id)
        .values(
            effect=standing.state.value, level=level, code=standing.code, detail=standing.detail,
            respond_by_us=found.begun_us + clocks.respond_minutes * MINUTE_US,
            restore_by_us=found.begun_us + clocks.restore_minutes * MINUTE_US,
        )
    )  # fmt: skip
    escalation.hasten(tx, policy, found.id, level, found.begun_us, now_us)
    said = f"{EFFECT_WORDS[standing.state]} {standing.code} {standing.detail}".strip()
    add_line(tx, found.id, standing.since_us, "changed", "hub", said)
    return "changed"


def is_reminder_due(policy: WatchPolicy, found: "sa.Row[Any]", now_us: int) -> bool:
    """At every interval, and once when a clock has run out: nobody answered, or it still lasts."""
    clocks = [found.restore_by_us]
    if found.responded_us is None:
        clocks.append(found.respond_by_us)
    run_out = any(found.reminded_us < clock <= now_us for clock in clocks)
    return run_out or now_us - found.reminded_us >= policy.remind_minutes * MINUTE_US


def remind(tx: Connection, subject: Subject, found: "sa.Row[Any]", now_us: int) -> str:
    """Tell again of one that lasts."""
    tx.execute(sa.update(incident).where(incident.c.id == found.id).values(reminded_us=now_us))
    number = 1 + alerts.count_reminders(tx, found.id)
    add_line(tx, found.id, now_us, "reminded", "hub", _figures(subject))
    _tell(tx, found.id, "remind", number, subject, now_us)
    return "reminded"


def end(
    tx: Connection, subject: Subject, found: "sa.Row[Any]", restored_us: int, now_us: int
) -> str:
    """Service is back, and it is told; once."""
    restored_us = max(restored_us, found.begun_us)
    done = tx.execute(
        sa.update(incident)
        .where(incident.c.id == found.id, incident.c.open_key.is_not(None))
        .values(open_key=None, restored_us=restored_us)
    )
    if not done.rowcount:
        return ""
    add_line(tx, found.id, restored_us, "restored", "hub", _figures(subject))
    escalation.stop(tx, found.id, now_us)
    _tell(tx, found.id, "end", 0, subject, now_us)
    record(
        tx, act="incident.restore", actor="hub", subject=f"incident:{found.id}",
        detail={"interface": subject.interface, "restored_us": restored_us},
    )  # fmt: skip
    return "restored"


def make_card(policy: WatchPolicy, subject: Subject) -> Card:
    """The card as of now."""
    said = policy.card_of(subject.interface)
    word, until_us = subject.next_due if subject.next_due is not None else ("", None)
    return Card(
        affected=subject.name, money=subject.money, waiting=subject.waiting, until_us=until_us,
        until_word=word, steps=said.steps, never=said.never, call=subject.owner,
    )  # fmt: skip


def _figures(subject: Subject) -> str:
    count, fen = subject.money
    return f"待发 {subject.waiting} 条，在途或结果不明 {count} 条 {show_yuan(fen)}"


def _tell(
    tx: Connection, number: int, kind: str, which: int, subject: Subject, now_us: int
) -> None:
    row = tx.execute(sa.select(incident).where(incident.c.id == number)).one()
    body = alerts.body_of(row, kind, subject.money, subject.waiting, now_us)
    body["duty"] = escalation.said_of(tx, now_us)
    alerts.put(tx, number, kind, which, escalation.of_groups(subject.channels), body, now_us)
    if kind != "begin":
        escalation.tell_again(tx, row, kind, which, subject.channels, body, now_us)
