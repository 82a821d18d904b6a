"""What others send to us: stored before it is answered, answered the same for ever.

``received → accepted | refused → handled``.  The sender's own id decides about duplicates, over
all history: the same id and body gets the same answer, the same id with another body is an
error, and one that is still being looked at says so.  The body is what a request says (its
business fields); the request's own bytes, with their time and signature, are kept beside it.

A listener's way: ``receive``; when it is NEW, check it and ``accept`` or ``refuse``; then, the
transaction being on disk, answer what ``answer`` holds.  One that can judge by itself does all of
it in one transaction (``reception``); one that must ask takes two.  A listener that died between
the two leaves RECEIVED behind: the sender's repeat is told IN_PROGRESS until ``receive`` has
waited ``stale_s`` and hands it out as NEW once more.

What is ACCEPTED is handled afterwards (``inbox_worker``), in the one transaction that ``claim``
moves it to HANDLED in: exactly once, whoever is killed where.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.audit import record
from hub.bus.intake import IN_RING, VAULT_KIND
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


@dataclass(frozen=True, slots=True)
class Taken:
    """An accepted message in the transaction that handles it.  ``content`` is what its user
    packed when it came; ``received_us`` µs UTC of the database's clock."""

    id: int
    interface: str
    kind: str
    sender_id: str
    contract_version: str
    content: bytes = field(repr=False)
    received_us: int


class Inbox:
    """Inbound messages of all interfaces.  Works inside the caller's transactions."""

    def __init__(self, bus: "Bus", stale_s: float = 60.0) -> None:
        self._bus = bus
        self._stale_us = int(stale_s * 1_000_000)

    def receive(
        self,
        tx: Connection,
        *,
        interface: str,
        kind: str,
        sender_id: str,
        body: bytes,
        month: str,
        raw: bytes = b"",
        contract_version: str = "",
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
                        raw=raw,
                        contract_version=contract_version,
                    )
            except IntegrityError:
                found = self._find(tx, interface, kind, sender_id)
                if found is None:
                    raise
        return self._again(tx, found, body)

    def accept(self, tx: Connection, inbound_id: int, *, answer: bytes, code: str) -> None:
        """It is taken, and handled from now on."""
        self._answer(tx, inbound_id, S.ACCEPTED, answer=answer, code=code, why="")
        tx.info[IN_RING] = True

    def refuse(
        self, tx: Connection, inbound_id: int, *, answer: bytes, code: str, why: str
    ) -> None:
        """It is not taken, for good: a repeat of the same gets the same refusal."""
        self._answer(tx, inbound_id, S.REFUSED, answer=answer, code=code, why=why)

    def waiting(self, tx: Connection, kinds: Collection[str], limit: int) -> list[tuple[int, str]]:
        """(id, interface) of accepted messages of these kinds, the oldest first."""
        query = (
            sa.select(inbound.c.id, inbound.c.interface)
            .where(inbound.c.state == S.ACCEPTED.value, inbound.c.kind.in_(sorted(kinds)))
            .order_by(inbound.c.id)
            .limit(limit)
        )
        return [(row.id, row.interface) for row in tx.execute(query)]

    def claim(self, tx: Connection, inbound_id: int) -> Taken | None:
        """Move it to HANDLED and hand it out, to be carried out in this very transaction; None
        when somebody else has it."""
        if not self.handled(tx, inbound_id):
            return None
        row = tx.execute(sa.select(inbound).where(inbound.c.id == inbound_id)).one()
        return Taken(
            row.id, row.interface, row.kind, row.sender_id, row.contract_version,
            self._bus.vault.open(tx, row.key_id, row.body), row.received_us,
        )  # fmt: skip

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
        """What it says, as its user packed it."""
        row = self._row(tx, inbound_id)
        return self._bus.vault.open(tx, row.key_id, row.body)

    def raw(self, tx: Connection, inbound_id: int) -> bytes:
        """The request as it came, headers and all; empty where none was kept."""
        row = self._row(tx, inbound_id)
        return b"" if row.raw is None else self._bus.vault.open(tx, row.raw_key, row.raw)

    def _row(self, tx: Connection, inbound_id: int) -> "sa.Row[Any]":
        row = tx.execute(sa.select(inbound).where(inbound.c.id == inbound_id)).one_or_none()
        if row is None:
            raise NoSuchMessage(f"there is no inbound message {inbound_id}")
        return row

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
        raw: bytes,
        contract_version: str,
    ) -> Received:
        sealed = self._bus.vault.seal(tx, VAULT_KIND, month, body)
        whole = self._bus.vault.seal(tx, VAULT_KIND, month, raw)
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
                contract_version=contract_version[:20],
                raw_key=whole.key_id,
                raw=whole.blob,
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
