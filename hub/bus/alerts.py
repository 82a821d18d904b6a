"""One alert when a queue starts to grow, one when it ends: a row and a line in the log."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.bus.moves import HAS_EFFECT
from hub.bus.tables import alert, channel, message

if TYPE_CHECKING:
    from hub.bus.bus import Bus

log = structlog.get_logger(__name__)
GROWING = "queue_growing"
STUCK = "inbound_stuck"
"""Something that came in and was accepted cannot be handled."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages that want to be sent: how many (counted up to a limit), the oldest's age."""

    count: int
    oldest_s: float


def backlog(bus: "Bus", tx: Connection, interface: str, now_us: int, *, stopped: bool) -> Backlog:
    """What is ready on a channel or waits for its next try.

    What a stop switch holds back does not count, nor do endless inquiries, which may well be
    old, nor what was put for a later hour.
    """
    policy = bus.policy(interface)
    horizon = now_us + int(policy.retry_max_s * 1_000_000)
    due = sa.select(message.c.queued_us).where(
        message.c.interface == interface, message.c.ready_us <= horizon, message.c.endless == 0
    )
    if stopped:
        due = due.where(~HAS_EFFECT)
    some = due.order_by(message.c.ready_us).limit(policy.alert_backlog + 1).subquery()
    count, oldest = tx.execute(sa.select(sa.func.count(), sa.func.min(some.c.queued_us))).one()
    return Backlog(int(count), (now_us - oldest) / 1_000_000 if oldest is not None else 0.0)


def changes(bus: "Bus", tx: Connection) -> list[tuple[str, bool, str]]:
    """(interface, begins, detail) where an alert has to begin or to end; a read."""
    now = bus.now(tx)
    is_open = set(tx.scalars(sa.select(alert.c.open_key).where(alert.c.open_key.is_not(None))))
    found = []
    for row in tx.execute(sa.select(channel.c.interface, channel.c.stopped)).all():
        policy = bus.policy(row.interface)
        seen = backlog(bus, tx, row.interface, now, stopped=bool(row.stopped))
        high = seen.count > policy.alert_backlog or seen.oldest_s > policy.alert_age_s
        # Ends at half of what began it, or it would flap around the threshold.
        low = seen.count <= policy.alert_backlog // 2 and seen.oldest_s <= policy.alert_age_s / 2
        begun = open_key(row.interface) in is_open
        detail = f"{seen.count} waiting, the oldest for {seen.oldest_s:.0f} s"
        if high and not begun:
            found.append((row.interface, True, detail))
        elif low and begun:
            found.append((row.interface, False, detail))
    return found


def watch(bus: "Bus", tx: Connection) -> int:
    """Begin and end alerts; answers how many changed.  Safe in several processes at once."""
    now = bus.now(tx)
    changed = 0
    for interface, begins, detail in changes(bus, tx):
        if (
            begin(tx, interface, GROWING, detail, now)
            if begins
            else end(tx, interface, GROWING, now)
        ):
            changed += 1
            name = "bus.queue_growing" if begins else "bus.queue_recovered"
            log.warning(name, interface=interface, detail=detail)
    return changed


def begin(tx: Connection, interface: str, kind: str, detail: str, now: int, part: str = "") -> bool:
    """Open an alert; False when one of its kind (and ``part``) is open."""
    try:
        with tx.begin_nested():
            tx.execute(
                sa.insert(alert).values(
                    interface=interface,
                    kind=kind,
                    open_key=open_key(interface, kind, part),
                    begun_us=now,
                    detail=detail,
                )
            )
    except IntegrityError:
        return False  # another process saw it first
    return True


def end(tx: Connection, interface: str, kind: str, now: int) -> bool:
    """End the open alert of a kind; False when there is none."""
    done = tx.execute(
        sa.update(alert)
        .where(alert.c.open_key == open_key(interface, kind))
        .values(open_key=None, ended_us=now)
    )
    return bool(done.rowcount)


def open_key(interface: str, kind: str = GROWING, part: str = "") -> str:
    """What is unique among open alerts; ``part`` tells several of one kind apart."""
    return f"{interface}:{kind}:{part}" if part else f"{interface}:{kind}"
