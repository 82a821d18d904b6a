"""Partners as the bus wants them: an adapter's port, its contract's timings, a way to its lines.

A partner is opened when it is first needed and then kept; its port has one state (a sign-in,
say) that all attempts of this process share.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from hub.app.discover import FoundAdapter
from hub.app.editions import every_edition, in_force, next_edition
from hub.app.trusting import trust_of
from hub.kernel.clocks import SHANGHAI, BusinessClock
from hub.kernel.errors import Misconfigured
from hub.kernel.logs import get_logger
from hub.kernel.settings import Settings
from hub.offset.office import SeatPartner
from hub.ports.line import Line
from hub.wire.partner import PartnerWire
from hub.wire.recorder import AtPlace, CallRecorder
from hub.wire.sftp_partner import sftp_access
from hub.wire.trust import Shown

_log = get_logger(__name__)


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


@dataclass(frozen=True, slots=True)
class Announced:
    """An edition that begins in ``left`` (business time); ``obstacle``: why it could not be used
    today, empty when it could."""

    interface: str
    version: str
    left: timedelta
    obstacle: str


class Partners:
    """Every partner of this process by interface code."""

    def __init__(
        self, adapters: Mapping[str, FoundAdapter], settings: Settings, clock: BusinessClock
    ) -> None:
        self._adapters = adapters
        self._settings = settings
        self._clock = clock
        self._open: dict[tuple[str, int, str], Partner] = {}
        self._said: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()

    def open(self, interface: str, place: int = 0) -> Partner:
        """The partner at one of its addresses: 0 the primary, 1 the first on standby; as its
        contract in force on this business day says.

        Each address and each edition has a port of its own: a sign-in at one is none at another.
        Raises Misconfigured when there is no adapter, or the deployment lacks its values.
        """
        if interface not in self._adapters:
            raise Misconfigured(f"there is no adapter for {interface}")
        adapter = self._adapters[interface]
        return self._opened(adapter, self._in_force(adapter), place)

    def seat(self, interface: str) -> SeatPartner:
        """What is written by from now on.

        Where the edition in force cannot be opened, the terms are those of the latest that can:
        what is written then waits until the deployment gives what it lacks, and holds up nobody
        else.  Raises Misconfigured where none can be opened.
        """
        adapter = self._adapters[interface]
        wanted = self._in_force(adapter)
        try:
            return SeatPartner(self._opened(adapter, wanted, 0).port, wanted.contract.version)
        except Misconfigured as error:
            if wanted is adapter:
                raise
            self._say_unusable(interface, wanted.contract.version, error.message)
        return SeatPartner(self._opened(adapter, adapter, 0).port, wanted.contract.version)

    def _say_unusable(self, interface: str, version: str, why: str) -> None:
        """Once: seats are asked for many times a second."""
        with self._lock:
            said = (interface, version, why) in self._said
            self._said.add((interface, version, why))
        if not said:
            _log.error("edition.unusable", interface=interface, version=version, why=why)

    def _in_force(self, adapter: FoundAdapter) -> FoundAdapter:
        return in_force(adapter, self._clock.today()) if adapter.editions else adapter

    def _opened(self, adapter: FoundAdapter, wanted: FoundAdapter, place: int) -> Partner:
        key = (adapter.interface, place, wanted.contract.version)
        with self._lock:
            if key not in self._open:
                self._open[key] = self._build(adapter, wanted, place)
            return self._open[key]

    def announced(self) -> list[Announced]:
        """Editions that are not in force yet, of partners this deployment reaches; each is opened,
        so that what it lacks is known before its day."""
        found = []
        for name, adapter in self._adapters.items():
            coming = next_edition(adapter, self._clock.today())
            day = coming.contract.effective_from if coming else None
            if coming is None or day is None or not self._settings.partner(name).endpoints:
                continue
            obstacle = ""
            try:
                self._opened(adapter, coming, 0)
            except Misconfigured as error:
                obstacle = error.message
            left = datetime.combine(day, time(), SHANGHAI) - self._clock.now()
            found.append(Announced(name, coming.contract.version, left, obstacle))
        return found

    def sightings(self) -> list[tuple[str, Shown]]:
        """What the servers called by this process showed, by interface."""
        with self._lock:
            opened = list(self._open.items())
        return [
            (interface, shown)
            for (interface, _place, _version), partner in opened
            for shown in partner.wire.sightings.all()
        ]

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for partner in self._open.values():
                partner.wire.close()
            self._open.clear()

    def _build(self, adapter: FoundAdapter, wanted: FoundAdapter, place: int) -> Partner:
        interface, contract = adapter.interface, wanted.contract
        known = self._settings.partner(interface)
        if not 0 <= place < known.places:
            raise Misconfigured(
                f"hub.toml: partners.{interface}.endpoints has no address {place}, which is in use"
            )
        endpoints = known.endpoints_at(place)
        lacking = sorted(set(contract.endpoints) - set(endpoints))
        if lacking:
            raise Misconfigured(
                f"hub.toml: partners.{interface}.endpoints lacks {', '.join(lacking)}"
            )
        if known.places > 1 and adapter.manifest.port in ("core", "registry"):
            # Two cores are two ledgers: what a hold or a posting did in one, the other never saw.
            raise Misconfigured(f"hub.toml: partners.{interface}: a core system has one address")
        context = wanted.context(self._settings, self._clock)
        # A lease taken under one edition may be used under the next: it fits the slowest.
        timings = [one.contract.timing for one in every_edition(adapter)]
        timeout_s = max(one.call_timeout_s for one in timings)
        concurrency = contract.limit("concurrency")
        return Partner(
            port=wanted.build_in(context),
            timeout_s=timeout_s,
            lease_s=max(one.longest_lease_s for one in timings),
            concurrency=concurrency,
            contract_version=contract.version,
            wire=PartnerWire(
                endpoints,
                sftp_access(contract, context.values, context.secrets),
                timeout_s=timeout_s,
                connections=concurrency,
                context=trust_of(self._settings, interface),
            ),
            place=place,
        )
