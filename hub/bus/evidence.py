"""What remains of an attempt: its row, its calls on the wire, its drifts, its audit entry."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.bus import drifts
from hub.bus.attempts import Outcome
from hub.bus.intake import VAULT_KIND
from hub.bus.tables import attempt, call
from hub.bus.values import Claim
from hub.crypto.sm3 import sm3
from hub.wire.recorder import CallRecord

if TYPE_CHECKING:
    from hub.bus.bus import Bus


def store(
    bus: "Bus", tx: Connection, claim: Claim, outcome: Outcome, *, now_us: int, late: bool = False
) -> None:
    """Write an attempt's end.  ``late``: the lease was lost; kept as evidence, nothing moved."""
    one = claim.message
    tx.execute(
        sa.update(attempt)
        .where(attempt.c.message_id == one.id, attempt.c.try_no == one.try_no)
        .values(
            ended_us=now_us,
            verdict=outcome.verdict.value,
            late=int(late),
            error_code=outcome.error_code,
            error_text=outcome.error_text[:400],
        )
    )
    rows = [_call_row(bus, tx, claim, number) for number in enumerate(outcome.calls, 1)]
    if rows:
        tx.execute(sa.insert(call), rows)
    drifts.store(tx, one.interface, one.contract_version, outcome.drifts, now_us)
    said = f"{one.kind} attempt {one.try_no}: {outcome.verdict.value}"
    record(
        tx,
        act="bus.late_reply" if late else "bus.attempt",
        actor="hub",
        subject=f"message:{one.id}",
        detail=f"{said} {outcome.error_code}".rstrip(),
        count=one.items,
        fen=one.fen,
        root=_root(rows),
    )


def _call_row(
    bus: "Bus", tx: Connection, claim: Claim, numbered: tuple[int, CallRecord]
) -> dict[str, Any]:
    number, one = numbered
    request = bus.vault.seal(tx, VAULT_KIND, claim.message.month, one.request)
    reply = bus.vault.seal(tx, VAULT_KIND, claim.message.month, one.reply)
    return {
        "message_id": claim.message.id,
        "try_no": claim.message.try_no,
        "call_no": number,
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
    }


def _root(rows: list[dict[str, Any]]) -> str:
    """One digest over the ciphertexts of all calls, in order; empty without calls."""
    if not rows:
        return ""
    parts = b"".join(sm3(row["request"]) + sm3(row["reply"]) for row in rows)
    return sm3(parts).hex()
