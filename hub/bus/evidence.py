"""What remains of an attempt: its row, its calls on the wire, its drifts, its audit entry."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import Entry, record_many
from hub.bus import drifts
from hub.bus.attempts import Outcome
from hub.bus.intake import VAULT_KIND
from hub.bus.tables import attempt, call
from hub.bus.values import Claim, Message
from hub.crypto.sm3 import sm3
from hub.store.prepared import Prepared

if TYPE_CHECKING:
    from hub.bus.bus import Bus


_END = Prepared(
    sa.update(attempt)
    .where(
        attempt.c.message_id == sa.bindparam("b_message_id"),
        attempt.c.try_no == sa.bindparam("b_try_no"),
    )
    .values(
        ended_us=sa.bindparam("b_ended_us"),
        verdict=sa.bindparam("b_verdict"),
        late=sa.bindparam("b_late"),
        error_code=sa.bindparam("b_error_code"),
        error_text=sa.bindparam("b_error_text"),
    )
)


_CALL = Prepared(sa.insert(call))


def sealed(bus: "Bus", claim: Claim, outcome: Outcome) -> Outcome:
    """The outcome with its calls sealed, where the key is in memory: in the sender's own time, not
    in the transaction that everybody waits for."""
    pairs = []
    for one in outcome.calls:
        request = bus.vault.seal_known(VAULT_KIND, claim.message.month, one.request)
        reply = bus.vault.seal_known(VAULT_KIND, claim.message.month, one.reply)
        if request is None or reply is None:
            return outcome
        pairs.append((request, reply))
    return replace(outcome, sealed=tuple(pairs))


def store(
    bus: "Bus",
    tx: Connection,
    ended: Sequence[tuple[Claim, Outcome]],
    *,
    now_us: int,
    late: bool = False,
) -> None:
    """Write attempts' ends.  ``late``: the lease was lost; kept as evidence, nothing moved."""
    _END.many(tx, [_end_row(claim.message, out, now_us, late=late) for claim, out in ended])
    calls = {
        claim.message.id: [
            _call_row(bus, tx, claim, outcome, place) for place in range(len(outcome.calls))
        ]
        for claim, outcome in ended
    }
    rows = [row for of_one in calls.values() for row in of_one]
    if rows:
        _CALL.many(tx, rows)
    for claim, outcome in ended:
        if outcome.drifts:
            one = claim.message
            spoken = outcome.spoken or one.contract_version
            drifts.store(tx, one.interface, spoken, outcome.drifts, now_us)
    record_many(
        tx,
        [
            _entry(claim.message, outcome, _root(calls[claim.message.id]), late=late)
            for claim, outcome in ended
        ],
    )


def _end_row(one: Message, outcome: Outcome, now_us: int, *, late: bool) -> dict[str, Any]:
    return {
        "b_message_id": one.id,
        "b_try_no": one.try_no,
        "b_ended_us": now_us,
        "b_verdict": outcome.verdict.value,
        "b_late": int(late),
        "b_error_code": outcome.error_code,
        "b_error_text": outcome.error_text[:400],
    }


def _entry(one: Message, outcome: Outcome, root: str, *, late: bool) -> Entry:
    said = f"{one.kind} attempt {one.try_no}: {outcome.verdict.value} {outcome.error_code}".rstrip()
    if outcome.spoken not in ("", one.contract_version):
        said += f", spoken as {outcome.spoken}"
    return Entry(
        act="bus.late_reply" if late else "bus.attempt",
        actor="hub",
        subject=f"message:{one.id}",
        detail=said,
        count=one.items,
        fen=one.fen,
        root=root,
    )


def _call_row(
    bus: "Bus", tx: Connection, claim: Claim, outcome: Outcome, place: int
) -> dict[str, Any]:
    one = outcome.calls[place]
    if outcome.sealed:
        request, reply = outcome.sealed[place]
    else:
        request = bus.vault.seal(tx, VAULT_KIND, claim.message.month, one.request)
        reply = bus.vault.seal(tx, VAULT_KIND, claim.message.month, one.reply)
    return {
        "message_id": claim.message.id,
        "try_no": claim.message.try_no,
        "call_no": place + 1,
        "step": one.step[:40],
        "effect": int(one.effect),
        "target": one.target[:200],
        "started_us": one.started_us,
        "ended_us": one.ended_us,
        "status": one.status,
        "outcome": one.outcome.value,
        "error": one.error[:200],
        "key_id": request.key_id,
        "request": request.blob,
        "reply": reply.blob,
        "place": one.place,
    }


def _root(rows: list[dict[str, Any]]) -> str:
    """One digest over the ciphertexts of all calls, in order; empty without calls."""
    if not rows:
        return ""
    parts = b"".join(sm3(row["request"]) + sm3(row["reply"]) for row in rows)
    return sm3(parts).hex()
