"""What waits for a second person, each with its preview computed again at this moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app import acts, steps
from hub.app.hub import Hub
from hub.bus.preview import Change, Line, Preview, PreviewChanged, changes
from hub.kernel.errors import HubError
from hub.kernel.secret import Secret
from hub.offset.tables import difference, item, wave
from hub.offset.withdraw import withdrawal_of
from hub.people import Approval, ApprovalState
from hub.people.tables import approval
from hub.people.words import ACTS

_ENDED_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request, what it would do now, and what moved since it was asked for.  ``trouble`` is why
    it could not be carried out now, None when it could."""

    asked: Approval
    preview: Preview
    moved: tuple[Change, ...] = ()
    trouble: HubError | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits for somebody."""
        return self.asked.state is ApprovalState.REQUESTED


def list_waiting(hub: Hub) -> list[Waiting]:
    """Open requests, oldest first."""
    with hub.store.read() as view:
        return [_waiting(hub, view, asked) for asked in hub.approvals.open_requests(view)]


def list_ended(hub: Hub) -> list[Approval]:
    """The last that were done, refused, withdrawn or grew too old, newest first."""
    query = (
        sa.select(approval.c.id)
        .where(approval.c.state != ApprovalState.REQUESTED)
        .order_by(approval.c.id.desc())
        .limit(_ENDED_SHOWN)
    )
    with hub.store.read() as view:
        return [hub.approvals.get(view, number) for number in view.scalars(query)]


def see_waiting(hub: Hub, number: int) -> Waiting:
    """One request; raises NoSuchRequest."""
    with hub.store.read() as view:
        return _waiting(hub, view, hub.approvals.get(view, number))


def require_seen(hub: Hub, number: int, seen: str) -> None:
    """Refuse a confirmation given to another preview than there is now.  Raises PreviewChanged."""
    now = see_waiting(hub, number)
    if seen and now.open and seen != now.preview.digest:
        said = ", ".join(f"{one.name} {one.before} → {one.now}" for one in now.moved)
        raise PreviewChanged(f"since it was asked for: {said or 'nothing'}; look at it again")


def _waiting(hub: Hub, view: Connection, asked: Approval) -> Waiting:
    look = _LOOKS.get(asked.act, _plain)
    try:
        preview = look(hub, view, asked)
    except HubError as error:
        return Waiting(asked, _plain(hub, view, asked), trouble=error)
    return Waiting(asked, preview, changes(asked.payload, preview.binding))


def _ours(name: str) -> Callable[[Hub, Connection, Approval], Preview]:
    def look(hub: Hub, view: Connection, asked: Approval) -> Preview:
        return acts.KINDS[name].look(hub, view, acts.subject_of(asked))

    return look


def _release(hub: Hub, view: Connection, asked: Approval) -> Preview:
    binding = withdrawal_of(view, hub.office, str(asked.payload["batch"]))
    figures = {"items": binding["rows"], "fen": binding["fen"]}
    return Preview(
        act="message.withdraw", subject=str(binding["message"]), people=2, binding=binding,
        effects=(Line("withdraw_releases", figures), Line("withdraw_closes")),
        final=(Line("withdraw_is_final"),),
    )  # fmt: skip


def _plan(_hub: Hub, view: Connection, asked: Approval) -> Preview:
    """What a plan pays, bank by bank, and whether it is still the plan that was submitted."""
    wave_id = int(asked.payload["wave_id"])
    digest = str(view.scalar(sa.select(wave.c.digest).where(wave.c.id == wave_id)) or "")
    query = (
        sa.select(item.c.bank, sa.func.count(item.c.number), sa.func.sum(item.c.fen))
        .where(item.c.wave_id == wave_id)
        .group_by(item.c.bank)
        .order_by(item.c.bank)
    )
    pays = tuple(
        Line("plan_pays", {"bank": bank, "items": int(count), "fen": int(fen)})
        for bank, count, fen in view.execute(query)
    )
    return Preview(
        act=asked.act, subject=asked.subject, people=2,
        binding={"wave_id": wave_id, "digest": digest}, effects=pays or (Line("plan_empty"),),
        stays=(Line("plan_digest", {"digest": digest[:16]}),),
        final=(Line("cannot_be_called_back"),),
    )  # fmt: skip


def _difference(_hub: Hub, view: Connection, asked: Approval) -> Preview:
    row = view.execute(
        sa.select(difference).where(difference.c.id == int(asked.payload["difference"]))
    ).one()
    figures = {
        "kind": row.kind, "bank": row.bank, "hub_fen": row.hub_fen, "bank_fen": row.bank_fen,
        "core_fen": row.core_fen,
    }  # fmt: skip
    return Preview(
        act=asked.act, subject=asked.subject, people=2, binding=asked.payload,
        effects=(
            Line("settles_difference", figures),
            Line("settled_how", {"how": str(asked.payload.get("how", ""))}),
        ),
    )  # fmt: skip


def _plain(_hub: Hub, _view: Connection, asked: Approval) -> Preview:
    """Any other act: what was asked for, as it was asked."""
    said = ", ".join(f"{name} {value}" for name, value in sorted(asked.payload.items()))
    return Preview(
        act=asked.act, subject=asked.subject, people=2, binding=asked.payload,
        effects=(
            Line("carries_out", {"title": ACTS[asked.act].title}), Line("asked", {"what": said}),
        ),
    )  # fmt: skip


_LOOKS: Mapping[str, Callable[[Hub, Connection, Approval], Preview]] = {
    "channel.resume": _ours("channel.resume"),
    "message.resend_money": _ours("message.resend"),
    "message.unpark": _ours("message.unpark"),
    "agreement.resume": _ours("agreement.resume"),
    "agreement.end": _ours("agreement.end"),
    "case.unseal": _ours("case.unseal"),
    "hold.release": _release,
    "plan.approve": _plan,
    "difference.settle": _difference,
}


def confirm(hub: Hub, token: Secret, number: int, reason: str, seen: str) -> str:
    """The second person's yes to what was just shown.  Raises PreviewChanged besides what
    ``steps.confirm`` raises."""
    require_seen(hub, number, seen)
    return steps.confirm(hub, token, number, reason)
