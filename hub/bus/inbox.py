"""What others send to us: stored before it is answered, answered the same for ever.

``received → accepted | refused → handled``.  The sender's own id decides about duplicates, over
all history: the same id and body gets the same answer, the same id with another body is an
error, and one that is still being looked at says so.

A listener's way: ``receive`` in one transaction; when it is NEW, check it and ``accept`` or
``refuse`` in a second one, with the business change; then answer what ``answer`` holds.  A
listener that died between the two leaves RECEIVED behind: the sender's repeat is told
IN_PROGRESS until ``receive`` has waited ``stale_s`` and hands it out as NEW once more.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.audit import record
from hub.bus.intake import VAULT_KIND
from hub.bus.tables import inbound
from hub.bus.values import NoSuchMessage, WrongState
from hub.bus.words import MessageState

if TYPE_CHECKING:
    from hub.bus.bus import Bus

S = MessageState


class Receipt(StrEnum):
    """What a request that came in is."""

    NEW = "new"
    REPEAT = "repeat"  # the same id and body: give the stored answer
    IN_PROGRESS = "in_progress"
    CONFLICT = "conflict"  # the same id with another body


@dataclass(frozen=True, slots=True)
class Received:
    """``id`` of the inbound message; ``answer`` is the stored one, for a REPEAT."""

    id: int
    receipt: Receipt
    answer: bytes = b""
    answer_code: str = ""


class Inbox:
    """Inbound messages of all interfaces.  Works inside the caller's transactions."""

    def __init__(self, bus: "Bus", stale_s: float = 60.0) -> None:
        self._bus = bus
        self._stale_us = int(stale_s * 1_000_000)

    def receive(
        self, tx: Connection, *, interface: str, kind: str, sender_id: str, body: bytes, month: str
    ) -> Received:
        """Store what came, or find what came before under this id."""
        found = self._find(tx, interface, kind, sender_id)
        if found is None:
            try:
                with tx.begin_nested():
                    return self._store(
                        tx,
                        interface=interface,
                        kind=kind,
                        sender_id=sender_id,
                        body=body,
                        month=month,
                    )
            except IntegrityError:
                found = self._find(tx, interface, kind, sender_id)
                if found is None:
                    raise
        return self._again(tx, found, body)

    def accept(self, tx: Connection, inbound_id: int, *, answer: bytes, code: str) -> None:
        """It is taken; its business change stands in this very transaction."""
        self._answer(tx, inbound_id, S.ACCEPTED, answer=answer, code=code, why="")

    def refuse(
        self, tx: Connection, inbound_id: int, *, answer: bytes, code: str, why: str
    ) -> None:
        """It is not taken, for good: a repeat of the same gets the same refusal."""
        self._answer(tx, inbound_id, S.REFUSED, answer=answer, code=code, why=why)

    def handled(self, tx: Connection, inbound_id: int) -> bool:
        """What it asked for is done; False when it was not ACCEPTED."""
        now = self._bus.now(tx)
        done = tx.execute(
            sa.update(inbound)
            .where(inbound.c.id == inbound_id, inbound.c.state == S.ACCEPTED.value)
            .values(state=S.HANDLED.value, handled_us=now)
        )
        if done.rowcount:
            self._note(tx, "bus.in_handled", inbound_id, "")
        return bool(done.rowcount)

    def body(self, tx: Connection, inbound_id: int) -> bytes:
        """What came, untouched."""
        row = tx.execute(
            sa.select(inbound.c.key_id, inbound.c.body).where(inbound.c.id == inbound_id)
        ).one_or_none()
        if row is None:
            raise NoSuchMessage(f"there is no inbound message {inbound_id}")
        return self._bus.vault.open(tx, row.key_id, row.body)

    def _find(
        self, tx: Connection, interface: str, kind: str, sender_id: str
    ) -> "sa.Row[tuple[object, ...]] | None":
        return tx.execute(
            sa.select(inbound).where(
                inbound.c.interface == interface,
                inbound.c.kind == kind,
                inbound.c.sender_id == sender_id,
            )
        ).one_or_none()

    def _store(
        self,
        tx: Connection,
        *,
        interface: str,
        kind: str,
        sender_id: str,
        body: bytes,
        month: str,
    ) -> Received:
        sealed = self._bus.vault.seal(tx, VAULT_KIND, month, body)
        done = tx.execute(
            sa.insert(inbound).values(
                interface=interface,
                kind=kind,
                sender_id=sender_id,
                state=S.RECEIVED.value,
                vault_month=month,
                received_us=self._bus.now(tx),
                repeats=0,
                conflicts=0,
                answer_code="",
                why="",
                key_id=sealed.key_id,
                body=sealed.blob,
            )
        )
        (number,) = done.inserted_primary_key or (0,)
        self._note(tx, "bus.in_received", number, f"{interface} {kind}")
        return Received(int(number), Receipt.NEW)

    def _again(self, tx: Connection, row: "sa.Row[tuple[object, ...]]", body: bytes) -> Received:
        here = inbound.c.id == row.id
        if self._bus.vault.open(tx, row.key_id, row.body) != body:
            tx.execute(sa.update(inbound).where(here).values(conflicts=inbound.c.conflicts + 1))
            self._note(tx, "bus.in_conflict", row.id, "the same id came with another body")
            return Received(row.id, Receipt.CONFLICT)
        tx.execute(sa.update(inbound).where(here).values(repeats=inbound.c.repeats + 1))
        if row.state == S.RECEIVED.value:
            return self._stale(tx, row)
        # The answer is sealed apart from the body, under the key that was current then.
        answer = self._bus.vault.open(tx, row.answer_key, row.answer)
        return Received(row.id, Receipt.REPEAT, answer, row.answer_code)

    def _stale(self, tx: Connection, row: "sa.Row[tuple[object, ...]]") -> Received:
        now = self._bus.now(tx)
        taken = tx.execute(
            sa.update(inbound)
            .where(
                inbound.c.id == row.id,
                inbound.c.state == S.RECEIVED.value,
                inbound.c.received_us < now - self._stale_us,
            )
            .values(received_us=now)
        ).rowcount
        return Received(row.id, Receipt.NEW if taken else Receipt.IN_PROGRESS)

    def _answer(
        self,
        tx: Connection,
        number: int,
        state: MessageState,
        *,
        answer: bytes,
        code: str,
        why: str,
    ) -> None:
        month = tx.scalar(sa.select(inbound.c.vault_month).where(inbound.c.id == number))
        if month is None:
            raise NoSuchMessage(f"there is no inbound message {number}")
        sealed = self._bus.vault.seal(tx, VAULT_KIND, month, answer)
        done = tx.execute(
            sa.update(inbound)
            .where(inbound.c.id == number, inbound.c.state == S.RECEIVED.value)
            .values(
                state=state.value,
                answered_us=self._bus.now(tx),
                answer=sealed.blob,
                answer_key=sealed.key_id,
                answer_code=code[:40],
                why=why[:200],
            )
        )
        if not done.rowcount:
            raise WrongState(f"inbound message {number} has its answer already")
        self._note(tx, f"bus.in_{state.value}", number, f"{code} {why}".strip())

    def _note(self, tx: Connection, act: str, number: int, detail: str) -> None:
        record(tx, act=act, actor="hub", subject=f"inbound:{number}", detail=detail[:400])
