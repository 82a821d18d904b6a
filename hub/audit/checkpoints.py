"""Checkpoints: the signed head of the chain, kept outside the database.

How an older copy is recognised: every line carries a fresh random mark, which the database learns
in a transaction *before* the line is written.  So a database always knows the last line's mark,
or (the process died in between) the one before its own; a restored or cloned backup knows only an
earlier one, even when not one audit entry was written since.

Writing a checkpoint:
1. The folder's lock is taken (processes and threads take turns) and the last line is read.
2. One transaction judges the database, reads the head, and stores the new mark beside the last
   line's.
3. The line is signed, appended and synced.  A crash before this leaves the last line's mark in
   ``former_mark``: still current.
"""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import lines
from hub.audit.chain import Head, read_head
from hub.audit.entries import record
from hub.audit.identity import Identity, ensure_identity, read_identity
from hub.audit.lines import REGULAR, RESTORED, Checkpoint, CheckpointLog
from hub.audit.sealing import Sealer, count_unsealed
from hub.audit.seat import Outside, Seat, clear_restored, is_ours, read_inside
from hub.audit.tables import audit_entry, store_identity
from hub.crypto import Signer, Sm2PublicKey
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Refused, Unavailable
from hub.store import Store, database_now_us

ACCEPTED = "store.accept_restored"
"""The act of the entry that explains a line of the kind ``restored``."""

EVERY_S = 8.0
"""Seconds between checkpoints while entries come; two less than the ten promised, for the
sealing before and the turn of whoever calls."""


class Verdict(StrEnum):
    """What a database is, held against the checkpoints outside it."""

    CURRENT = "current"
    OLDER = "older"  # restored or cloned: there is a later checkpoint than it knows
    FOREIGN = "foreign"  # another database's checkpoints, or its own are gone
    FRESH = "fresh"  # never had a checkpoint
    RESTORED = "restored"  # by `hub restore`; nothing outside is newer, but two people release it


class StoreNotCurrent(Refused):
    """The database is not the one that the last checkpoint outside was written for."""

    code = "audit.store_not_current"
    hint = (
        "Stop every money channel; reconcile with banks and core from the checkpoint's day on, "
        "then two people accept the restored database (`hub approve`)."
    )


class CheckpointFailed(Unavailable):
    """The checkpoint cannot be written outside the database."""

    code = "audit.checkpoint_failed"
    hint = "Mount or free the checkpoints folder of hub.toml; sealing goes on meanwhile."


