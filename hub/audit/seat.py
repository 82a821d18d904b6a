"""The seat: which copy of a database moves money, written outside of it once a second.

A checkpoint tells an older copy from its original when there was one in between; two copies of
the very same moment it cannot tell apart.  So whoever moves money writes a fresh random *beat*
into the database and then into one small file beside the checkpoints.  All processes of one
database know each other's beats by the database; a copy does not.

1. ``beat`` takes the folder's lock, reads the file and goes on only if it shows this database's
   beat or the one before (the process died between database and file).
2. The new beat is committed in the database before it is written outside: what the file shows,
   its own database always knows.
3. ``holds`` is asked before anything with an effect is claimed: a file that shows another beat
   means another copy has taken the seat, and from then on nothing starts here.

A copy that starts beside its living original finds the file changing while it watches, and does
not take the seat.  Where the file cannot be read nothing is concluded; it is on the page.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit.identity import ensure_identity, read_identity
from hub.audit.tables import store_seat
from hub.crypto.keyfiles import sync_folder
from hub.kernel.errors import Refused
from hub.store import Store, database_now_us

BEAT_S = 1.0
WATCH_S = 3.0
"""A living holder has written at least one beat in this time."""
_FILE = "seat.json"


class SeatTaken(Refused):
    """Another hub moves money with another copy of this database."""

    code = "restore.two_copies"
    hint = (
        "Two copies of one database must never work at the same time: end the hub on the copy "
        "that is not to be used, then look at `hub status`."
    )


@dataclass(frozen=True, slots=True)
class Outside:
    """What the file shows: of which database, its beat, and where that database lies."""

    store: str
    beat: str
    place: str


@dataclass(frozen=True, slots=True)
class Inside:
    """What the database knows of itself; ``restored_from`` is empty unless it waits for two
    people's release."""

    beat: str = ""
    former: str = ""
    incarnation: int = 1
    restored_us: int | None = None
    restored_from: str = ""


def read_inside(tx: Connection) -> Inside:
    """The database's side."""
    row = tx.execute(sa.select(store_seat).where(store_seat.c.id == 1)).first()
    if row is None:
        return Inside()
    return Inside(row.beat, row.former_beat, row.incarnation, row.restored_us, row.restored_from)


def mark_restored(tx: Connection, source: str) -> int:
    """This copy was restored from ``source``: its next incarnation, which two people release."""
    inside = read_inside(tx)
    _write_inside(
        tx, beat=inside.beat, former_beat=inside.former, incarnation=inside.incarnation + 1,
        restored_us=database_now_us(tx), restored_from=source[:200],
    )  # fmt: skip
    return inside.incarnation + 1


def clear_restored(tx: Connection) -> None:
    """Two people have released it."""
    tx.execute(sa.update(store_seat).values(restored_us=None, restored_from=""))


def _write_inside(tx: Connection, **values: str | int | None) -> None:
    done = tx.execute(sa.update(store_seat).where(store_seat.c.id == 1).values(**values))
    if done.rowcount == 0:
        blank = {"beat": "", "former_beat": "", "incarnation": 1, "restored_from": ""}
        tx.execute(sa.insert(store_seat).values(id=1, **{**blank, **values}))


def is_ours(tx: Connection, outside: Outside | None) -> bool:
    """Whether the file shows this database's own last beat; so does no file at all."""
    if outside is None:
        return True
    known, inside = read_identity(tx), read_inside(tx)
    return (
        known is not None
        and outside.store == known.store_id
        and outside.beat in (inside.beat, inside.former)
    )


class Seat:
    """One database's seat beside one checkpoints folder.  Safe across threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / _FILE
        self._good: tuple[int, int] | None = None

    def outside(self) -> Outside | None:
        """What the file shows; None where there is none that can be read."""
        try:
            return Outside(**json.loads(self.path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def beat_shown(self) -> str:
        """The beat the file shows; empty without one."""
        found = self.outside()
        return "" if found is None else found.beat

    def holds(self, tx: Connection) -> bool:
        """Whether this database may move money now; one ``stat`` while nothing changed."""
        stamp = self._stamp()
        if stamp is None or stamp == self._good:
            return True
        # A process of our own may write between our two looks: what differs is read again.
        for _ in range(3):
            if is_ours(tx, self.outside()):
                self._good = stamp
                return True
        return False

    def beat(self, store: Store) -> None:
        """Show that this database works.  Raises SeatTaken; OSError when it cannot be written."""
        with self._turn():
            with store.read() as view:
                ours, place = is_ours(view, self.outside()), place_of(view)
            if not ours:
                raise SeatTaken("another copy of this database has taken over")
            self._write(store, place)

    def enter(self, store: Store) -> None:
        """Take the seat at a start.  A living holder at another place is another copy.

        Raises SeatTaken; OSError when it cannot be written.
        """
        found = self.outside()
        with store.read() as view:
            elsewhere = found is not None and found.place != place_of(view)
        if elsewhere and self.moves(WATCH_S):
            raise SeatTaken("a hub works with another copy of this database")
        self.beat(store)

    def take(self, store: Store) -> None:
        """Take it over: two people released this copy, and no other may go on."""
        with self._turn():
            with store.read() as view:
                place = place_of(view)
            self._write(store, place)

    def moves(self, seconds: float) -> bool:
        """Whether somebody beats while this looks on for ``seconds``."""
        first, until = self.outside(), time.monotonic() + seconds
        while time.monotonic() < until:
            if self.outside() != first:
                return True
            time.sleep(0.1)
        return False

    def _write(self, store: Store, place: str) -> None:
        shown = self.outside()
        fresh = secrets.token_hex(8)
        with store.write() as tx:
            known, inside = ensure_identity(tx), read_inside(tx)
            former = inside.beat if shown is None else shown.beat
            _write_inside(tx, beat=fresh, former_beat=former, incarnation=inside.incarnation)
        said = json.dumps(asdict(Outside(known.store_id, fresh, place)))
        new = self.path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            file.write(said)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        sync_folder(self.path.parent)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path.parent / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # closing the file gives it back
            yield


def place_of(view: Connection) -> str:
    """Where a database lies: a file, or a schema of a server.  A copy lies elsewhere."""
    if view.dialect.name == "sqlite":
        path = Path(str(view.engine.url.database)).resolve()
        found = path.stat()
        return f"sqlite:{found.st_dev}:{found.st_ino}"
    row = view.execute(
        sa.text(
            "SELECT inet_server_addr(), current_setting('port'), d.oid, n.oid FROM pg_database d, "
            "pg_namespace n WHERE d.datname = current_database() AND n.nspname = current_schema()"
        )
    ).one()
    return "postgresql:" + ":".join(str(part) for part in row)
