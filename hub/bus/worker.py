"""The worker: claims what is ready, sends it in threads, has it finished.

The bell wakes it after a commit of this process; other processes' messages are seen by polling.
A lost or doubled ring changes nothing: the row decides.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
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
from hub.bus.words import Verdict
from hub.kernel.clocks import monotonic
from hub.kernel.errors import HubError, Misconfigured
from hub.ports.line import DriftNotes
from hub.store import DatabaseAway, Store

log = structlog.get_logger(__name__)

POLL_S = 0.2
QUICK_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064)
"""Looks after a ring that found nothing yet, before the worker polls at leisure again."""

AHEAD = 16
QUICK_SEND_S = 0.005
"""Where sending takes less, a thread is given up to AHEAD messages at once: one claim and one
finish, each with its fsync, then serve many."""

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
        self._busy: Counter[str] = Counter()  # messages not yet finished
        self._jobs: Counter[str] = Counter()  # threads that send
        self._pace: dict[str, float] = {}  # seconds of one send, a running average
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
            opened = self._opened(claims)
            self._finisher.finish(
                [
                    Ended(one, self._send(one, payload), partial(self._free, one))
                    for one, payload in opened
                ]
            )
        return len(claims)

    def send(self, claim: Claim) -> Outcome:
        """One attempt, outside any transaction.  Never raises: every end is an outcome."""
        ((claim, payload),) = self._opened([claim])
        return self._send(claim, payload)

    def _send(self, claim: Claim, payload: bytes | Exception) -> Outcome:
        recorder = AttemptRecorder(self._store, self._bus, claim)
        drift: DriftNotes | None = None
        one = claim.message
        try:
            if isinstance(payload, Exception):
                raise payload
            handler = self._handlers[one.kind]
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

    def _opened(self, claims: Sequence[Claim]) -> list[tuple[Claim, bytes | Exception]]:
        """Payloads in clear; one that does not open fails its own message alone."""
        found: list[tuple[Claim, bytes | Exception]] = []
        with self._store.read() as tx:
            for one in claims:
                try:
                    plain = self._bus.vault.open(tx, one.payload_key, one.payload)
                except HubError as error:
                    found.append((one, error))
                else:
                    found.append((one, plain))
        return found

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
            for chunk in self._chunks(claims):
                self._pool.run(partial(self._carry, chunk))
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
            free = self._threads - self._jobs[interface]
            quick = self._pace.get(interface, QUICK_SEND_S) < QUICK_SEND_S
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
        free = min(free, partner.concurrency)
        ahead = AHEAD if quick else 1
        return Lane(interface, free, partner.concurrency, partner.lease_s, ahead)

    def _chunks(self, claims: list[Claim]) -> list[list[Claim]]:
        """One share for each thread that is free for the interface."""
        by_lane: dict[str, list[Claim]] = {}
        for one in claims:
            by_lane.setdefault(one.message.interface, []).append(one)
        chunks = []
        with self._lock:
            for interface, some in by_lane.items():
                shares = max(min(self._threads - self._jobs[interface], len(some)), 1)
                self._jobs[interface] += shares
                chunks += [some[n::shares] for n in range(shares)]
        return chunks

    def _carry(self, claims: list[Claim]) -> None:
        """Send a share, one after the other.  However it goes, the thread becomes free again."""
        interface = claims[0].message.interface
        try:
            for claim, payload in self._opened_in_time(claims):
                began = monotonic()
                outcome = self._send(claim, payload)
                if outcome.verdict is Verdict.DELIVERED:  # a refused connection is quick too
                    self._timed(interface, monotonic() - began)
                self._finisher.add(Ended(claim, outcome, partial(self._free, claim)))
        finally:
            with self._lock:
                self._jobs[interface] -= 1
            self.bell.set()

    def _opened_in_time(self, claims: list[Claim]) -> list[tuple[Claim, bytes | Exception]]:
        """Payloads in clear; with the database away nothing is sent, which is for certain."""
        try:
            return self._opened(claims)
        except DatabaseAway as error:
            return [(claim, error) for claim in claims]

    def _timed(self, interface: str, took: float) -> None:
        with self._lock:
            known = self._pace.get(interface, took)
            self._pace[interface] = known + (took - known) / 8

    def _free(self, claim: Claim) -> None:
        with self._lock:
            self._busy[claim.message.interface] -= 1
        self.bell.set()

    def _checked_in(self, _connection: Any, record: Any) -> None:
        """A connection comes back to the pool after its commit: if it put messages, ring."""
        if record.info.pop(RING, None):
            self.bell.set()
