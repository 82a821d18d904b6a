"""One message that came in, decoded and masked for everybody, and as it stood for a few."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.app.acts import NoReason
from hub.app.hub import Hub
from hub.app.operators import may_see_raw
from hub.app.speech import Speech, hear, wording
from hub.bus.inbox_looking import InboundSeen, see_inbound
from hub.bus.tables import inbound
from hub.cases.tables import case_version
from hub.kernel.logs import mask_text
from hub.kernel.secret import Secret
from hub.ports.inbound import Word

_NOT_BELIEVED = {Word.SIGNATURE, Word.UNREADABLE, Word.CIPHER, Word.STALE, Word.REPLAYED}


@dataclass(frozen=True, slots=True)
class InboundView:
    """``request``: as it came, headers and all; ``content``: what it says, as it is kept;
    ``answer``: ours.  ``believed``: whether it passed signature and freshness (what did not is
    mostly not stored at all).  ``case_id``: the case it is a version of."""

    seen: InboundSeen
    request: Speech
    content: Speech
    answer: Speech
    believed: bool
    signed: bool
    case_id: int | None


def see(hub: Hub, view: Connection, number: int) -> InboundView:
    """Raises NoSuchMessage."""
    seen = see_inbound(view, number)
    came, said, sent = _opened(hub, view, number)
    adapter = hub.adapters.get(seen.interface)
    extra = {} if adapter is None else adapter.contract.extra
    signed = any(name in extra for name in ("signature", "envelope", "gateway", "security"))
    filed = sa.select(case_version.c.case_id).where(case_version.c.inbound_id == number).limit(1)
    return InboundView(
        seen, hear(_body(came)), hear(said), hear(sent), seen.answer_code not in _NOT_BELIEVED,
        signed, view.scalar(filed),
    )  # fmt: skip


def raw_inbound(hub: Hub, token: Secret, number: int, reason: str) -> tuple[str, str]:
    """Request and answer in their wording, for a person with the role ``raw``.

    The look is in the audit before anything is shown.  Raises RawNotYours, NoSuchMessage.
    """
    actor = may_see_raw(hub.people.authenticate(token))
    if not reason.strip():
        raise NoReason
    with hub.store.write() as tx:
        may_see_raw(hub.people.current(tx, actor))
        see_inbound(tx, number)
        came, said, sent = _opened(hub, tx, number)
        audit.record(
            tx, act="inbound.raw_seen", actor=actor.login, subject=f"inbound:{number}",
            detail={"reason": mask_text(reason)[:200]},
        )  # fmt: skip
    return wording(came or said), wording(sent)


def _opened(hub: Hub, tx: Connection, number: int) -> tuple[bytes, bytes, bytes]:
    """The request's own bytes, its content, our answer; empty where there is none."""
    c = inbound.c
    row = tx.execute(
        sa.select(c.raw_key, c.raw, c.key_id, c.body, c.answer_key, c.answer).where(c.id == number)
    ).one()
    pairs = ((row.raw_key, row.raw), (row.key_id, row.body), (row.answer_key, row.answer))
    came, said, sent = (
        b"" if key is None or blob is None else hub.vault.open(tx, key, blob) for key, blob in pairs
    )
    return came, said, sent


def _body(raw: bytes) -> bytes:
    """Without its headers: among them are signatures and keys, which no shape makes clearer."""
    return raw.partition(b"\r\n\r\n")[2]
