"""Finds adapters by their manifests: nothing central is edited to add one.

An adapter is a folder ``adapters/<group>/<name>/`` with ``manifest.yaml`` and a module that has
``build(context)``.  The package is looked up by name, never imported from here.
"""

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.contracts import Contract, load_contract
from hub.contracts.yaml_files import read_yaml
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import Misconfigured, NotFound
from hub.kernel.settings import Settings
from hub.monitor.hours import ServiceHours
from hub.offset.arrival import ALL_DAY, PaymentHours
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundPort

PACKAGE = "adapters"
DRAFTED = "drafted"
"""The quality of an adapter that is still being written: a demo leaves it out."""
PROBE_EVERY_S = 60


class BadSchedule(Misconfigured):
    """A manifest's schedule cannot be read."""

    code = "app.bad_schedule"
    hint = 'Write times as "08:30", in quotes.'


class _PartnerCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str
    name: str


class _Modules(BaseModel):
    model_config = ConfigDict(extra="forbid")

    module: str = ""
    inbound: str = ""


class _ContractRef(BaseModel):
    model_config = ConfigDict(extra="forbid")

    folder: str
    version: str
    editions: dict[str, _Modules] = {}
    """Modules of editions (``FOLDER@VERSION``) that the manifest's own cannot speak."""


class Manifest(BaseModel):
    """What an adapter says of itself; the source of name, partner, owner, hours and quality."""

    model_config = ConfigDict(extra="allow")

    interface: str
    port: str
    partner: _PartnerCode
    contract: _ContractRef
    module: str
    quality: Literal["drafted", "built", "certified", "live"] = "built"
    inbound: str = ""
    """Module whose ``build(context)`` makes the listening half; empty: it does not listen."""

    owner: str = ""
    """Who is called when it fails."""

    @property
    def schedule(self) -> dict[str, str]:
        """When it does what, business time: ``{"dues": "08:30"}``."""
        said = (self.model_extra or {}).get("schedule")
        return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}

    @property
    def probe_every_s(self) -> int:
        """How often it is probed (拨测).  Raises Misconfigured."""
        said = self.schedule.get("probe_every_s", str(PROBE_EVERY_S))
        if not (said.isascii() and said.isdigit() and 5 <= int(said) <= 3600):
            raise Misconfigured(f"{self.interface}: probe_every_s is 5 to 3600 seconds")
        return int(said)

    @property
    def service_hours(self) -> ServiceHours:
        """When it is in service, the day cut left out.  Raises BadServiceHours."""
        said = (self.model_extra or {}).get("hours")
        return ServiceHours.of(said if isinstance(said, dict) else None)

    @property
    def payment_hours(self) -> PaymentHours:
        """When this partner takes payments; the whole day when the manifest does not say.

        Raises BadHours.
        """
        said = (self.model_extra or {}).get("hours")
        text = said.get("payment") if isinstance(said, dict) else None
        return ALL_DAY if text is None else PaymentHours.parse(str(text))

    def time_of(self, step: str) -> time | None:
        """When its ``schedule`` has this step due, business time; None when it does not say.

        Raises BadSchedule.
        """
        said = (self.model_extra or {}).get("schedule")
        text = said.get(step) if isinstance(said, dict) else None
        try:
            return None if text is None else time.fromisoformat(str(text))
        except ValueError:
            raise BadSchedule(f"{self.interface}: {step} at {str(text)[:20]!r}") from None


@dataclass(frozen=True, slots=True)
class FoundAdapter:
    """One adapter: its manifest and its contract.

    ``editions``: the same interface as it will be from a day on (``hub.app.editions``), in the
    order of their days; each is an adapter of its own without editions.
    """

    manifest: Manifest
    contract: Contract
    editions: "tuple[FoundAdapter, ...]" = ()

    @property
    def interface(self) -> str:
        return self.manifest.interface

    def build(self, settings: Settings, clock: BusinessClock) -> Any:
        """The adapter's port object; what it needs comes from the deployment's settings."""
        return self.build_in(self.context(settings, clock))

    def build_inbound(self, settings: Settings, clock: BusinessClock) -> InboundPort:
        """The adapter's listening half, on the deployment's settings."""
        return self.build_inbound_in(self.context(settings, clock))

    def build_inbound_in(self, context: AdapterContext) -> InboundPort:
        """The same on what it is given."""
        module = importlib.import_module(self.manifest.inbound)
        port: InboundPort = module.build(context)
        return port

    def context(self, settings: Settings, clock: BusinessClock) -> AdapterContext:
        """What the deployment gives this adapter."""
        return AdapterContext(
            interface=self.interface,
            contract_folder=self.contract.folder,
            values=settings.partner(self.interface).values,
            secrets=settings.partner_secrets(self.interface),
            clock=clock,
        )

    def build_in(self, context: AdapterContext) -> Any:
        """The adapter's port object on what it is given."""
        return importlib.import_module(self.manifest.module).build(context)


