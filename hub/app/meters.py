"""What a monitoring system asks every few seconds: backlog, unknown, leases, proofs, sizes.

Every reading is cheap whatever lies in the tables (counts are of what is unfinished, through
indexes), and nothing personal is in it.  ``METERS`` names them all; docs/reference/metrics.md and
the ready dashboard follow from it.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import __version__
from hub.app.backups import SUBJECT
from hub.app.database_meters import database_readings
from hub.app.duty_acts import next_gap
from hub.app.hub import Hub
from hub.audit.tables import audit_entry, audit_head
from hub.bus import expiry
from hub.bus.channels import SHOWN, read_channels
from hub.bus.tables import alert, drift, inbound, message
from hub.bus.words import MessageState
from hub.kernel.clocks import to_us
from hub.monitor.alerts import undelivered
from hub.monitor.feeds import count_late
from hub.monitor.limits import OVER
from hub.offset.tables import difference, item, leg, run
from hub.offset.words import ItemState, RunState
from hub.schedule.tables import job_due, lease
from hub.store import among, database_now_us

COUNTER, GAUGE = "counter", "gauge"
_S = 1_000_000
_CHUNK = 20_000
"""Most audit entries that one reading of the attempts takes in; the next goes on there."""


@dataclass(frozen=True, slots=True)
class Meter:
    """One name: what it measures, in words, and the labels its samples carry."""

    kind: str
    help: str
    labels: tuple[str, ...] = ()


METERS = {
    "hub_info": Meter(GAUGE, "Always 1; which program, in which environment.",
                      ("version", "environment", "database")),
    "hub_messages": Meter(GAUGE, "Messages that have not ended, by state.",
                          ("interface", "state")),
    "hub_oldest_waiting_seconds": Meter(GAUGE, "Age of the oldest message that waits to be sent.",
                                        ("interface",)),
    "hub_channel_stopped": Meter(GAUGE, "1 while the stop switch is on.", ("interface",)),
    "hub_channel_misses": Meter(GAUGE, "How often in a row the partner could not be reached.",
                                ("interface",)),
    "hub_inbound_waiting": Meter(GAUGE, "What came in and is not handled yet.",
                                 ("interface", "state")),
    "hub_attempts_total": Meter(COUNTER, "Attempts that ended since this process started, by all"
                                " processes, counted when they are sealed in the audit.",
                                ("interface", "verdict")),
    "hub_items_unknown": Meter(GAUGE, "Items of open runs whose result nobody knows yet.",
                               ("bank",)),
    "hub_differences_open": Meter(GAUGE, "Differences that wait for people.", ("kind",)),
    "hub_alerts_open": Meter(GAUGE, "Alerts that have begun and not ended.", ("kind",)),
    "hub_expiry_seconds": Meter(GAUGE, "Until the first certificate, key or date of an interface"
                                " ends; negative when it has.", ("interface",)),
    "hub_jobs_waiting": Meter(GAUGE, "Due jobs that have not been done."),
    "hub_job_lateness_seconds": Meter(GAUGE, "How long the oldest of them could have been done."),
    "hub_lease_held_seconds": Meter(GAUGE, "Since when one process leads.", ("name",)),
    "hub_lease_remaining_seconds": Meter(GAUGE, "Until the lead has to be renewed; negative: nobody"
                                         " leads.", ("name",)),
    "hub_audit_sealed_total": Meter(COUNTER, "Entries in the audit chain."),
    "hub_audit_unsealed": Meter(GAUGE, "Entries that wait to be chained."),
    "hub_checkpoint_age_seconds": Meter(GAUGE, "Since the last checkpoint outside the database."),
    "hub_backup_age_seconds": Meter(GAUGE, "Since the last backup; absent when there was none."),
    "hub_database_bytes": Meter(GAUGE, "The database's size; of SQLite its file."),
    "hub_database_wal_bytes": Meter(GAUGE, "SQLite's write-ahead log; 0 elsewhere."),
    "hub_database_lock_wait_seconds": Meter(GAUGE, "SQLite: this process's longest wait for the"
                                            " write lock in two minutes; PostgreSQL: the session"
                                            " that waits longest for a lock now."),
    "hub_database_blocking_sessions": Meter(GAUGE, "PostgreSQL: sessions for whose locks others"
                                            " wait."),
    "hub_database_slow_statements": Meter(GAUGE, "PostgreSQL: statements that have been running"
                                          " for more than five seconds."),
    "hub_database_transaction_seconds": Meter(GAUGE, "PostgreSQL: age of the oldest"
                                              " transaction."),
    "hub_disk_free_bytes": Meter(GAUGE, "Free on the disk of the home folder."),
    "hub_disk_free_ratio": Meter(GAUGE, "The same as a part of the disk, 0 to 1."),
    "hub_drift_places": Meter(GAUGE, "Places where a partner said something else than its contract"
                              " within a day.", ("interface",)),
    "hub_alerts_undelivered": Meter(GAUGE, "Alerts that failed to be delivered and are tried"
                                    " again."),
    "hub_duty_gap_seconds": Meter(GAUGE, "Until the first time within 31 days in which nobody is on"
                                  " duty; absent where there is none, or no duty list."),
    "hub_limits_over": Meter(GAUGE, "Readings beyond their limits of the watch's policy."),
    "hub_feeds_late": Meter(GAUGE, "What should have come and has not.", ("interface", "feed")),
}  # fmt: skip
"""Every name there is.  A name may be added; none may change what it means."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading: labels in the order in which the meter names them."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


