"""The worker: claims what is ready, sends it in threads, has it finished.

The bell wakes it after a commit of this process; other processes' messages are seen by polling.
A lost or doubled ring changes nothing: the row decides.
"""

import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Connection

from hub.bus import evidence
from hub.bus.attempts import Outcome, delivered, failed
from hub.bus.bus import Bus
from hub.bus.finisher import Ended, Finisher, Refill
from hub.bus.holder import this_holder
from hub.bus.intake import RING
from hub.bus.recorder import AttemptRecorder
from hub.bus.senders import Senders
from hub.bus.slots import Slots
from hub.bus.values import Claim, Delivery, Handler, Lane, Partners
from hub.bus.words import Effect
from hub.kernel.clocks import monotonic
from hub.kernel.errors import HubError, Misconfigured, Refused
from hub.ports.line import Line
from hub.store import DatabaseAway, Store

log = structlog.get_logger(__name__)

SWITCH_S = 0.0005
"""Every row a thread reads or writes lets go of the interpreter, and has it back after this at
worst: with Python's own 5 ms, a thread that computes would stretch another's write transaction of
500 rows to seconds."""

POLL_S = 0.2
PACE_S = 0.002
QUICK_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064)
"""Looks after a ring that found nothing yet, before the worker polls at leisure again."""

FRESH_S = 0.05
"""How old a claim may be when its send begins without another look at the stop switch."""

_PARTNER_PAUSE_S = 10.0
"""How long an interface is left alone whose partner cannot be opened."""


class StoppedMeanwhile(Refused):
    """The channel, or this process, was stopped between claim and send; nothing was sent."""

    code = "bus.stopped_meanwhile"
    hint = "Nothing to do: it waits until the channel is resumed, or another process takes it."


