"""The alerts' outbox: rows written with what they tell of, delivered afterwards, at least once.

A row is ready until it has been delivered; what fails is tried again, later each time, for ever:
an alert is never given up.  Delivering twice (a process killed between the delivery and its
note) is possible everywhere but in the spool, whose files bear the alert's own name.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.monitor.incident_tables import watch_alert
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

    @property
    def name(self) -> str:
        """``000012-begin-0``."""
        return f"{self.incident:06d}-{self.kind}-{self.number}"


def body_of(
    row: "sa.Row[Any]", kind: str, money: tuple[int, int], waiting: int, now_us: int
) -> dict[str, Any]:
    """What is told: the incident with its clocks and its card, figures as of now."""
    card = json.loads(row.card) | {
        "money_count": money[0], "money_fen": money[1], "waiting": waiting
    }  # fmt: skip
    names = (
        "interface", "name", "effect", "level", "code", "detail", "begun_us", "respond_by_us",
        "restore_by_us", "restored_us", "holder",
    )  # fmt: skip
    said = {name: getattr(row, name) for name in names}
    return {"incident": row.id, "kind": kind, "at_us": now_us, **said, "card": card}


def put(
    tx: Connection, incident_id: int, kind: str, number: int, channels: Sequence[str],
    body: Mapping[str, Any], now_us: int,
) -> None:  # fmt: skip
    """One row per channel, in the transaction of what it tells of."""
    ready_us = database_now_us(tx)
    text = json.dumps(body, ensure_ascii=False)
    rows = [
        {"incident_id": incident_id, "kind": kind, "number": number, "channel": channel,
         "body": text, "made_us": now_us, "ready_us": ready_us, "tries": 0, "sent_us": None,
         "error": ""}
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

    Of an incident and channel only the first: the end is not told before the beginning is.
    """
    a = watch_alert.c
    firsts = (
        sa.select(sa.func.min(a.id))
        .where(a.ready_us.is_not(None))
        .group_by(a.incident_id, a.channel)
    )
    query = (
        sa.select(watch_alert)
        .where(a.id.in_(firsts), a.ready_us <= database_now_us(tx))
        .order_by(a.id)
        .limit(most)
    )
    return [
        Alert(row.id, row.incident_id, row.kind, row.number, row.channel, row.tries,
              json.loads(row.body))
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


def undelivered(tx: Connection) -> int:
    """How many wait to be delivered after they failed at least once."""
    a = watch_alert.c
    query = sa.select(sa.func.count()).where(a.ready_us.is_not(None), a.tries > 0)
    return int(tx.scalar(query) or 0)