class Checkpoints:
    """The checkpoints of one database, in one folder.  Safe across threads and processes."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.folder = folder
        self.seat = Seat(folder)
        self._signer = signer
        self._written_at: float | None = None

    @property
    def public(self) -> Sm2PublicKey:
        """The key that verifies the lines."""
        return self._signer.public

    def log(self) -> CheckpointLog:
        """Every line, for verification."""
        return lines.read_log(self.folder)

    def last(self) -> Checkpoint | None:
        """The last line."""
        found = lines.read_last(self.folder)
        return found[0] if found else None

    def due(self, now: float) -> bool:
        """Whether this process should call ``write`` again; ``now`` is monotonic seconds."""
        return self._written_at is None or now - self._written_at >= EVERY_S

    def judge(self, tx: Connection) -> Verdict:
        """Is this database the one of the last checkpoint?  Asked at every start."""
        return judge(tx, self.folder, self.last(), self.seat.outside())

    def write(self, store: Store, note: str = "") -> Checkpoint | None:
        """Write a checkpoint of the head; None when the head has not moved since the last.

        Seal first (``Sealer``), else what waits stays outside.  Raises StoreNotCurrent or
        CheckpointFailed.
        """
        with self._turn():
            found = lines.read_last(self.folder)
            with store.read() as tx:
                verdict, head = self._judge(tx, found), read_head(tx)
            if verdict in BAD:
                raise StoreNotCurrent(f"the database is {verdict.value}, held against {_at(found)}")
            self._written_at = monotonic()
            if head is None or head.seq == (found[0].seq if found else 0):
                return None
            return self._append(store, found, kind=REGULAR, note=note)

    def accept(self, store: Store, *, by: str, why: str) -> Checkpoint:
        """Go on with a restored database: two people agreed, after a clean reconciliation.

        The line says from which line on the future was lost, and the chain holds an entry that
        says so too, sealed before the line is written: verification wants both, and shows the
        loss for ever after.  Raises StoreNotCurrent when the folder belongs to another database.
        """
        with self._turn():
            found = lines.read_last(self.folder)
            with store.write() as tx:
                known = ensure_identity(tx)
                verdict = self._judge(tx, found)
                if verdict in (Verdict.CURRENT, Verdict.FRESH):
                    raise Refused(f"the database is {verdict.value}: there is nothing to accept")
                if found and found[0].store != known.store_id:
                    raise StoreNotCurrent("the folder holds another database's checkpoints")
                base = _goes_on_from(tx, known, lines.read_log(self.folder))
                clear_restored(tx)
                record(
                    tx,
                    act=ACCEPTED,
                    actor=by,
                    subject=f"store:{known.store_id}",
                    detail={
                        "why": why,
                        "last_line": found[0].number if found else 0,
                        "known_line": base.number if base else 0,
                    },
                )
            Sealer(store).seal_all()
            former = base.mark if base else ""
            written = self._append(
                store, found, kind=RESTORED, note=f"{by}: {why}"[:200], former=former
            )
        self.seat.take(store)
        return written

    def _judge(self, tx: Connection, found: tuple[Checkpoint, str] | None) -> Verdict:
        """In the folder's turn, so that no beat is written meanwhile."""
        return judge(tx, self.folder, found[0] if found else None, self.seat.outside())

    def _append(
        self,
        store: Store,
        found: tuple[Checkpoint, str] | None,
        *,
        kind: str,
        note: str,
        former: str | None = None,
    ) -> Checkpoint:
        """``former``: the mark of the line it goes on from, when that is not the last one.  It
        stays in the database: killed before the line is out, a restored copy is as old as it was.
        """
        last, previous = found or (None, "")
        mark = secrets.token_hex(8)
        if former is None:
            former = last.mark if last else ""
        with store.write() as tx:
            known, head = _known(tx)
            unsealed, at_us = count_unsealed(tx), database_now_us(tx)
            tx.execute(
                sa.update(store_identity)
                .where(store_identity.c.id == 1)
                .values(mark=mark, former_mark=former)
            )
        unsigned = Checkpoint(
            number=last.number + 1 if last else 1,
            kind=kind,
            note=note,
            store=known.store_id,
            seq=head.seq,
            chain=head.chain,
            unsealed=unsealed,
            at_us=at_us,
            mark=mark,
            former=former,
            previous=previous,
            key=self._signer.public.fingerprint(),
        )
        signed = lines.sign(unsigned, self._signer)
        try:
            lines.append(self.folder, signed)
        except OSError as error:
            raise CheckpointFailed(f"checkpoint {signed.number}: {error.strerror}") from error
        self._written_at = monotonic()
        return signed

    @contextmanager
    def still(self) -> Iterator[None]:
        """Meanwhile nobody writes a line: who reads the log and begins a view of the database
        here gets two that belong together."""
        with self._turn():
            yield

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("ab")
        except OSError as error:
            raise CheckpointFailed(f"the checkpoints folder: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # closing the file gives it back
            yield


def _known(tx: Connection) -> tuple[Identity, Head]:
    known, head = ensure_identity(tx), read_head(tx)
    if head is None:
        raise RuntimeError("the audit head vanished inside a transaction")
    return known, head


def _at(found: tuple[Checkpoint, str] | None) -> str:
    return f"checkpoint {found[0].number}" if found else "no checkpoint at all"


BAD = (Verdict.OLDER, Verdict.FOREIGN, Verdict.RESTORED)
"""A database that must not move money until two people release it."""


def judge(
    tx: Connection, folder: Path, last: Checkpoint | None, outside: Outside | None
) -> Verdict:
    """The verdict from the last line and the seat's file, which are read before ``tx`` begins:
    the other way round, what another process writes in between would look like a later copy's."""
    found = _by_marks(tx, folder, last)
    if found not in (Verdict.CURRENT, Verdict.FRESH):
        return found
    if not is_ours(tx, outside):
        return Verdict.OLDER
    return found if read_inside(tx).restored_us is None else Verdict.RESTORED


def _by_marks(tx: Connection, folder: Path, last: Checkpoint | None) -> Verdict:
    """From the last line, reading the others only when it is a bad one."""
    known, head = read_identity(tx), read_head(tx)
    if known is None or head is None:
        return Verdict.FOREIGN if last else Verdict.FRESH
    if last is None:
        return Verdict.FOREIGN if known.former_mark else Verdict.FRESH
    if last.store != known.store_id:
        return Verdict.FOREIGN
    if last.mark in (known.mark, known.former_mark):
        return Verdict.CURRENT if _holds(tx, head, last) else Verdict.OLDER
    return classify_marks(known, lines.read_log(folder))


def classify_marks(known: Identity, log: CheckpointLog) -> Verdict:
    """OLDER when an earlier line is the newest the database knows; FOREIGN when none is: lines
    were lost, and the database is ahead of its witness."""
    marks = {line.mark for line in log.lines if line.store == known.store_id}
    never = not known.mark and not known.former_mark and bool(marks)
    return Verdict.OLDER if never or marks & {known.mark, known.former_mark} else Verdict.FOREIGN


def _goes_on_from(tx: Connection, known: Identity, log: CheckpointLog) -> Checkpoint | None:
    """The line that an accepted database goes on from: the newest it knows, else the newest its
    chain still holds.  A mark may be of a line that never got out: its process was killed between
    the two.  None when there is no such line: the database is from before the first."""
    found = log.newest_known(known.store_id, {known.mark, known.former_mark} - {""})
    if found is not None:
        return found
    head = read_head(tx)
    mine = (line for line in reversed(log.lines) if line.store == known.store_id)
    return next((line for line in mine if head is not None and _holds(tx, head, line)), None)


def _holds(tx: Connection, head: Head, last: Checkpoint) -> bool:
    """Whether the database still has the entry at which the last line was written."""
    if head.seq < last.seq:
        return False
    if last.seq == 0:
        return True
    chain = tx.execute(sa.select(audit_entry.c.chain).where(audit_entry.c.seq == last.seq)).scalar()
    return bool(chain == last.chain)
