"""What the work on cases needs: the database's tools, the clock, who files, the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.engine import Connection

from hub.bus import Bus
from hub.core import HOLD_AGAIN_S
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import Misconfigured
from hub.ports.case import CaseTerms
from hub.store import Store
from hub.store.vault import Vault

ASK_AGAIN_S = 60.0
"""How long after the core has said where an application stands it is asked again."""


@dataclass(frozen=True, slots=True)
class CaseSeat:
    """One interface that files cases."""

    interface: str
    name: str
    terms: CaseTerms
    contract_version: str


@dataclass(frozen=True, slots=True)
class CaseOffice:
    """One per process; holds no connection."""

    store: Store
    vault: Vault
    bus: Bus
    clock: BusinessClock
    seats: Mapping[str, CaseSeat]
    registry: str
    registry_version: str
    ask_again_s: float = ASK_AGAIN_S
    hold_again_s: float = HOLD_AGAIN_S

    def seat(self, interface: str) -> CaseSeat:
        """Raises Misconfigured when this deployment does not know the interface."""
        if interface not in self.seats:
            raise Misconfigured(f"no cases are filed by {interface[:40]!r} in this deployment")
        return self.seats[interface]

    def now_us(self, tx: Connection) -> int:
        """Machine time of the database."""
        return self.bus.now(tx)

    @property
    def month(self) -> str:
        """The business month, which chooses data keys."""
        return f"{self.clock.now():%Y-%m}"

    @property
    def today(self) -> date:
        """The business day."""
        return self.clock.today()


def day_number(day: date) -> int:
    """2025-10-14 → 20251014."""
    return day.year * 10000 + day.month * 100 + day.day


def number_day(number: int) -> date:
    """20251014 → 2025-10-14."""
    return date(number // 10000, number // 100 % 100, number % 100)
