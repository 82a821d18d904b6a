"""The cases' office of one deployment: who files with it, and the core's registry behind it."""

from typing import TYPE_CHECKING

from hub.cases import CaseOffice, CaseSeat
from hub.cases.office import ASK_AGAIN_S
from hub.core import HOLD_AGAIN_S
from hub.kernel.errors import Misconfigured

_WATCHED_S = 2.0
"""How often a demo asks for an application, or tries again while money is on hold: somebody looks
on, and the mock core moves it one step each time it is asked."""

if TYPE_CHECKING:
    from hub.app.hub import Hub


def open_case_office(hub: "Hub") -> CaseOffice | None:
    """None where no platform files cases here.  Raises Misconfigured when one does and the core's
    registry is not reached."""
    seats = {}
    for adapter in hub.of_port("case"):
        partner = hub.partners.open(adapter.interface)
        seats[adapter.interface] = CaseSeat(
            interface=adapter.interface,
            name=adapter.contract.name,
            terms=partner.port.terms,
            contract_version=partner.contract_version,
        )
    if not seats:
        return None
    registries = hub.of_port("registry")
    if len(registries) != 1:
        raise Misconfigured("hub.toml must give endpoints to exactly one registry interface")
    demo = hub.settings.environment == "demo"
    return CaseOffice(
        store=hub.store,
        vault=hub.vault,
        bus=hub.bus,
        clock=hub.clock,
        seats=seats,
        registry=registries[0].interface,
        registry_version=registries[0].contract.version,
        ask_again_s=_WATCHED_S if demo else ASK_AGAIN_S,
        hold_again_s=_WATCHED_S if demo else HOLD_AGAIN_S,
    )
