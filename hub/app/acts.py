"""The acts of operators on channels and messages, in one shape: preview, order, confirm.

``look`` tells what an act would do now, ``order`` has it done or, where money may move, asks a
second person.  Both see the same preview, computed inside the transaction of the act; what the
person agreed to is its binding, whose digest stands in the audit beside who, what and why.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from hub import audit
from hub.app import agreement_acts, case_acts, field_acts, lines, previews, standing
from hub.app.act_kinds import ActKind
from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.bus.preview import Change, Preview, PreviewChanged, changes
from hub.bus.values import WrongState
from hub.kernel.errors import BadInput, NotFound
from hub.kernel.logs import mask_text
from hub.kernel.secret import Secret
from hub.offset import asking
from hub.offset.withdraw import withdraw_batch
from hub.people import Actor, Approval
from hub.people.approvals import Payload

_LONGEST = 18


class NoSuchAct(BadInput):
    """There is no act of this name."""

    code = "act.unknown"
    hint = "The acts stand on the page of the channel or the message."


class NoReason(BadInput):
    """Every act needs a reason."""

    code = "act.no_reason"
    hint = "Say why; it goes into the audit."


class NoEvidence(BadInput):
    """This act needs evidence."""

    code = "act.no_evidence"
    hint = "Name the paper it rests on: its number, or the file's name and SM3."


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of an order: done, or asked of a second person under ``approval``."""

    text: str
    preview: Preview
    approval: int | None = None


def look(hub: Hub, act: str, subject: str) -> Preview:
    """What the act would do at this moment.  Raises NoSuchAct, and NotFound for the subject."""
    kind = _kind(act)
    with hub.store.read() as view:
        return kind.look(hub, view, subject)


def order(
    hub: Hub, token: Secret, act: str, subject: str, reason: str, *, seen: str = "",
    evidence: str = "",
) -> Ordered:  # fmt: skip
    """Do it, or ask the second person.

    ``seen`` is the digest of the preview the person looked at, or its binding as JSON; empty when
    there was none.  Raises PreviewChanged when it is another one by now, WrongState when the act
    cannot be ordered, and what people's rules refuse.
    """
    kind, actor = _kind(act), hands_on(hub.people.authenticate(token))
    if not reason.strip():
        raise NoReason
    if kind.ask is not None and not evidence.strip():
        raise NoEvidence
    with hub.store.write() as tx:
        preview = kind.look(hub, tx, subject)
        if seen and not kind.loose:
            _require_seen(seen, preview)
        if preview.why_not is not None:
            raise WrongState(f"{act} {subject}: {preview.why_not.code}")
        if preview.people == 1:
            said = kind.do(hub, tx, preview, actor.login, reason)
            _note(tx, actor, preview, reason)
            return Ordered(said, preview)
        if kind.ask is not None:
            kind.ask(hub, tx, preview, actor.login, reason, evidence)
            preview = kind.look(hub, tx, subject)
        return _ask(hub, tx, actor, kind, preview, reason)


def _ask(
    hub: Hub, tx: Connection, actor: Actor, kind: ActKind, preview: Preview, reason: str
) -> Ordered:
    approval = hub.approvals.request(
        tx, actor, act=kind.approval, subject=_title(preview), payload=preview.binding,
        reason=reason,
    )  # fmt: skip
    begun = ""
    if preview.act == "message.resend" and previews.needs_inquiry(preview):
        asked = asking.ask_about_batch(tx, hub.office, int(preview.subject))
        begun = f"；已先向对方查证（报文 {'、'.join(str(n) for n in asked)}），答复后方可复核"
    said = f"{_title(preview)}：已申请，审批号 {approval}{begun}"
    return Ordered(f"{said}；请另一人执行 hub approve {approval}", preview, approval)


def _title(preview: Preview) -> str:
    if preview.act == "message.withdraw":
        return f"批次 {preview.binding['batch']}"
    word = {"message": "报文 ", "case": "办件 "}.get(preview.act.partition(".")[0], "")
    return f"{word}{preview.subject}"


def _require_seen(seen: str, now: Preview) -> None:
    moved = moved_since(seen, now)
    if moved is None:
        raise PreviewChanged(f"the preview is {now.digest[:16]} by now, not {seen[:16]}")
    if moved:
        said = ", ".join(f"{one.name} {one.before} → {one.now}" for one in moved)
        raise PreviewChanged(f"since it was shown: {said}")


def moved_since(seen: str, now: Preview) -> tuple[Change, ...] | None:
    """What changed since ``seen``, a digest or a binding as JSON; None for another digest."""
    if seen == now.digest:
        return ()
    try:
        before = json.loads(seen)
    except ValueError:
        return None
    return changes(before, now.binding) if isinstance(before, dict) else None