def discover(settings: Settings) -> dict[str, FoundAdapter]:
    """Every adapter by interface code; Misconfigured for a manifest that cannot be used."""
    found: dict[str, FoundAdapter] = {}
    for path in _manifests():
        adapter = _read(path, settings)
        if adapter.interface in found:
            raise Misconfigured(f"two adapters call themselves {adapter.interface}")
        found[adapter.interface] = adapter
    return found


def find_adapter(
    adapters: Mapping[str, FoundAdapter], wanted: str, edition: str = ""
) -> FoundAdapter:
    """By interface code, or by the name of a port that one adapter alone serves (``core``).

    ``edition``: a version that lies beside its contract, or that of the contract itself.  Raises
    NotFound.
    """
    found = [a for a in adapters.values() if wanted in (a.interface, a.manifest.port)]
    if len(found) != 1:
        raise NotFound(f"no interface {wanted[:40]!r}; there are {', '.join(sorted(adapters))}")
    every = {one.contract.version: one for one in (found[0], *found[0].editions)}
    if edition and edition not in every:
        raise NotFound(f"{wanted[:40]} has no edition {edition[:20]!r}: {', '.join(every)}")
    return every[edition] if edition else found[0]


def _manifests() -> Iterator[Path]:
    spec = importlib.util.find_spec(PACKAGE)
    for place in sorted((spec and spec.submodule_search_locations) or ()):
        yield from sorted(Path(place).glob("*/*/manifest.yaml"))


def _read(path: Path, settings: Settings) -> FoundAdapter:
    """Raises Misconfigured."""
    place = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    try:
        manifest = Manifest.model_validate(read_yaml(path))
    except (yaml.YAMLError, ValidationError) as error:
        raise Misconfigured(f"{place}: {error}") from error
    contract = load_contract(settings.contracts / manifest.contract.folder)
    if contract.version != manifest.contract.version:
        raise Misconfigured(
            f"{place}: speaks contract {manifest.contract.version}, the folder holds "
            f"{contract.version}"
        )
    return with_editions(FoundAdapter(manifest, contract))


def with_editions(adapter: FoundAdapter) -> FoundAdapter:
    """The adapter with the editions that lie beside its contract's folder.

    Raises Misconfigured for a set that cannot follow each other.
    """
    folder, manifest = adapter.contract.folder, adapter.manifest
    found = []
    for place in sorted(folder.parent.glob(f"{folder.name}@*")):
        contract = load_contract(place)
        modules = manifest.contract.editions.get(contract.version, _Modules())
        ref = _ContractRef(
            folder=f"{Path(manifest.contract.folder).parent}/{place.name}",
            version=contract.version,
        )  # fmt: skip
        own = {"contract": ref, "module": modules.module or manifest.module}
        if manifest.inbound:
            own["inbound"] = modules.inbound or manifest.inbound
        found.append(FoundAdapter(manifest.model_copy(update=own), contract))
    if not found:
        return adapter
    found.sort(key=lambda one: one.contract.effective_from or date.min)
    _check_editions(adapter, found)
    return FoundAdapter(manifest, adapter.contract, tuple(found))


def _check_editions(adapter: FoundAdapter, found: list[FoundAdapter]) -> None:
    """What a set of editions must keep so that a message of one may be settled under another."""
    name, every = adapter.interface, [adapter, *found]
    if adapter.manifest.port != "bank":
        raise Misconfigured(
            f"{name}: only a bank's contract has editions; what is asked of us or told to us "
            "otherwise changes under a route of its own"
        )
    days = [one.contract.effective_from for one in found]
    if None in days or len(set(days)) < len(days):
        raise Misconfigured(f"{name}: each edition needs effective_from, a day of its own")
    for one in found:
        if one.contract.interface != name or one.contract.folder.name.partition("@")[2] != (
            one.contract.version
        ):
            raise Misconfigured(
                f"{one.contract.folder.name}: holds {one.contract.interface} "
                f"{one.contract.version}; the folder is named NAME@VERSION"
            )
    if len({one.contract.version for one in every}) < len(every):
        raise Misconfigured(f"{name}: two editions are of one version")
    timings = [one.contract.timing for one in every]
    last = max(t.longest_lease_s for t in timings) + max(t.call_timeout_s for t in timings)
    for one in every:
        if one.contract.timing.settle_after_s <= last:
            raise Misconfigured(
                f"{name} {one.contract.version}: settle_after_s is not longer than {last}, which "
                "the last request of any edition may take"
            )
