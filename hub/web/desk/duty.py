"""The desk of the operators on duty: channels, messages, dead letters, confirmations."""

import json
from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app import acts, confirming, speech, steps
from hub.app.hub import Hub
from hub.audit.tables import audit_entry
from hub.bus import MessageState, expiry
from hub.bus.channels import ChannelState, read_channels
from hub.bus.expiry import Ending
from hub.bus.looking import (
    MessageFilter,
    MessagePage,
    MessageSeen,
    kinds,
    list_messages,
    see_message,
)
from hub.bus.preview import Change, Preview
from hub.bus.tables import message
from hub.kernel.secret import Secret
from hub.offset import asking
from hub.offset.tables import run
from hub.people import Approval
from hub.store import database_now_us
from hub.web.desk.shift import Shift
from hub.web.model.duty import ChannelLine, DeadLetter, MessageView
from hub.web.model.items import AuditLine

_DEAD_MOST = 100
_AUDIT_MOST = 50
_DEAD_ACTS = ("message.inquire", "message.resend", "message.withdraw", "message.close")


class StoreDutyDesk:
    """:class:`hub.web.model.duty.DutyDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def channels(self) -> tuple[ChannelLine, ...]:
        hub = self._hub
        with hub.store.read() as view:
            shift = Shift.now(hub, view)
            states = read_channels(view, hub.adapters)
            near = self._near(view)
        return tuple(
            ChannelLine(
                shift.all(state), self._name(state.interface),
                bool(hub.settings.partner(state.interface).endpoints), self._other(state),
                near.get(state.interface),
            )
            for state in states
        )  # fmt: skip

    def _near(self, view: Connection) -> dict[str, Ending]:
        """What ends first on each interface, within the first threshold."""
        now, most = database_now_us(view), max(self._hub.settings.expiry_days, default=0)
        found: dict[str, Ending] = {}
        for one in expiry.read(view):
            if one.expires_us and one.days(now) < most:
                found.setdefault(one.interface, one)
        return found

    def _other(self, state: ChannelState) -> int | None:
        places = self._hub.settings.partner(state.interface).places
        return (state.place + 1) % places if places > 1 else None

    def _name(self, interface: str) -> str:
        adapter = self._hub.adapters.get(interface)
        return adapter.manifest.partner.name if adapter else interface

    def messages(self, wanted: MessageFilter, before: int | None, size: int) -> MessagePage:
        with self._hub.store.read() as view:
            shift = Shift.now(self._hub, view)
            here = replace(
                wanted, since_us=shift.back(wanted.since_us), until_us=shift.back(wanted.until_us)
            )
            return shift.all(list_messages(view, here, before=before, size=size))

    def message_facets(self) -> dict[str, tuple[str, ...]]:
        with self._hub.store.read() as view:
            periods = view.scalars(sa.select(run.c.period).order_by(run.c.period.desc()).limit(24))
            return {
                "interface": tuple(sorted(self._hub.adapters)),
                "kind": tuple(kinds(view)),
                "group": tuple(f"run:{period}" for period in periods),
            }

    def message(self, number: str) -> MessageView:
        hub, one = self._hub, acts.number_of(number)
        with hub.store.read() as view:
            shift = Shift.now(hub, view)
            seen = see_message(view, one)
            batch = asking.batch_of(view, one)
            lines = tuple(_audit(view, one, shift))
            previews = tuple(acts.KINDS[act].look(hub, view, number) for act in acts.MESSAGE_ACTS)
            inquiries = _inquiries(view, seen) if batch is not None else ()
        said = {(each.try_no, each.call_no): each for each in speech.hear_message(hub, one)}
        return MessageView(
            shift.all(seen), said, previews, lines,
            batch="" if batch is None else batch.number,
            month="" if batch is None else batch.period, inquiries=inquiries,
        )  # fmt: skip

    def dead(self) -> tuple[DeadLetter, ...]:
        hub = self._hub
        query = (
            sa.select(message.c.id)
            .where(message.c.state == MessageState.DEAD.value)
            .order_by(message.c.id)
            .limit(_DEAD_MOST)
        )
        with hub.store.read() as view:
            shift = Shift.now(hub, view)
            letters = [see_message(view, number) for number in view.scalars(query)]
            return tuple(
                DeadLetter(
                    shift.all(each), self._name(each.message.interface), each.message.maybe_sent,
                    tuple(
                        acts.KINDS[act].look(hub, view, str(each.message.id)) for act in _DEAD_ACTS
                    ),
                )
                for each in letters
            )  # fmt: skip

    def look(self, act: str, subject: str) -> Preview:
        return acts.look(self._hub, act, subject)

    def moved_since(self, seen: str, now: Preview) -> tuple[Change, ...]:
        return acts.moved_since(seen, now) or ()

    def order(
        self, token: Secret, act: str, subject: str, reason: str, seen: str, evidence: str
    ) -> acts.Ordered:
        return acts.order(self._hub, token, act, subject, reason, seen=seen, evidence=evidence)

    def waiting(self) -> tuple[confirming.Waiting, ...]:
        return tuple(self._shifted(each) for each in confirming.list_waiting(self._hub))

    def ended(self) -> tuple[Approval, ...]:
        with self._hub.store.read() as view:
            shift = Shift.now(self._hub, view)
        return tuple(shift.all(each) for each in confirming.list_ended(self._hub))

    def approval(self, number: str) -> confirming.Waiting:
        return self._shifted(confirming.see_waiting(self._hub, acts.number_of(number)))

    def _shifted(self, one: confirming.Waiting) -> confirming.Waiting:
        with self._hub.store.read() as view:
            shift = Shift.now(self._hub, view)
        return confirming.Waiting(shift.all(one.asked), one.preview, one.moved, one.trouble)

    def confirm_seen(self, token: Secret, number: str, reason: str, seen: str) -> str:
        return confirming.confirm(self._hub, token, acts.number_of(number), reason, seen)

    def refuse(self, token: Secret, approval: str, reason: str) -> str:
        return steps.refuse(self._hub, token, acts.number_of(approval), reason)

    def raw(
        self, token: Secret, number: str, try_no: int, call_no: int, reason: str
    ) -> tuple[str, str]:
        return speech.raw_call(self._hub, token, acts.number_of(number), try_no, call_no, reason)


def _inquiries(view: Connection, seen: MessageSeen) -> tuple[int, ...]:
    """The last questions about a batch, newest first."""
    one = seen.message
    query = (
        sa.select(message.c.id)
        .where(message.c.interface == one.interface)
        .where(message.c.kind.in_(["bank.results", "bank.inquire"]))
        .where(message.c.msg_key >= f"{one.key}:", message.c.msg_key < f"{one.key};")
        .order_by(message.c.id.desc())
        .limit(20)
    )
    return tuple(view.scalars(query))


def _audit(view: Connection, number: int, shift: Shift) -> Iterator[AuditLine]:
    subjects = [f"message:{number}", f"报文 {number}"]
    query = (
        sa.select(audit_entry)
        .where(audit_entry.c.subject.in_(subjects))
        .order_by(audit_entry.c.id.desc())
        .limit(_AUDIT_MOST)
    )
    for row in view.execute(query):
        detail = json.loads(row.detail or "{}")
        said = " · ".join(str(v) if k == "text" else f"{k} {v}" for k, v in detail.items())
        yield AuditLine(
            number=row.seq or row.id, at_us=shift(row.instant_us), actor=row.actor, act=row.act,
            text=said, digest=row.chain or "", sealed=row.seq is not None,
        )  # fmt: skip
