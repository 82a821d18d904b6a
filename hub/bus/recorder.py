"""The bus's ear on one attempt's line: keeps the lease ahead of each call, and the evidence."""

from hub.bus.bus import Bus
from hub.bus.values import Claim, LeaseLost
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Misconfigured
from hub.store import Store
from hub.wire.recorder import CallOutcome, CallRecord


class AttemptRecorder:
    """One attempt, one thread.  ``maybe_sent``: an effect call may have reached the partner."""

    def __init__(self, store: Store, bus: Bus, claim: Claim) -> None:
        self.maybe_sent = False
        self.calls: list[CallRecord] = []
        self._store = store
        self._bus = bus
        self._claim = claim
        self._deadline = claim.deadline
        self._before_this_call = False

    def before(self, step: str, *, effect: bool, timeout_s: float) -> None:
        """Raises LeaseLost when the lease cannot be made to outlast the call."""
        wanted = timeout_s + self._bus.policy(self._claim.message.interface).margin_s
        if self._deadline - monotonic() < wanted:
            self._extend(step, wanted)
        if effect:
            self._before_this_call = self.maybe_sent
            self.maybe_sent = True

    def after(self, record: CallRecord) -> None:
        """Keeps the record; an effect call that surely did not leave is taken back."""
        self.calls.append(record)
        if record.effect and record.outcome is CallOutcome.NOT_SENT:
            self.maybe_sent = self._before_this_call

    def _extend(self, step: str, wanted: float) -> None:
        lease_s = self._claim.lease_s
        if lease_s <= wanted:
            raise Misconfigured(
                f"{self._claim.message.interface}: the lease of {lease_s:g} s does not outlast "
                f"the call {step} of up to {wanted:g} s, margin included"
            )
        began = monotonic()
        with self._store.write() as tx:
            mine = self._bus.extend(tx, self._claim, lease_s)
        if not mine or monotonic() - began > lease_s - wanted:
            raise LeaseLost(f"message {self._claim.message.id}: the lease is not ours any more")
        self._deadline = began + lease_s
