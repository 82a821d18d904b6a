"""One probe of one interface: through its partner's line, at the address in use, timed."""

from dataclasses import dataclass

from hub.app.partners import Partners
from hub.bus.places import place_of
from hub.kernel.clocks import BusinessClock, monotonic, to_us
from hub.kernel.errors import HubError, Misconfigured
from hub.kernel.logs import get_logger
from hub.monitor.samples import Sample
from hub.monitor.words import Source, State
from hub.ports.probe import ProbePort, ProbeResult
from hub.store import Store
from hub.wire.recorder import NoRecorder

_log = get_logger(__name__)

_OURS = {"line.client_certificate_refused", "line.login_refused"}
_PARTNERS = {
    "line.certificate_expired", "line.certificate_wrong_name", "line.certificate_unknown",
    "line.host_key_refused",
}  # fmt: skip
"""Codes that say whose fault it looks like.  A proposal: both parties may sign another."""


@dataclass(frozen=True, slots=True)
class Probed:
    """A sample, and how long it took in milliseconds."""

    sample: Sample
    took_ms: int


def probe_once(store: Store, partners: Partners, interface: str, clock: BusinessClock) -> Probed:
    """Ask the partner for a sign of life; never raises for what the partner does.

    The sample is dated at the moment the probe began.  Raises DatabaseAway.
    """
    at_us, began = to_us(clock.now()), monotonic()
    with store.read() as view:
        place = place_of(view, interface).place
    try:
        partner = partners.open(interface, place)
        port: ProbePort = partner.port
        result = port.probe(partner.open_line(NoRecorder()))
        state, code, text = state_of(result), result.code, result.text
    except Misconfigured as error:
        state, code, text = State.OURS, error.code, error.message
    except HubError as error:
        state, code, text = State.UNUSABLE, error.code, error.message
    except Exception as error:  # noqa: BLE001  a fault of the adapter is ours, and is shown
        _log.exception("a probe failed", interface=interface)
        state, code, text = State.OURS, "watch.probe_failed", type(error).__name__
    took_ms = int((monotonic() - began) * 1000)
    return Probed(Sample(at_us, state, code, text, Source.PROBE), took_ms)


def state_of(result: ProbeResult) -> State:
    """What a probe's result proposes."""
    if result.usable:
        return State.UP
    if result.code in _OURS:
        return State.OURS
    if result.reachable or result.code in _PARTNERS:
        return State.UNUSABLE
    return State.UNREACHABLE
