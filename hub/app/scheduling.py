"""The schedule at work: one bell in every serving process; the rows decide who does what."""

from typing import TYPE_CHECKING

from hub.app.month_jobs import month_jobs
from hub.bus.holder import this_holder
from hub.offset.opening import Calendar
from hub.offset.policy import Policy, current_policy
from hub.schedule import Bell, Jobs

if TYPE_CHECKING:
    from hub.app.hub import Hub

EVERY_S = 1.0
"""A look is two reads; what a person starts, and what a clock that is set makes due, need not wait
longer than this."""


class Scheduling:
    """The bell of one process, and what its conductor may do by the calendar."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._policy = _policy_of(hub)
        self._jobs = make_jobs(hub, self._policy)
        hours = {code: seat.hours for code, seat in hub.office.banks.items()}
        # A demo waits for every list, however long that takes, or for its --wave-wait.
        demo = hub.settings.environment == "demo"
        self.opened = Calendar(hub.clock, hours, hub.days, cut_offs=not demo)
        self._bell = Bell(
            self._ring, every_s=EVERY_S, clock=hub.clock,
            next_due_us=self._next_due_us,
        )  # fmt: skip

    def start(self) -> None:
        """Register the jobs, ring at once and then on."""
        with self._hub.store.write() as tx:
            self._jobs.register(tx)
        self._bell.start()

    def stop(self) -> None:
        """No more rings; waits for the one that is sounding."""
        self._bell.stop()

    def _ring(self) -> None:
        self._renew()
        self._jobs.run_due()

    def _next_due_us(self) -> int | None:
        return self._jobs.next_due_us()

    def _renew(self) -> None:
        """Two people may have chosen another policy: the cut-off follows it."""
        policy = _policy_of(self._hub)
        if policy == self._policy:
            return
        jobs = make_jobs(self._hub, policy)
        with self._hub.store.write() as tx:
            jobs.register(tx)
        self._policy, self._jobs = policy, jobs


def make_jobs(hub: "Hub", policy: Policy | None = None) -> Jobs:
    """The jobs this deployment has, by the policy as it is now."""
    return Jobs(hub.store, hub.clock, this_holder(), month_jobs(hub, policy or _policy_of(hub)))


def _policy_of(hub: "Hub") -> Policy:
    with hub.store.read() as view:
        return current_policy(view)
