"""The worker: claims what is ready, sends it in threads, has it finished.

The bell wakes it after a commit of this process; other processes' messages are seen by polling.
A lost or doubled ring changes nothing: the row decides.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import event

from hub.bus.attempts import Outcome, delivered, failed
from hub.bus.bus import Bus
from hub.bus.finisher import Ended, Finisher
from hub.bus.holder import this_holder
from hub.bus.intake import RING
from hub.bus.pool import Pool
from hub.bus.recorder import AttemptRecorder
from hub.bus.values import Claim, Delivery, Handler, Lane, Partners
from hub.kernel.clocks import monotonic
from hub.kernel.errors import HubError, Misconfigured
from hub.store import DatabaseAway, Store

log = structlog.get_logger(__name__)

POLL_S = 0.2
QUICK_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064)
"""Looks after a ring that found nothing yet, before the worker polls at leisure again."""

_PARTNER_PAUSE_S = 10.0
"""How long an interface is left alone whose partner cannot be opened."""


class Worker:
    """Sends messages; any number of these, in any number of processes, share one database.

    ``threads`` is the most one interface gets in this worker (its contract's concurrency, over
    all processes, may be less): no slow partner holds another's threads.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        handlers: Mapping[str, Handler],
        partners: Partners,
        threads: int = 4,
    ) -> None:
        self.holder = this_holder()
        self.bell = threading.Event()
        self._store = store
        self._bus = bus
        self._handlers = handlers
        self._partners = partners
        self._threads = threads
        self._pool = Pool("bus-sender")
        self._finisher = Finisher(store, bus, handlers)
        self._stopping = threading.Event()
        self._dispatcher: threading.Thread | None = None
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._shut: dict[str, float] = {}

    def start(self) -> None:
        """Begin to claim and send, in threads of its own."""
        event.listen(self._store.engine, "checkin", self._checked_in)
        self._finisher.start()
        self._dispatcher = threading.Thread(target=self._run, name="bus-worker", daemon=True)
        self._dispatcher.start()

    def stop(self, timeout_s: float = 30.0) -> bool:
        """Claim nothing more, let what is in flight end; False when it did not in time.

        What did not end keeps its lease; the reaper of any process finds it.
        """
        if self._dispatcher is None or self._stopping.is_set():
            return not self.busy
        event.remove(self._store.engine, "checkin", self._checked_in)
        self._stopping.set()
        self.bell.set()
        until = monotonic() + timeout_s
        self._dispatcher.join(timeout_s)
        while self.busy and monotonic() < until:
            self._stopping.wait(0)  # stays set; the pause below is the bell's
            self.bell.wait(0.05)
            self.bell.clear()
        self._finisher.stop(max(until - monotonic(), 0.1))
        self._pool.close()
        return not self.busy

    @property
    def busy(self) -> int:
        """Messages this worker has in flight."""
        with self._lock:
            return self._busy.total()

    def run_once(self) -> int:
        """Claim once and see it through in this thread; answers how many messages it tried."""
        claims = self._claim()
        if claims:
            ended = [Ended(one, self.send(one), partial(self._free, one)) for one in claims]
            self._finisher.finish(ended)
        return len(claims)

    def send(self, claim: Claim) -> Outcome:
        """One attempt, outside any transaction.  Never raises: every end is an outcome."""
        recorder = AttemptRecorder(self._store, self._bus, claim)
        drift: Any = None
        one = claim.message
        try:
            handler = self._handlers[one.kind]
            with self._store.read() as tx:
                payload = self._bus.vault.open(tx, claim.payload_key, claim.payload)
            partner = self._partners.open(one.interface)
            line = partner.open_line(recorder)
            drift = line.drift
            result = handler.send(Delivery(one, payload, partner.port, line))
        except Exception as error:
            if not isinstance(error, HubError):
                log.exception("bus.send_failed", message=one.id, kind=one.kind)
            return failed(
                one.effect,
                error,
                tuple(recorder.calls),
                tuple(drift.drifts) if drift else (),
                maybe_sent=recorder.maybe_sent,
            )
        return delivered(
            result,
            tuple(recorder.calls),
            tuple(drift.drifts),
            maybe_sent=recorder.maybe_sent,
        )

    # --- the dispatcher ---

    def _run(self) -> None:
        quick = len(QUICK_S)
        while not self._stopping.is_set():
            try:
                claims = self._claim()
            except DatabaseAway as error:
                log.warning("bus.database_away", why=error.message)
                self._stopping.wait(0.5)
                continue
            except Exception:
                log.exception("bus.dispatch_failed")
                self._stopping.wait(0.5)
                continue
            for claim in claims:
                self._pool.run(partial(self._carry, claim))
            if claims:
                continue
            rang = self.bell.wait(QUICK_S[quick] if quick < len(QUICK_S) else POLL_S)
            self.bell.clear()
            quick = 0 if rang else quick + 1

    def _claim(self) -> list[Claim]:
        with self._store.read() as tx:
            ready = self._bus.ready(tx)
        lanes = [lane for name in ready if (lane := self._lane(name)) is not None]
        if not lanes:
            return []
        with self._store.write() as tx:
            claims = self._bus.claim(tx, self.holder, lanes, self._handlers.keys())
        with self._lock:
            self._busy.update(claim.message.interface for claim in claims)
        return claims

    def _lane(self, interface: str) -> Lane | None:
        with self._lock:
            free = self._threads - self._busy[interface]
        if free <= 0 or self._shut.get(interface, 0.0) > monotonic():
            return None
        try:
            partner = self._partners.open(interface)
            wanted = partner.timeout_s + self._bus.policy(interface).margin_s
            if partner.lease_s <= wanted:
                raise Misconfigured(
                    f"{interface}: a lease of {partner.lease_s:g} s does not outlast a call of "
                    f"{wanted:g} s, margin included"
                )
        except HubError as error:
            # Nothing is claimed for a partner that is not configured: its tries stay its own.
            log.error("bus.partner_closed", interface=interface, why=error.message)
            self._shut[interface] = monotonic() + _PARTNER_PAUSE_S
            return None
        return Lane(interface, free, partner.concurrency, partner.lease_s)

    def _carry(self, claim: Claim) -> None:
        outcome = self.send(claim)
        self._finisher.add(Ended(claim, outcome, partial(self._free, claim)))

    def _free(self, claim: Claim) -> None:
        with self._lock:
            self._busy[claim.message.interface] -= 1
        self.bell.set()

    def _checked_in(self, _connection: Any, record: Any) -> None:
        """A connection comes back to the pool after its commit: if it put messages, ring."""
        if record.info.pop(RING, None):
            self.bell.set()