class Meters:
    """Readings of one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self._sealed: int | None = None
        self._attempts: Counter[tuple[str, str]] = Counter()

    def read(self) -> list[Sample]:
        """All of them in one view.  Raises DatabaseAway."""
        with self._hub.store.read() as view:
            now_us = database_now_us(view)
            return [sample for part in self._parts() for sample in part(view, now_us)]

    def _parts(self) -> tuple[Callable[[Connection, int], Iterator[Sample]], ...]:
        return (
            self._info, self._channels, _inbound, self._attempted, _money, _alerts, _ends, _jobs,
            _leases, self._proofs, self._sizes, _watch,
            self._duty,
        )  # fmt: skip

    def _info(self, view: Connection, _now_us: int) -> Iterator[Sample]:
        labels = (__version__, self._hub.settings.environment, view.dialect.name)
        yield Sample("hub_info", 1, labels)

    def _channels(self, view: Connection, now_us: int) -> Iterator[Sample]:
        for one in read_channels(view, self._reached()):
            for state in SHOWN:
                yield Sample("hub_messages", one.pile(state).count, (one.interface, state.value))
            age = 0.0 if one.oldest_us is None else max(now_us - one.oldest_us, 0) / _S
            yield Sample("hub_oldest_waiting_seconds", age, (one.interface,))
            yield Sample("hub_channel_stopped", int(one.stopped), (one.interface,))
            yield Sample("hub_channel_misses", one.misses, (one.interface,))

    def _reached(self) -> list[str]:
        settings = self._hub.settings
        return [name for name in self._hub.adapters if settings.partner(name).endpoints]

    def _attempted(self, view: Connection, _now_us: int) -> Iterator[Sample]:
        """The chain has no gaps and no latecomers, which the numbers of rows may have: what lies
        beyond the last entry counted is what is new."""
        with self._lock:
            if self._sealed is None:
                head = view.scalar(sa.select(sa.func.max(audit_entry.c.seq)))
                self._sealed = int(head or 0)
            query = (
                sa.select(audit_entry.c.seq, audit_entry.c.act, audit_entry.c.subject,
                          audit_entry.c.detail)
                .where(audit_entry.c.seq > self._sealed)
                .order_by(audit_entry.c.seq)
                .limit(_CHUNK)
            )  # fmt: skip
            rows = view.execute(query).all()
            if rows:
                self._sealed = int(rows[-1].seq)
            ended = [
                (int(row.subject.partition(":")[2]), _verdict(row.detail))
                for row in rows
                if row.act in ("bus.attempt", "bus.late_reply")
            ]
            whose = _interfaces(view, {number for number, _ in ended})
            self._attempts.update((whose[number], said) for number, said in ended)
            return iter([Sample("hub_attempts_total", n, key) for key, n in self._attempts.items()])

    def _proofs(self, view: Connection, now_us: int) -> Iterator[Sample]:
        yield Sample("hub_audit_sealed_total", view.scalar(sa.select(audit_head.c.seq)) or 0)
        waits = sa.select(sa.func.count()).where(audit_entry.c.seq.is_(None))
        yield Sample("hub_audit_unsealed", view.scalar(waits) or 0)
        last = self._hub.checkpoints.last()
        if last is not None:
            yield Sample("hub_checkpoint_age_seconds", max(now_us - last.at_us, 0) / _S)
        backed_up = view.scalar(
            sa.select(sa.func.max(audit_entry.c.instant_us)).where(audit_entry.c.subject == SUBJECT)
        )
        if backed_up is not None:
            yield Sample("hub_backup_age_seconds", max(now_us - int(backed_up), 0) / _S)

    def _duty(self, view: Connection, _now_us: int) -> Iterator[Sample]:
        now_us = to_us(self._hub.clock.now())
        gap = next_gap(view, now_us)
        if gap is not None:
            yield Sample("hub_duty_gap_seconds", max(gap[0] - now_us, 0) / _S)

    def _sizes(self, view: Connection, _now_us: int) -> Iterator[Sample]:
        for name, value in database_readings(view, self._hub.settings):
            yield Sample(name, value)


def _interfaces(view: Connection, numbers: set[int]) -> dict[int, str]:
    m = message.c
    query = sa.select(m.id, m.interface).where(among(view, m.id, numbers))
    return {row.id: row.interface for row in view.execute(query)} if numbers else {}


def _verdict(detail: str) -> str:
    """``bank.instruct attempt 1: unknown line.timeout`` → ``unknown``."""
    text = str(json.loads(detail or "{}").get("text", ""))
    return (text.partition(": ")[2].split() or ["other"])[0]


def _inbound(view: Connection, _now_us: int) -> Iterator[Sample]:
    states = (MessageState.RECEIVED.value, MessageState.ACCEPTED.value)
    query = (
        sa.select(inbound.c.interface, inbound.c.state, sa.func.count())
        .where(inbound.c.state.in_(states))
        .group_by(inbound.c.interface, inbound.c.state)
    )
    for interface, state, count in view.execute(query):
        yield Sample("hub_inbound_waiting", count, (interface, state))


def _money(view: Connection, _now_us: int) -> Iterator[Sample]:
    query = (
        sa.select(leg.c.bank, sa.func.count(item.c.number))
        .join(run, run.c.id == leg.c.run_id)
        .outerjoin(
            item,
            sa.and_(
                item.c.run_id == leg.c.run_id, item.c.bank == leg.c.bank,
                item.c.state == ItemState.UNKNOWN.value,
            ),
        )
        .where(run.c.state != RunState.CLOSED.value)
        .group_by(leg.c.bank)
    )  # fmt: skip
    for bank, count in view.execute(query):
        yield Sample("hub_items_unknown", count, (bank,))
    open_ones = (
        sa.select(difference.c.kind, sa.func.count())
        .where(difference.c.state == "open")
        .group_by(difference.c.kind)
    )
    for kind, count in view.execute(open_ones):
        yield Sample("hub_differences_open", count, (kind,))


def _alerts(view: Connection, _now_us: int) -> Iterator[Sample]:
    query = (
        sa.select(alert.c.kind, sa.func.count())
        .where(alert.c.open_key.is_not(None))
        .group_by(alert.c.kind)
    )
    for kind, count in view.execute(query):
        yield Sample("hub_alerts_open", count, (kind,))


def _ends(view: Connection, now_us: int) -> Iterator[Sample]:
    first: dict[str, int] = {}
    for one in expiry.read(view):
        if one.expires_us:
            first.setdefault(one.interface, one.expires_us)
    for interface, expires_us in sorted(first.items()):
        yield Sample("hub_expiry_seconds", (expires_us - now_us) / _S, (interface,))


def _jobs(view: Connection, now_us: int) -> Iterator[Sample]:
    late = sa.select(sa.func.count(), sa.func.min(job_due.c.ready_us))
    count, oldest = view.execute(late.where(job_due.c.ready_us <= now_us)).one()
    yield Sample("hub_jobs_waiting", count)
    yield Sample("hub_job_lateness_seconds", 0 if oldest is None else (now_us - oldest) / _S)


def _leases(view: Connection, now_us: int) -> Iterator[Sample]:
    for each in view.execute(sa.select(lease).order_by(lease.c.name)):
        yield Sample("hub_lease_held_seconds", max(now_us - each.taken_us, 0) / _S, (each.name,))
        yield Sample("hub_lease_remaining_seconds", (each.until_us - now_us) / _S, (each.name,))


def _watch(view: Connection, now_us: int) -> Iterator[Sample]:
    since = now_us - 86_400 * _S
    drifted = (
        sa.select(drift.c.interface, sa.func.count())
        .where(drift.c.last_us >= since)
        .group_by(drift.c.interface)
    )
    for interface, count in view.execute(drifted):
        yield Sample("hub_drift_places", count, (interface,))
    yield Sample("hub_limits_over", view.scalar(sa.select(sa.func.count()).where(OVER)) or 0)
    yield Sample("hub_alerts_undelivered", undelivered(view))
    for (interface, feed), count in sorted(count_late(view).items()):
        yield Sample("hub_feeds_late", count, (interface, feed))
