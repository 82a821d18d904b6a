"""Who leads: a lease row, so that one process at a time conducts or seals.

Why it is safe, step by step:
1. ``hold()`` takes the row when it is free, ours, its time is over by the database's clock, or
   its holder is a process of this host that is provably no more; taking it over from another
   counts the epoch up.
2. A process that was stopped for longer than the lease (a debugger, a suspended machine) may
   still believe that it leads.  So what must not be done twice calls ``fence(tx)`` in its own
   transaction: it locks the row and refuses when the epoch has moved on.
3. A takeover writes the same row, so it waits for that transaction, and comes after it.
"""

import secrets
import threading

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.bus.holder import surely_dead
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Refused
from hub.schedule.tables import lease
from hub.store import Store, database_now_us
from hub.store.prepared import Prepared

LEASE_S = 6.0
"""A process killed on another host is followed after this (on this host at once); three renewals
fit into it.  Work is fenced, so a short lease costs a change of leader at worst."""


_FENCE = Prepared(
    sa.select(lease.c.epoch)
    .where(
        lease.c.name == sa.bindparam("b_name"),
        lease.c.holder == sa.bindparam("b_holder"),
        lease.c.epoch == sa.bindparam("b_epoch"),
    )
    .with_for_update(read=True)  # SQLite: the transaction holds the one write lock
)


class LeadershipLost(Refused):
    """Another process leads now."""

    code = "schedule.leadership_lost"
    hint = "Nothing to do: the process that leads goes on with the work."


class Leadership:
    """One process's claim to a named single task.  Threads may share it."""

    def __init__(self, store: Store, name: str, holder: str, lease_s: float = LEASE_S) -> None:
        self.name = name
        # A restarted process may have its forerunner's number: it is another holder all the same.
        self.holder = f"{holder[:100]}#{secrets.token_hex(4)}"
        self.epoch = 0
        self._store = store
        self._lease_s = lease_s
        self._renew_at = 0.0
        self._lock = threading.Lock()

    def hold(self) -> bool:
        """Take or renew the lease; True while this process leads.

        Cheap to call in a loop: goes to the database only when a third of the lease is over.
        It writes in a transaction of its own, so never call it inside one.  Raises DatabaseAway.
        """
        with self._lock:
            now = monotonic()
            if self.epoch and now < self._renew_at:
                return True
            self.epoch, before = 0, self.epoch  # if the database fails us, we do not lead
            if before == 0 and self._is_anothers():
                return False
            try:
                with self._store.write() as tx:
                    self.epoch = self._renew(tx, before) or self._take(tx)
            except IntegrityError:
                return False  # two made the first row at once, and this one came second
            self._renew_at = now + self._lease_s / 3
            return self.epoch > 0

    def fence(self, tx: Connection) -> None:
        """Inside a transaction that writes: raises LeadershipLost unless this process leads, and
        keeps it so until the transaction ends."""
        found = _FENCE.rows(tx, b_name=self.name, b_holder=self.holder, b_epoch=self.epoch)
        if self.epoch == 0 or not found:
            raise LeadershipLost(f"another process leads {self.name!r} now")

    def prolong(self) -> bool:
        """Put the lease's end off, by a second thread while the first is in a long piece of work;
        False when it is another's now.  Takes nothing over.  Raises DatabaseAway."""
        epoch = self.epoch
        if epoch == 0:
            return False
        with self._store.write() as tx:
            return self._renew(tx, epoch) == epoch

    def release(self) -> None:
        """Let another lead at once: called when a process stops in good order."""
        with self._lock:
            epoch, self.epoch = self.epoch, 0
            if epoch == 0:
                return
            with self._store.write() as tx:
                tx.execute(
                    sa.update(lease)
                    .where(lease.c.name == self.name, lease.c.holder == self.holder)
                    .where(lease.c.epoch == epoch)
                    .values(until_us=0)
                )

    def _is_anothers(self) -> bool:
        """A look without the write lock: whoever does not lead looks several times a second."""
        with self._store.read() as view:
            found = view.execute(
                sa.select(lease.c.until_us, lease.c.holder).where(lease.c.name == self.name)
            ).one_or_none()
            if found is None or found.until_us <= database_now_us(view):
                return False
        return not surely_dead(found.holder)

    def _renew(self, tx: Connection, epoch: int) -> int:
        renewed = tx.execute(
            sa.update(lease)
            .where(lease.c.name == self.name, lease.c.holder == self.holder)
            .where(lease.c.epoch == epoch)
            .values(until_us=database_now_us(tx) + self._lease_us)
        )
        return epoch if renewed.rowcount == 1 else 0

    def _take(self, tx: Connection) -> int:
        now_us = database_now_us(tx)
        ours = {"holder": self.holder, "until_us": now_us + self._lease_us, "taken_us": now_us}
        found = tx.execute(
            sa.select(lease.c.epoch, lease.c.until_us, lease.c.holder).where(
                lease.c.name == self.name
            )
        ).one_or_none()
        if found is None:
            tx.execute(sa.insert(lease).values(name=self.name, epoch=1, **ours))
            return 1
        if found.until_us > now_us and not surely_dead(found.holder):
            return 0
        taken = tx.execute(
            sa.update(lease)
            .where(lease.c.name == self.name, lease.c.epoch == found.epoch)
            .where(lease.c.until_us == found.until_us)  # renewed or given back meanwhile: not ours
            .values(epoch=found.epoch + 1, **ours)
        )
        return found.epoch + 1 if taken.rowcount == 1 else 0

    @property
    def _lease_us(self) -> int:
        return int(self._lease_s * 1_000_000)
