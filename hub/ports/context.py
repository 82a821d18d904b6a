"""What an adapter is given when it is built: its contract, its deployment values, the clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """Handed to every adapter module's ``build(context)``.

    ``contract_folder`` is the interface's folder in contracts_spec; ``values`` are deployment
    values that are no secrets (customer numbers, the paying account); ``secrets`` are.
    """

    interface: str
    contract_folder: Path
    values: Mapping[str, str]
    secrets: Mapping[str, Secret]
    clock: BusinessClock

    def value(self, name: str) -> str:
        """A deployment value; raises Misconfigured when hub.toml lacks it."""
        if name not in self.values:
            raise Misconfigured(f"hub.toml: partners.{self.interface}.values.{name} is missing")
        return self.values[name]

    def secret(self, name: str) -> Secret:
        """A secret; raises Misconfigured when hub.toml names no file for it."""
        if name not in self.secrets:
            raise Misconfigured(f"hub.toml: partners.{self.interface}.secrets.{name} is missing")
        return self.secrets[name]
