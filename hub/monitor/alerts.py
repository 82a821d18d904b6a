"""The alerts' outbox: rows written with what they tell of, delivered afterwards, at least once.

A row is ready until it has been delivered; what fails is tried again, later each time, for ever:
an alert is never given up.  Delivering twice (a process killed between the delivery and its
note) is possible everywhere but in the spool, whose files bear the alert's own name, and by SMS,
which is handed to the bus in the transaction that notes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.monitor.incident_tables import incident, watch_alert
from hub.store import database_now_us

SPOOL = "spool"
RETRY_FIRST_S, RETRY_MAX_S = 5, 600
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert for one channel.  ``body`` is plain values; ``name`` is the same whenever it is
    delivered."""

    id: int
    incident: int
    kind: str
    number: int
    channel: str
    tries: int
    body: Mapping[str, Any]
    person: str = ""

    @property
    def name(self) -> str:
        """``000012-begin-0``, and ``-LOGIN`` behind it where it is one person's."""
        name = f"{self.incident:06d}-{self.kind}-{self.number}"
        return f"{name}-{self.person}" if self.person else name


def body_of(
    row: Any, kind: str, money: tuple[int, int], waiting: int, now_us: int
) -> dict[str, Any]:
    """What is told: the incident with its clocks and its card, figures as of now."""
    card = json.loads(row.card) if isinstance(row.card, str) else row.card.as_dict()
    card |= {"money_count": money[0], "money_fen": money[1], "waiting": waiting}
    names = (
        "interface", "name", "effect", "level", "code", "detail", "begun_us", "respond_by_us",
        "restore_by_us", "restored_us", "holder",
    )  # fmt: skip
    said = {name: getattr(row, name) for name in names}
    return {"incident": row.id, "kind": kind, "at_us": now_us, **said, "card": card}


def put(
    tx: Connection, incident_id: int, kind: str, number: int, channels: Sequence[str],
    body: Mapping[str, Any], now_us: int, person: str = "",
) -> None:  # fmt: skip
    """One row per channel, in the transaction of what it tells of; with ``person`` theirs."""
    ready_us = database_now_us(tx)
    text = json.dumps(body, ensure_ascii=False)
    rows = [
        {"incident_id": incident_id, "kind": kind, "number": number, "channel": channel,
         "person": person, "body": text, "made_us": now_us, "ready_us": ready_us, "tries": 0,
         "sent_us": None, "error": ""}
        for channel in channels
    ]  # fmt: skip
    if rows:
        tx.execute(sa.insert(watch_alert), rows)


def count_reminders(tx: Connection, incident_id: int) -> int:
    """How many reminders there have been."""
    a = watch_alert.c
    query = sa.select(sa.func.max(a.number)).where(a.incident_id == incident_id, a.kind == "remind")
    return int(tx.scalar(query) or 0)


def due(tx: Connection, most: int = 50) -> list[Alert]:
    """What is to be delivered now, in the order in which it was made.

    Of an incident, channel and person only the first, what the bus still carries included: the
    end is not told before the beginning is.
    """
    a = watch_alert.c
    carried = sa.and_(a.message_id.is_not(None), a.sent_us.is_(None), a.error == "")
    firsts = (
        sa.select(sa.func.min(a.id))
        .where(sa.or_(a.ready_us.is_not(None), carried))
        .group_by(a.incident_id, a.channel, a.person)
    )
    query = (
        sa.select(watch_alert)
        .where(a.id.in_(firsts), a.ready_us <= database_now_us(tx))
        .order_by(a.id)
        .limit(most)
    )
    return [
        Alert(row.id, row.incident_id, row.kind, row.number, row.channel, row.tries,
              json.loads(row.body), row.person)
        for row in tx.execute(query)
    ]  # fmt: skip


def delivered(tx: Connection, number: int, now_us: int) -> None:
    """It has been."""
    tx.execute(
        sa.update(watch_alert)
        .where(watch_alert.c.id == number)
        .values(ready_us=None, sent_us=now_us, error="")
    )


def failed(tx: Connection, one: Alert, error: str) -> None:
    """It has not; again after a while that doubles up to ten minutes."""
    wait_s = min(RETRY_FIRST_S * 2 ** min(one.tries, 10), RETRY_MAX_S)
    tx.execute(
        sa.update(watch_alert)
        .where(watch_alert.c.id == one.id)
        .values(
            ready_us=database_now_us(tx) + wait_s * _SECOND_US, tries=one.tries + 1,
            error=error[:200],
        )
    )  # fmt: skip


def dropped(tx: Connection, number: int, why: str) -> None:
    """It was for a person whom this way reaches no more: nothing is left to deliver."""
    tx.execute(
        sa.update(watch_alert).where(watch_alert.c.id == number).values(ready_us=None, error=why)
    )


def handed(tx: Connection, number: int, message_id: int) -> None:
    """The bus carries it from here on, in the transaction that gave it the message."""
    tx.execute(
        sa.update(watch_alert)
        .where(watch_alert.c.id == number)
        .values(ready_us=None, message_id=message_id, error="")
    )


def arrived(tx: Connection, message_id: int, now_us: int, error: str = "") -> None:
    """What became of the bus's message: taken, or why not."""
    tx.execute(
        sa.update(watch_alert)
        .where(watch_alert.c.message_id == message_id)
        .values(sent_us=None if error else now_us, error=error[:200])
    )


def undelivered(tx: Connection) -> int:
    """How many wait to be delivered after they failed at least once, and how many of an incident
    that lasts the bus could not deliver."""
    a = watch_alert.c
    failing = sa.and_(a.ready_us.is_not(None), a.tries > 0)
    lasting = sa.select(incident.c.id).where(incident.c.open_key.is_not(None))
    refused = sa.and_(a.message_id.is_not(None), a.error != "", a.incident_id.in_(lasting))
    return int(tx.scalar(sa.select(sa.func.count()).where(sa.or_(failing, refused))) or 0)
