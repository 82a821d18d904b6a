"""Partners as the bus wants them: an adapter's port, its contract's timings, a way to its lines.

A partner is opened when it is first needed and then kept; its port has one state (a sign-in,
say) that all attempts of this process share.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.app.discover import FoundAdapter
from hub.app.trusting import trust_of
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import Misconfigured
from hub.kernel.settings import Settings
from hub.ports.line import Line
from hub.wire.partner import PartnerWire
from hub.wire.recorder import AtPlace, CallRecorder
from hub.wire.sftp_partner import sftp_access
from hub.wire.trust import Shown


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner, ready to be called.  Times in seconds, from its contract."""

    port: Any
    timeout_s: float
    lease_s: float
    concurrency: int
    contract_version: str
    wire: PartnerWire
    place: int = 0

    def open_line(self, recorder: CallRecorder) -> Line:
        """A line for one attempt."""
        return self.wire.open_line(AtPlace(recorder, self.place) if self.place else recorder)


class Partners:
    """Every partner of this process by interface code."""

    def __init__(
        self, adapters: Mapping[str, FoundAdapter], settings: Settings, clock: BusinessClock
    ) -> None:
        self._adapters = adapters
        self._settings = settings
        self._clock = clock
        self._open: dict[tuple[str, int], Partner] = {}
        self._lock = threading.Lock()

    def open(self, interface: str, place: int = 0) -> Partner:
        """The partner at one of its addresses: 0 the primary, 1 the first on standby.

        Each has a port of its own: a sign-in at one address is none at another.  Raises
        Misconfigured when there is no adapter, or the deployment lacks its values.
        """
        with self._lock:
            if (interface, place) not in self._open:
                self._open[interface, place] = self._build(interface, place)
            return self._open[interface, place]

    def sightings(self) -> list[tuple[str, Shown]]:
        """What the servers called by this process showed, by interface."""
        with self._lock:
            opened = list(self._open.items())
        return [
            (interface, shown)
            for (interface, _place), partner in opened
            for shown in partner.wire.sightings.all()
        ]

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for partner in self._open.values():
                partner.wire.close()
            self._open.clear()

    def _build(self, interface: str, place: int) -> Partner:
        if interface not in self._adapters:
            raise Misconfigured(f"there is no adapter for {interface}")
        adapter = self._adapters[interface]
        known = self._settings.partner(interface)
        if not 0 <= place < known.places:
            raise Misconfigured(
                f"hub.toml: partners.{interface}.endpoints has no address {place}, which is in use"
            )
        endpoints = known.endpoints_at(place)
        lacking = sorted(set(adapter.contract.endpoints) - set(endpoints))
        if lacking:
            raise Misconfigured(
                f"hub.toml: partners.{interface}.endpoints lacks {', '.join(lacking)}"
            )
        if known.places > 1 and adapter.manifest.port in ("core", "registry"):
            # Two cores are two ledgers: what a hold or a posting did in one, the other never saw.
            raise Misconfigured(f"hub.toml: partners.{interface}: a core system has one address")
        context = adapter.context(self._settings, self._clock)
        timing = adapter.contract.timing
        concurrency = adapter.contract.limit("concurrency")
        return Partner(
            port=adapter.build_in(context),
            timeout_s=timing.call_timeout_s,
            lease_s=timing.longest_lease_s,
            concurrency=concurrency,
            contract_version=adapter.contract.version,
            wire=PartnerWire(
                endpoints,
                sftp_access(adapter.contract, context.values, context.secrets),
                timeout_s=timing.call_timeout_s,
                connections=concurrency,
                context=trust_of(self._settings, interface),
            ),
            place=place,
        )