class ShutMeanwhile(Refused):
    """The time in which this may be sent ended between claim and send; nothing was sent."""

    code = "bus.shut_meanwhile"
    hint = "Nothing to do: it waits until the partner opens again."


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
        self._senders = Senders(threads, self._carry)
        self._finisher = Finisher(store, bus, handlers, self)
        self._stopping = threading.Event()
        self._dispatcher: threading.Thread | None = None
        self._slots = Slots(self._senders.depth)
        self._shut: dict[str, float] = {}

    def start(self) -> None:
        """Begin to claim and send, in threads of its own."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        event.listen(self._store.writing, "checkin", self._checked_in)
        self._finisher.start()
        self._dispatcher = threading.Thread(target=self._run, name="bus-worker", daemon=True)
        self._dispatcher.start()

    def stop(self, timeout_s: float = 30.0) -> bool:
        """Claim nothing more, let what is in flight end; False when it did not in time.

        What did not end keeps its lease; the reaper of any process finds it.
        """
        if self._dispatcher is None or self._stopping.is_set():
            return not self.busy
        event.remove(self._store.writing, "checkin", self._checked_in)
        self._stopping.set()
        self.bell.set()
        until = monotonic() + timeout_s
        self._dispatcher.join(timeout_s)
        while self.busy and monotonic() < until:
            self._stopping.wait(0)  # stays set; the pause below is the bell's
            self.bell.wait(0.05)
            self.bell.clear()
        self._finisher.stop(max(until - monotonic(), 0.1))
        self._senders.close()
        return not self.busy

    @property
    def busy(self) -> int:
        """Messages this worker has in flight."""
        return self._slots.total

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
        spoken = ""
        one = claim.message
        try:
            self._still_wanted(claim)
            handler = self._handlers[one.kind]
            payload = self._open(claim)

            def at(place: int) -> tuple[Any, Line]:
                nonlocal spoken
                partner = self._partners.open(one.interface, place)
                spoken = partner.contract_version
                return partner.port, partner.open_line(recorder)

            port, line = at(claim.place)
            drift = line.drift
            result = handler.send(Delivery(one, payload, port, line, claim.place, at))
        except Exception as error:
            if not isinstance(error, HubError):
                log.exception("bus.send_failed", message=one.id, kind=one.kind)
            outcome = failed(
                one.effect,
                error,
                tuple(recorder.calls),
                tuple(drift.drifts) if drift else (),
                maybe_sent=recorder.maybe_sent,
            )
        else:
            outcome = delivered(
                result,
                tuple(recorder.calls),
                tuple(drift.drifts),
                maybe_sent=recorder.maybe_sent,
            )
        return replace(outcome, spoken=spoken)

    def _still_wanted(self, claim: Claim) -> None:
        """A claim that had to wait for a thread begins nothing that was stopped or shut meanwhile,
        and nothing once this worker is to end."""
        if monotonic() - (claim.deadline - claim.lease_s) < FRESH_S:
            return
        if self._stopping.is_set():
            raise StoppedMeanwhile
        if claim.message.effect is Effect.READ:
            return
        with self._store.read() as view:
            if self._bus.stopped(view, claim.message.interface) or not self._bus.may_act(view):
                raise StoppedMeanwhile
            if claim.message.kind in self._bus.shut(view, claim.message.interface):
                raise ShutMeanwhile

    def _open(self, claim: Claim) -> bytes:
        known = self._bus.vault.open_known(claim.payload_key, claim.payload)
        if known is not None:
            return known
        with self._store.read() as tx:
            return self._bus.vault.open(tx, claim.payload_key, claim.payload)

    # --- what follows a finished group (finisher.Next) ---

    def expects(self, waiting: int) -> bool:
        """Whether attempts of this worker are still being sent."""
        return self._slots.total > waiting

    @contextmanager
    def refilling(self, group: Sequence[Ended]) -> Iterator[Refill]:
        """The slots that a group frees are filled in the transaction that finishes it: one wait
        for the disk, and none between one message's end and the next one's start."""
        freed = Counter(one.claim.message.interface for one in group)
        lanes: list[Lane] = []
        if self._dispatcher is not None and not self._stopping.is_set():
            lanes = self._lanes(freed)
        claims: list[Claim] = []

        def refill(tx: Connection) -> None:
            claims.extend(self._bus.claim(tx, self.holder, lanes, self._handlers.keys()))

        try:
            yield refill
        except BaseException:
            self._slots.settle(lanes, [])
            raise
        self._slots.settle(lanes, claims)
        if len(lanes) < len(freed) or not claims:
            self.bell.set()  # PostgreSQL: the channel may have been locked by another claim
        self._senders.add(claims)

    def look_again(self) -> None:
        """Have the dispatcher look for work now."""
        self.bell.set()

    # --- the dispatcher ---

    def _run(self) -> None:
        quick = len(QUICK_S)
        while not self._stopping.is_set():
            looked = monotonic()
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
            self._senders.add(claims)
            rang = self.bell.wait(QUICK_S[quick] if quick < len(QUICK_S) else POLL_S)
            if rang:
                # Rings that follow each other closely are one: a look costs as much as a send.
                self._stopping.wait(max(looked + PACE_S - monotonic(), 0))
            self.bell.clear()
            quick = 0 if rang or claims else quick + 1

    def _claim(self) -> list[Claim]:
        with self._store.read() as tx:
            ready = self._bus.ready(tx)
        lanes = self._lanes(dict.fromkeys(ready, 0))
        if not lanes:
            return []
        claims: list[Claim] = []
        try:
            with self._store.write() as tx:
                found = self._bus.claim(tx, self.holder, lanes, self._handlers.keys())
            claims = found
        finally:
            self._slots.settle(lanes, claims)
        return claims

    def _lanes(self, freed: Mapping[str, int]) -> list[Lane]:
        """What may be claimed, its slots reserved; ``freed`` by interface: about to be free."""
        lanes = (self._lane(name, more) for name, more in freed.items())
        return [lane for lane in lanes if lane is not None]

    def _lane(self, interface: str, freed: int) -> Lane | None:
        if self._slots.free(interface) + freed <= 0:
            return None
        if self._shut.get(interface, 0.0) > monotonic():
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
        limit = self._slots.reserve(interface, freed)
        return Lane(interface, limit, partner.concurrency, partner.lease_s) if limit else None

    def _carry(self, claim: Claim) -> None:
        outcome = evidence.sealed(self._bus, claim, self.send(claim))
        self._finisher.add(Ended(claim, outcome, partial(self._free, claim)))

    def _free(self, claim: Claim) -> None:
        self._slots.give_back(claim.message.interface)

    def _checked_in(self, _connection: Any, record: Any) -> None:
        """A connection comes back to the pool after its commit: if it put messages, ring."""
        if record.info.pop(RING, None):
            self.bell.set()
