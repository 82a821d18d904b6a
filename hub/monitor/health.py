"""Samples into the tables, in the caller's transaction: standing, flips, evidence."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.logs import mask_text
from hub.monitor.samples import LONGEST_CODE, LONGEST_DETAIL, Flip, Sample, Standing, take
from hub.monitor.tables import watch_flip, watch_span, watch_state
from hub.monitor.words import Source, State

HUB = "hub"
"""The hub's own life, among the spans of evidence."""
INTERVALS = 2
"""Evidence older than so many probe intervals is no data."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An interface's row.  ``probed_us``, ``probe_ms``: when its last probe began and how long it
    took; 0 before the first.  ``used_us``: since when real traffic gets through, None while it is
    reachable and unused.  ``misses``: of the channel, when it was last looked at."""

    interface: str
    standing: Standing
    probed_us: int = 0
    probe_ms: int = 0
    used_us: int | None = None
    misses: int = 0


def read_watched(tx: Connection) -> dict[str, Watched]:
    """Every interface that was ever seen."""
    return {row.interface: _watched(row) for row in tx.execute(sa.select(watch_state))}


def hold_watched(tx: Connection, interface: str) -> Watched | None:
    """One interface, and nothing flips it until the transaction ends: what is done upon a state
    must not be done upon one that another transaction has ended meanwhile."""
    query = sa.select(watch_state).where(watch_state.c.interface == interface).with_for_update()
    row = tx.execute(query).one_or_none()
    return None if row is None else _watched(row)


def observe(
    tx: Connection, interface: str, sample: Sample, *, every_us: int, took_ms: int | None = None
) -> Flip | None:
    """Take one sample in; the flip it made.  ``took_ms``: of a probe."""
    row = tx.execute(
        sa.select(watch_state).where(watch_state.c.interface == interface)
    ).one_or_none()
    before = None if row is None else _watched(row)
    sample = _clean(sample)
    good_us = INTERVALS * every_us
    known = before.standing if before is not None else None
    standing, flip = take(known, sample, late_us=good_us)
    if standing is None or standing is known:
        _probed(tx, interface, sample, took_ms)
        return None
    values = _values(standing)
    if took_ms is not None:
        values |= {"probed_us": sample.at_us, "probe_ms": took_ms}
    if before is None:
        tx.execute(
            sa.insert(watch_state).values(
                {"probed_us": 0, "probe_ms": 0, "misses": 0, "interface": interface} | values
            )
        )
    else:
        tx.execute(
            sa.update(watch_state).where(watch_state.c.interface == interface).values(values)
        )
    seen(tx, interface, standing.sample_us, good_us)
    if flip is not None:
        _keep(tx, interface, flip, before)
    return flip


def _probed(tx: Connection, interface: str, sample: Sample, took_ms: int | None) -> None:
    """A probe that says nothing new of the state was made all the same."""
    if took_ms is not None:
        tx.execute(
            sa.update(watch_state)
            .where(watch_state.c.interface == interface)
            .values(probed_us=sample.at_us, probe_ms=took_ms)
        )


def seen(tx: Connection, interface: str, at_us: int, good_us: int) -> None:
    """There is evidence at this instant: the last span grows, or another begins."""
    last = tx.execute(
        sa.select(watch_span)
        .where(watch_span.c.interface == interface)
        .order_by(watch_span.c.until_us.desc())
        .limit(1)
    ).one_or_none()
    if last is not None and at_us <= last.until_us:
        return
    if last is not None and last.good_us == good_us and at_us - last.until_us <= good_us:
        tx.execute(sa.update(watch_span).where(watch_span.c.id == last.id).values(until_us=at_us))
        return
    tx.execute(
        sa.insert(watch_span).values(
            interface=interface, from_us=at_us, until_us=at_us, good_us=good_us
        )
    )


def note_traffic(tx: Connection, interface: str, misses: int, used_us: int | None) -> None:
    """How many misses of the channel have been looked at; since when real traffic gets through."""
    values: dict[str, int] = {"misses": misses}
    if used_us is not None:
        values["used_us"] = used_us
    tx.execute(sa.update(watch_state).where(watch_state.c.interface == interface).values(values))


def _keep(tx: Connection, interface: str, flip: Flip, before: Watched | None) -> None:
    tx.execute(
        sa.insert(watch_flip).values(
            interface=interface, at_us=flip.at_us, made_us=flip.made_us, state=flip.state.value,
            code=flip.code, detail=flip.detail, source=flip.source.value,
        )
    )  # fmt: skip
    was = before.standing.state.value if before is not None else "-"
    record(
        tx, act="watch.flip", actor="hub", subject=f"interface:{interface}",
        detail={"from": was, "to": flip.state.value, "at_us": flip.at_us, "code": flip.code},
    )  # fmt: skip


def _clean(sample: Sample) -> Sample:
    """A partner's text may hold anything: masked and cut before it is stored."""
    return Sample(
        sample.at_us, sample.state, sample.code[:LONGEST_CODE],
        mask_text(" ".join(sample.detail.split()))[:LONGEST_DETAIL], sample.source,
    )  # fmt: skip


def _values(standing: Standing) -> dict[str, Any]:
    waits = standing.pending
    return {
        "state": standing.state.value, "since_us": standing.since_us, "code": standing.code,
        "detail": standing.detail, "sample_us": standing.sample_us,
        "pending": waits.state.value if waits else "", "pending_us": waits.at_us if waits else 0,
        "pending_code": waits.code if waits else "",
        "pending_detail": waits.detail if waits else "",
        "pending_source": waits.source.value if waits else "",
    }  # fmt: skip


def _watched(row: "sa.Row[Any]") -> Watched:
    pending = None
    if row.pending:
        pending = Sample(
            row.pending_us, State(row.pending), row.pending_code, row.pending_detail,
            Source(row.pending_source),
        )  # fmt: skip
    standing = Standing(
        State(row.state), row.since_us, row.code, row.detail, row.sample_us, pending
    )
    return Watched(
        row.interface, standing, row.probed_us, row.probe_ms, row.used_us, row.misses
    )  # fmt: skip
