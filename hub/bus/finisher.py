"""Finishing in groups: outcomes that are ready together share one transaction, so one fsync.

Nothing is lost while the database is away: outcomes wait in memory, their leases run on, and
an attempt whose lease was lost meanwhile is kept as evidence.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy.engine import Connection

from hub.bus import evidence
from hub.bus.attempts import Outcome
from hub.bus.bus import Bus
from hub.bus.finishing import Ending, NotTakenIn, finish_together
from hub.bus.values import Claim, Handler, LeaseLost
from hub.kernel.clocks import monotonic
from hub.store import DatabaseAway, Store

log = structlog.get_logger(__name__)

GROUP = 64
GROUP_ITEMS = 4000
"""Most messages, and about the most items, of one finishing transaction: it must stay well under
the second that nobody may hold the write lock."""

PATIENCE_S = 30.0
"""How long one attempt's finish may fail while the database answers everything else."""

LINGER_S = 0.002
"""How long the first of a group waits for others that are being sent: what ends together costs
one transaction."""

_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class Ended:
    """One attempt to be finished; ``done`` is called when nothing more will be done for it."""

    claim: Claim
    outcome: Outcome
    done: Callable[[], None]


Refill = Callable[[Connection], None]
"""Claims inside the transaction it is given."""


class Next(Protocol):
    """What follows a group's end: its worker claims the next messages in the same transaction."""

    def expects(self, waiting: int) -> bool:
        """Whether more attempts may end soon than the ``waiting`` that have."""
        ...

    def refilling(self, group: Sequence[Ended]) -> AbstractContextManager[Refill]:
        """Around a group's transaction; left without an error, what was claimed is sent."""
        ...

    def look_again(self) -> None:
        """Slots are free that no group's transaction has filled."""
        ...


class Finisher:
    """A thread that finishes attempts."""

    def __init__(
        self, store: Store, bus: Bus, handlers: Mapping[str, Handler], following: Next
    ) -> None:
        self._next = following
        self._store = store
        self._bus = bus
        self._handlers = handlers
        self._queue: queue.SimpleQueue[Ended | None] = queue.SimpleQueue()
        self._gone = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="bus-finisher", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Finish what is there; what cannot be finished in time is left to the reaper."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._gone.set()

    def add(self, ended: Ended) -> None:
        """Take an attempt's end."""
        self._queue.put(ended)

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, last = self._gather(first)
            self.finish(group)
            if last:
                return

    def _gather(self, first: Ended) -> tuple[list[Ended], bool]:
        group = [first]
        items = first.claim.message.items
        until = monotonic() + LINGER_S
        while len(group) < GROUP and items < GROUP_ITEMS:
            left = until - monotonic() if self._next.expects(len(group)) else 0.0
            try:
                one = self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except queue.Empty:
                return group, False
            if one is None:
                return group, True
            group.append(one)
            items += one.claim.message.items
        return group, False

    def finish(self, group: list[Ended]) -> None:
        """Finish all of a group together, or each by itself when that does not work."""
        split = False
        try:
            self._together(group)
        except Exception as error:  # noqa: BLE001  (whatever it is, each is tried by itself)
            split = True
            if not isinstance(error, DatabaseAway):
                log.info("bus.group_split", size=len(group), why=type(error).__name__)
            for one in group:
                self._alone(one)
        for one in group:
            one.done()
        if split:
            self._next.look_again()

    def _together(self, group: list[Ended]) -> None:
        endings = [
            Ending(one.claim, one.outcome, self._handlers[one.claim.message.kind]) for one in group
        ]
        with self._next.refilling(group) as refill, self._store.write() as tx:
            finish_together(self._bus, tx, endings)
            refill(tx)

    def _by_itself(self, one: Ended) -> None:
        handler = self._handlers[one.claim.message.kind]
        with self._store.write() as tx:
            self._bus.finish(tx, one.claim, one.outcome, handler)

    def _alone(self, one: Ended) -> None:
        """Try until it is done, until the lease is lost, or until it plainly cannot be."""
        began = monotonic()
        while not self._gone.is_set():
            try:
                self._by_itself(one)
                return
            except LeaseLost:
                log.warning("bus.late_reply", message=one.claim.message.id)
                self._keep(one)
                return
            except NotTakenIn as error:
                log.error("bus.not_taken_in", message=one.claim.message.id, why=str(error))
                self._keep(one)
                return
            except DatabaseAway:
                if monotonic() - began > PATIENCE_S and self._database_answers():
                    log.exception("bus.not_finished", message=one.claim.message.id)
                    return
                self._gone.wait(_PAUSE_S)
            except Exception:
                # A fault of the hub: the message stays in flight and the reaper decides.
                log.exception("bus.not_finished", message=one.claim.message.id)
                return

    def _keep(self, one: Ended) -> None:
        """The evidence of an attempt that may not move its message any more."""
        try:
            with self._store.write() as tx:
                now = self._bus.now(tx)
                ended = [(one.claim, one.outcome)]
                evidence.store(self._bus, tx, ended, now_us=now, late=True)
        except Exception:
            log.exception("bus.evidence_lost", message=one.claim.message.id)

    def _database_answers(self) -> bool:
        try:
            with self._store.read() as tx:
                self._bus.now(tx)
        except DatabaseAway:
            return False
        return True
