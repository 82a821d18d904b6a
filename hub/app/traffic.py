"""Passive health: what real messages of an interface met with lately, from the bus's rows."""

from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.tables import attempt, channel, message
from hub.bus.words import Verdict

RECENT = 200
"""Messages whose attempts are looked at: enough for a p95, few enough for every look."""
_ANSWERED = (Verdict.DELIVERED.value, Verdict.REJECTED.value)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Instants are µs UTC of the database's clock; None when there was none.

    ``answered_us``: the partner's last answer; ``delivered_us``: the last message that got
    through; ``p95_ms``: of the last attempts that were answered.  ``misses``: calls in a row that
    could not reach the partner.
    """

    answered_us: int | None = None
    delivered_us: int | None = None
    p95_ms: int | None = None
    misses: int = 0

    def shifted(self, by_us: int) -> "Traffic":
        """The same with its instants in business time."""
        return replace(
            self,
            answered_us=None if self.answered_us is None else self.answered_us + by_us,
            delivered_us=None if self.delivered_us is None else self.delivered_us + by_us,
        )


def read_traffic(tx: Connection, interface: str) -> Traffic:
    """Of one interface.  Runs along the index (interface, ready_us, id): what has ended has no
    ready_us and lies there in the order of its numbers."""
    misses = tx.scalar(sa.select(channel.c.misses).where(channel.c.interface == interface))
    if misses is None:
        return Traffic()  # never used
    recent = (
        sa.select(message.c.id)
        .where(message.c.interface == interface, message.c.ready_us.is_(None))
        .order_by(message.c.ready_us.desc(), message.c.id.desc())
        .limit(RECENT)
        .subquery()
    )
    query = sa.select(attempt.c.started_us, attempt.c.ended_us, attempt.c.verdict).where(
        attempt.c.message_id.in_(sa.select(recent.c.id)), attempt.c.verdict.in_(_ANSWERED),
        attempt.c.ended_us.is_not(None),
    )  # fmt: skip
    rows = tx.execute(query).all()
    took = sorted(max(row.ended_us - row.started_us, 0) // 1000 for row in rows)
    delivered = [r.ended_us for r in rows if r.verdict == Verdict.DELIVERED.value]
    return Traffic(
        answered_us=max((row.ended_us for row in rows), default=None),
        delivered_us=max(delivered, default=None),
        p95_ms=took[(len(took) * 95 - 1) // 100] if took else None,
        misses=int(misses),
    )
