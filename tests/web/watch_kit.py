"""An interface that is seen up, down and busy, and an incident of it."""

from hub.app.attending import Attending
from hub.app.watching import watched_interfaces
from hub.kernel.clocks import to_us
from hub.monitor import health
from hub.monitor.policy import read_watch_policy
from hub.monitor.samples import Sample
from hub.monitor.words import State
from tests.web.duty_kit import BANK, SCRIPT, Duty

MINUTE = 60_000_000


def see(duty: Duty, interface: str, *states: State, detail: str = "") -> None:
    """Samples of the last minutes, the newest now."""
    now = to_us(duty.hub.clock.now())
    with duty.hub.store.write() as tx:
        for ago, state in zip(range(len(states) - 1, -1, -1), states, strict=True):
            sample = Sample(now - ago * MINUTE, state, "" if state.good else "B0131", detail)
            health.observe(tx, interface, sample, every_us=MINUTE, took_ms=31)


def attend(duty: Duty) -> None:
    adapters = watched_interfaces(duty.hub.adapters, duty.hub.settings)
    attending = Attending(read_watch_policy(duty.hub.settings.home), adapters, ("spool",))
    with duty.hub.store.write() as tx:
        attending.attend_all(tx, to_us(duty.hub.clock.now()))


def break_it(duty: Duty) -> None:
    """The bank is unreachable; its incident is there."""
    see(duty, BANK, State.UP, State.UNREACHABLE, State.UNREACHABLE, detail=f"坏{SCRIPT}")
    attend(duty)
