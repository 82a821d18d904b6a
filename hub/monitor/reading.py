"""From the tables to a ledger's facts."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.monitor.hours import ServiceHours
from hub.monitor.ledger import Facts, Span
from hub.monitor.marks import read_marks
from hub.monitor.samples import Flip
from hub.monitor.tables import watch_flip, watch_span
from hub.monitor.words import Source, State


def read_flips(tx: Connection, interface: str, from_us: int, until_us: int) -> list[Flip]:
    """The flips of a time and the last one before it, in order."""
    f = watch_flip.c
    columns = (f.at_us, f.state, f.code, f.detail, f.source, f.made_us)
    here = sa.select(*columns).where(f.interface == interface)
    before = here.where(f.at_us < from_us).order_by(f.at_us.desc(), f.id.desc()).limit(1)
    within = here.where(f.at_us >= from_us, f.at_us < until_us).order_by(f.at_us, f.id)
    return [
        _flip(row) for query in (before, within) for row in tx.execute(query)
    ]  # fmt: skip


def read_evidence(
    tx: Connection, interface: str, from_us: int, until_us: int
) -> list[tuple[int, int, int]]:
    """(first sample, last sample, how long a sample counts) of every span that touches a time."""
    s = watch_span.c
    query = (
        sa.select(s.from_us, s.until_us, s.good_us)
        .where(s.interface == interface, s.until_us >= from_us - _LONGEST_US, s.from_us < until_us)
        .order_by(s.until_us)
    )
    return [(first, last, good) for first, last, good in tx.execute(query)]


_LONGEST_US = 2 * 3600 * 1_000_000
"""Two of the longest probe intervals: no evidence counts longer."""


def read_facts(
    tx: Connection, interface: str, from_us: int, until_us: int, *, now_us: int,
    hours: ServiceHours, maintenance: Sequence[Span] = (),
) -> Facts:  # fmt: skip
    """Everything the ledger of a time is made of."""
    flips = read_flips(tx, interface, from_us, until_us)
    return Facts(
        flips=[(flip.at_us, flip.state) for flip in flips],
        evidence=read_evidence(tx, interface, from_us, until_us),
        hours=hours,
        maintenance=maintenance,
        marks=read_marks(tx, interface, from_us, until_us),
        now_us=now_us,
    )


def newest_flips(tx: Connection, interface: str, most: int) -> list[Flip]:
    """The last flips, newest first."""
    f = watch_flip.c
    query = (
        sa.select(f.at_us, f.state, f.code, f.detail, f.source, f.made_us)
        .where(f.interface == interface)
        .order_by(f.at_us.desc(), f.id.desc())
        .limit(most)
    )
    return [_flip(row) for row in tx.execute(query)]


def _flip(row: "sa.Row[Any]") -> Flip:
    return Flip(row.at_us, State(row.state), row.code, row.detail, Source(row.source), row.made_us)
