"""Drift rows: where what a partner says differs from its contract, and how often."""

from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.bus.tables import drift
from hub.ports.line import Drift

MOST_PLACES = 100
"""Of one attempt: a partner that sends garbage a thousand ways is one finding, not a thousand."""

_WIDTH = 120


def store(
    tx: Connection, interface: str, version: str, drifts: Iterable[Drift], now_us: int
) -> None:
    """Count each place once more, or begin its row."""
    seen = Counter(
        (one.place[:_WIDTH], one.expected[:_WIDTH], one.found[:_WIDTH]) for one in drifts
    )
    for (place, expected, found), times in sorted(seen.items())[:MOST_PLACES]:
        where = {
            "interface": interface,
            "contract_version": version,
            "place": place,
            "expected": expected,
            "found": found,
        }
        if _count(tx, where, times, now_us):
            continue
        try:
            with tx.begin_nested():
                tx.execute(
                    sa.insert(drift).values(**where, seen=times, first_us=now_us, last_us=now_us)
                )
        except IntegrityError:
            _count(tx, where, times, now_us)  # another worker met it in the same moment


def _count(tx: Connection, where: dict[str, str], times: int, now_us: int) -> int:
    return tx.execute(
        sa.update(drift)
        .where(*(drift.c[name] == value for name, value in where.items()))
        .values(seen=drift.c.seen + times, last_us=now_us)
    ).rowcount
