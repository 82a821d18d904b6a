"""What stands beside a run: channels, drift, alerts, the audit."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.app.standing import Standing
from hub.audit.tables import audit_entry, audit_head
from hub.bus.looking import newest_delivered
from hub.bus.rows import HEAD
from hub.bus.tables import alert, channel, drift, message
from hub.web import model
from hub.web.desk.shift import Shift

_MOST = 50
_READS = 500
"""Refused readings that are looked at, newest first; those before them have long been got past."""
_WITNESS_LATE_US = 60_000_000
"""Entries are witnessed within ten seconds; after six times that somebody must look."""


def troubles(hub: Hub, standing: Standing) -> Iterator[model.AlertRow]:
    """A database that must not work, and a witness that cannot be written."""
    now_us = hub.office.now_us()
    if not standing.good:
        yield model.AlertRow(
            kind="store_not_current", at_us=now_us, subject=standing.verdict.value,
            text=standing.text, hint=standing.next_step or "启动 hub serve，由它向银行和核心核对",
            money=True,
        )  # fmt: skip
    trouble = hub.keeper.trouble
    if trouble is not None and standing.good:
        yield model.AlertRow(
            kind="audit_trouble", at_us=now_us, subject=trouble.code, text=trouble.message,
            hint=trouble.hint,
        )  # fmt: skip


def late_witness(hub: Hub, view: Connection, shift: Shift) -> Iterator[model.AlertRow]:
    """Whoever keeps the audit, here or in another process, has not witnessed it for a while."""
    last = hub.checkpoints.last()
    e = audit_entry.c
    # The first by number, sealed and not: to take the least of all would read every one of them.
    sealed = sa.select(e.instant_us).where(e.seq > (last.seq if last else 0)).order_by(e.seq)
    waits = sa.select(e.instant_us).where(e.seq.is_(None)).order_by(e.id)
    first = [view.scalar(query.limit(1)) for query in (sealed, waits)]
    oldest = min((int(each) for each in first if each is not None), default=None)
    now_us = hub.office.now_us()
    if oldest is not None and shift(oldest) < now_us - _WITNESS_LATE_US:
        yield model.AlertRow(
            kind="audit_late", at_us=shift(oldest), subject=str(hub.checkpoints.folder.name),
            text="审计条目已有一分钟以上未写库外检查点",
            hint="检查 hub serve 或 hub worker 是否在运行",
        )  # fmt: skip


def channels(hub: Hub, view: Connection, shift: Shift) -> Iterator[model.ChannelRow]:
    """Every channel that was used, with what waits in it."""
    counts: dict[tuple[str, str], int] = {}
    busy = ("queued", "waiting", "in_flight", "parked")
    query = (
        sa.select(message.c.interface, message.c.state, sa.func.count())
        .where(message.c.state.in_(busy))
        .group_by(message.c.interface, message.c.state)
    )
    for interface, state, count in view.execute(query):
        counts[interface, state] = int(count)
    for each in view.execute(sa.select(channel).order_by(channel.c.interface)):
        adapter = hub.adapters.get(each.interface)
        yield model.ChannelRow(
            interface=each.interface,
            name=adapter.manifest.partner.name if adapter else each.interface,
            money=True,
            stopped=bool(each.stopped),
            queued=counts.get((each.interface, "queued"), 0)
            + counts.get((each.interface, "waiting"), 0),
            in_flight=counts.get((each.interface, "in_flight"), 0),
            parked=counts.get((each.interface, "parked"), 0),
            reason=each.stopped_why,
            by=each.stopped_by,
            since_us=shift.maybe(each.stopped_us),
        )


def drifts(view: Connection, shift: Shift) -> Iterator[model.DriftRow]:
    """Where partners say something else than the contract."""
    for each in view.execute(sa.select(drift).order_by(drift.c.last_us.desc()).limit(_MOST)):
        yield model.DriftRow(
            interface=each.interface, version=each.contract_version, place=each.place,
            expected=each.expected, found=each.found, times=each.seen,
            first_us=shift(each.first_us), last_us=shift(each.last_us),
        )  # fmt: skip


def alerts(view: Connection, shift: Shift) -> Iterator[model.AlertRow]:
    """Dead letters, and alerts that have begun and not ended."""
    dead = sa.select(*HEAD).where(message.c.state == "dead").order_by(message.c.id).limit(_MOST)
    for each in view.execute(dead):
        yield model.AlertRow(
            kind="dead_letter", at_us=shift(each.ended_us or each.queued_us),
            subject=f"#{each.id} {each.subject}", text=f"{each.error_code} {each.error_text}",
            hint=f"hub resend {each.id}", money=each.effect == "money",
        )  # fmt: skip
    for each in _refused(view):
        yield model.AlertRow(
            kind="refused", at_us=shift(each.ended_us or each.queued_us),
            subject=f"#{each.id} {each.subject}", text=f"{each.error_code} {each.error_text}",
            hint=f"与对接方查明后 hub resend {each.id}", money=each.effect == "command",
        )  # fmt: skip
    begun = sa.select(alert).where(alert.c.open_key.is_not(None)).order_by(alert.c.begun_us)
    for each in view.execute(begun):
        yield model.AlertRow(
            kind=each.kind, at_us=shift(each.begun_us), subject=each.interface, text=each.detail
        )


def _refused(view: Connection) -> list[sa.Row[Any]]:
    """What a partner refused for good and nobody has got past yet: commands until they are sent
    again, readings until one like them is answered.  (Refused money has its outcome.)"""
    refused = sa.select(*HEAD).where(message.c.state == "rejected")
    commands = refused.where(message.c.effect == "command").order_by(message.c.id).limit(_MOST)
    reads = refused.where(message.c.effect == "read").order_by(message.c.id.desc()).limit(_READS)
    found, newest = list(view.execute(commands)), dict[tuple[str, str], int]()
    for each in view.execute(reads):
        kind = (each.interface, each.kind)
        if kind not in newest:
            newest[kind] = newest_delivered(view, *kind)
        if newest[kind] < each.id:
            found.append(each)
    return sorted(found, key=lambda each: each.id)[:_MOST]


def audit(hub: Hub, view: Connection, shift: Shift) -> model.AuditHead | None:
    """Where the audit chain stands."""
    head = view.execute(sa.select(audit_head)).first()
    unsealed = view.scalar(
        sa.select(sa.func.count()).select_from(audit_entry).where(audit_entry.c.seq.is_(None))
    )
    last = hub.checkpoints.last()
    return model.AuditHead(
        sealed=0 if head is None else int(head.seq),
        digest="" if head is None else str(head.chain),
        unsealed=int(unsealed or 0),
        checkpoint_us=None if last is None else shift(last.at_us),
    )