def _note(tx: Connection, actor: Actor, preview: Preview, reason: str) -> None:
    """Who did what, why, and what they had been shown; acts of two are noted by the approvals."""
    figures = preview.binding
    audit.record(
        tx, act=f"{preview.act}.ordered", actor=actor.login, subject=_subject(preview),
        detail={"preview": preview.digest, "reason": mask_text(reason)[:200]},
        count=_number(figures.get("items")), fen=_number(figures.get("fen")),
    )  # fmt: skip


def _subject(preview: Preview) -> str:
    return f"{preview.act.partition('.')[0]}:{preview.subject}"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _kind(act: str) -> ActKind:
    if act not in KINDS:
        raise NoSuchAct(f"there is no act {act[:40]!r}")
    return KINDS[act]


def number_of(subject: str) -> int:
    """A message's number as given; raises NotFound."""
    if not (subject.isascii() and subject.isdigit() and len(subject) <= _LONGEST):
        raise NotFound(f"there is no message {subject[:_LONGEST]!r}")
    return int(subject)


# --- what each does ---


def _stop(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    done = hub.bus.stop(tx, preview.subject, by, why)
    return f"{preview.subject} 已停发：搁置 {done.parked} 条，正在途中 {done.in_flight} 条"


def _resume(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    freed = hub.bus.resume(tx, preview.subject, by, why)
    return f"{preview.subject} 已恢复：{freed} 条重新排队"


def _inquire(hub: Hub, tx: Connection, preview: Preview, _by: str, _why: str) -> str:
    asked = asking.ask_about_batch(tx, hub.office, int(preview.subject))
    return f"已向对方查证：报文 {'、'.join(str(number) for number in asked)}"


def _resend(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    number = int(preview.subject)
    inquiry = asking.answered_inquiry(tx, hub.bus, number)
    hub.bus.resend(tx, number, by, why, inquiry=inquiry)
    return f"报文 {number} 已重新排队"


def _park(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    _did(hub.bus.park(tx, int(preview.subject), by, why), preview)
    return f"报文 {preview.subject} 已搁置"


def _unpark(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    _did(hub.bus.unpark(tx, int(preview.subject), by, why), preview)
    return f"报文 {preview.subject} 已恢复排队"


def _close(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    _did(hub.bus.close_dead(tx, int(preview.subject), by, why), preview)
    return f"报文 {preview.subject} 已办结，所载明细未作任何改动"


def _withdraw(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    batch = str(preview.binding["batch"])
    count = withdraw_batch(tx, hub.office, batch, actor=by, reason=why)
    return f"批次 {batch} 已撤回 {count} 笔"


def _did(done: bool, preview: Preview) -> None:
    if not done:
        raise WrongState(f"message {preview.subject} has moved on")


KINDS: Mapping[str, ActKind] = {
    "channel.stop": ActKind(previews.stop, _stop, loose=True),
    "channel.switch": lines.KIND,
    "channel.resume": ActKind(previews.resume, _resume, "channel.resume"),
    "message.inquire": ActKind(previews.inquire, _inquire),
    "message.resend": ActKind(previews.resend, _resend, "message.resend_money"),
    "message.park": ActKind(previews.park, _park),
    "message.unpark": ActKind(previews.unpark, _unpark, "message.unpark"),
    "message.close": ActKind(previews.close, _close),
    "message.withdraw": ActKind(previews.withdraw, _withdraw, "hold.release"),
    **agreement_acts.KINDS,
    **case_acts.KINDS,
    **field_acts.KINDS,
}
MESSAGE_ACTS = tuple(name for name in KINDS if name.startswith("message."))


def register(hub: Hub) -> None:
    """Tell the approvals how the acts of two are carried out, and what is true of them now.

    ``hold.release`` is told by ``withdrawals``, which has it for batches by number."""
    for kind in KINDS.values():
        if kind.approval and kind.approval != "hold.release":
            _register(hub, kind)


def _register(hub: Hub, kind: ActKind) -> None:
    def carry_out(tx: Connection, asked: Approval) -> None:
        if kind.approval == "channel.resume":
            standing.require_current_store(hub)
        preview = kind.look(hub, tx, subject_of(asked))
        kind.do(hub, tx, preview, asked.confirmed_by, asked.reason)

    def truth(tx: Connection, asked: Approval) -> Payload:
        preview = kind.look(hub, tx, subject_of(asked))
        if preview.why_not is not None:
            raise WrongState(f"{asked.act} {asked.subject}: {preview.why_not.code}")
        return preview.binding

    hub.approvals.on(kind.approval, carry_out, truth=truth)


def subject_of(asked: Approval) -> str:
    """What a request of one of these acts is about."""
    names = ("message", "interface", "agreement", "case_id")
    return next(str(asked.payload[name]) for name in names if name in asked.payload)
